#include "editor/session/document.h"

#include <algorithm>
#include <atomic>

#include "base/text_file.h"
#include "editor/session/annotations.h"
#include "editor/session/layout.h"
#include "editor/session/text.h"

namespace weft::editor {
namespace {

namespace fs = std::filesystem;

DocumentId next_id() {
  static std::atomic<DocumentId> last = 0;
  return ++last;
}

bool same(const ClearInput&, const ClearInput&) { return true; }
bool same(const SetInput& a, const SetInput& b) { return a.value == b.value; }
bool same(const SetTitle& a, const SetTitle& b) { return a.title == b.title; }
bool same(const SetUi& a, const SetUi& b) { return a.ui == b.ui; }
bool same(const SetState& a, const SetState& b) { return a.state == b.state; }
bool same(const SetType& a, const SetType& b) { return a.type == b.type; }
bool same(const SetInterface& a, const SetInterface& b) { return a.interface == b.interface; }
bool same(const SetExtra& a, const SetExtra& b) { return a.extra == b.extra; }
bool same(const SetWorkflow& a, const SetWorkflow& b) { return a.workflow == b.workflow; }
template <class E>
bool same(const E&, const E&) {
  return false;
}

/// Whether `edit`, which `inverse` takes back, has left the workflow as it was.
bool changed_nothing(const Workflow& now, const Edit& edit, const Edit& inverse) {
  if (const auto* group = std::get_if<EditGroup>(&edit)) {
    const std::vector<Edit>& inverses = std::get<EditGroup>(inverse).edits;
    return group->edits.size() == inverses.size() &&
        std::equal(group->edits.begin(), group->edits.end(), inverses.rbegin(),
            [&](const Edit& one, const Edit& back) { return changed_nothing(now, one, back); });
  }
  if (const auto* rename = std::get_if<RenameNode>(&edit)) return rename->from == rename->to;
  if (const auto* before = std::get_if<SetSubgraph>(&inverse)) {  // that is how edits of definitions are taken back
    const auto found = now.subgraphs.find(before->name);
    return before->subgraph && found != now.subgraphs.end() && *before->subgraph == found->second;
  }
  if (edit.index() != inverse.index()) return false;
  return std::visit([&]<class E>(const E& e) { return same(e, std::get<E>(inverse)); }, edit);
}

/// Of what is in the file; 0 for what is no text of a workflow, as a file of many gigabytes.
std::size_t hash_of(const fs::path& file) {
  try {
    return std::hash<std::string>{}(read_text_file(file));
  } catch (const GraphError&) {
    return 0;
  }
}

}  // namespace

std::string name_from_folder(const fs::path& file, const fs::path& folder) {
  const fs::path inside =
      fs::absolute(file).lexically_normal().lexically_relative(fs::absolute(folder).lexically_normal());
  return inside.empty() || *inside.begin() == ".." ? file.string() : inside.string();
}

Document::Document(Workflow workflow, fs::path origin)
    : id_(next_id()),
      workflow_(std::move(workflow)),
      origin_(origin.empty() ? fs::path() : fs::absolute(origin).lexically_normal()) {}

Workflow read_for_document(const fs::path& file, const Registry& registry) {
  Workflow workflow = load_workflow(file);
  upgrade(workflow, registry);
  place_nodes(workflow, registry);
  return workflow;
}

std::unique_ptr<Document> Document::open(const fs::path& file, const Registry& registry) {
  const std::optional<Stamp> stamp = stamp_of(file);
  auto document = std::make_unique<Document>(read_for_document(file, registry));
  document->file_ = fs::absolute(file).lexically_normal();
  document->stamp_ = stamp;
  return document;
}

std::unique_ptr<Document> Document::recovered(Workflow workflow, const fs::path& file, const fs::path& origin) {
  auto document = std::make_unique<Document>(std::move(workflow), origin);
  document->file_ = file;
  document->stamp_ = file.empty() ? std::nullopt : stamp_of(file);
  document->saved_position_.reset();
  return document;
}

std::string Document::scope_of(const std::vector<std::string>& path) const {
  std::string scope;
  for (const std::string& instance : path) {
    const GraphNode* node = graph_of(scope).find(instance);
    const std::optional<std::string_view> name = node ? subgraph_of_type(node->type) : std::nullopt;
    if (!name || !workflow_.subgraphs.contains(*name))
      throw GraphError(Problem{.node = instance,
          .what = tr("the node is no instance of a subgraph that the workflow has"),
          .remedy = tr("enter one that is")});
    scope = *name;
  }
  return scope;
}

const Graph& Document::graph_of(const std::string& scope) const {
  return scope.empty() ? workflow_.graph : workflow_.subgraphs.at(scope).graph;
}

const Graph& Document::graph() const { return graph_of(scope()); }

const nlohmann::json& Document::extra() const {
  const std::string shown = scope();
  return shown.empty() ? workflow_.extra : workflow_.subgraphs.at(shown).extra;
}

const NodeTypes& Document::types(const Registry& registry) const {
  if (types_revision_ != revision_) types_ = std::make_unique<NodeTypes>(workflow_.subgraphs, registry);
  types_revision_ = revision_;
  return *types_;
}

std::string Document::scope() const { return scope_of(path_); }

std::string Document::address(std::string_view node) const {
  std::string address;
  for (const std::string& instance : path_) address += instance + "/";
  return address.append(node);
}

void Document::enter(const std::string& instance) {
  std::vector<std::string> inner = path_;
  inner.push_back(instance);
  scope_of(inner);  // throws where there is nothing to enter
  path_ = std::move(inner);
  selection_ = {};
}

void Document::leave(std::size_t depth) {
  if (depth >= path_.size()) return;
  const std::string left = path_[depth];
  path_.resize(depth);
  select({.nodes = {left}});
}

/// Where the path led to has gone, or is of another type now: as far as it still leads.
void Document::changed() {
  ++revision_;
  for (;;) {
    try {
      scope_of(path_);
      break;
    } catch (const GraphError&) {
      path_.pop_back();
    }
  }
  select(std::move(selection_));
}

void Document::apply(std::string name, std::vector<Edit> edits, std::string_view merge) {
  if (std::string shown = scope(); !shown.empty()) edits = {EditSubgraph{std::move(shown), std::move(edits)}};
  apply_to_workflow(std::move(name), std::move(edits), merge);
}

void Document::apply_to_workflow(std::string name, std::vector<Edit> edits, std::string_view merge) {
  if (merge.empty() || merge != merge_) {
    merge_ = merge;
    ++gesture_;
  }
  const bool replaces =
      position_ > 0 && position_ == steps_.size() && steps_.back().gesture == gesture_ && saved_position_ != position_;
  if (replaces) turn(steps_.back());
  const Edit edit = EditGroup{std::move(edits)};
  Edit inverse = edit;
  try {
    inverse = weft::apply(workflow_, edit);
  } catch (...) {
    if (replaces) turn(steps_.back());
    throw;
  }
  const bool nothing = changed_nothing(workflow_, edit, inverse);
  if (nothing && !replaces) return;
  if (replaces) {
    steps_.pop_back();
    --position_;
  }
  if (!nothing) {
    steps_.resize(position_);
    if (saved_position_ > position_) saved_position_.reset();
    steps_.push_back({std::move(name), gesture_, path_, std::move(inverse)});
    ++position_;
  }
  changed();
}

/// Undoes a step that is done, or does one that was undone.
void Document::turn(Step& step) { step.edit = weft::apply(workflow_, step.edit); }

bool Document::undo() {
  if (position_ == 0) return false;
  turn(steps_[--position_]);
  path_ = steps_[position_].path;
  end_gesture();
  changed();
  return true;
}

bool Document::redo() {
  if (position_ == steps_.size()) return false;
  turn(steps_[position_]);
  path_ = steps_[position_++].path;
  end_gesture();
  changed();
  return true;
}

void Document::go_to(std::size_t position) {
  while (position_ > position) undo();
  while (position_ < position && redo()) {
  }
}

std::vector<std::string> Document::step_names() const {
  std::vector<std::string> names;
  names.reserve(steps_.size());
  for (const Step& step : steps_) names.push_back(step.name);
  return names;
}

void Document::select(Selection selection) {
  std::erase_if(selection.nodes, [&](const std::string& id) { return !graph().contains(id); });
  if (!selection.annotations.empty()) {
    const Ids known = annotation_ids(annotations(graph(), extra()));
    std::erase_if(selection.annotations, [&](const std::string& id) { return !known.contains(id); });
  }
  selection_ = std::move(selection);
}

std::string Document::name() const {
  const fs::path& named_by = file_.empty() ? origin_ : file_;
  return named_by.empty() ? tr("Untitled") : named_by.stem().string();
}

fs::path Document::folder() const {
  const fs::path& beside = file_.empty() ? origin_ : file_;
  return beside.empty() ? fs::current_path() : beside.parent_path();
}

std::string Document::name_of_file(const fs::path& file) const {
  return file_.empty() && origin_.empty() ? file.string() : name_from_folder(file, folder());
}

void Document::save() { save_as(fs::path(file_)); }

void Document::save_as(const fs::path& file) {
  if (file.empty())
    throw GraphError(Problem{.what = tr("the workflow has no file yet"), .remedy = tr("choose a name for it")});
  save_workflow(workflow_, file);
  file_ = fs::absolute(file).lexically_normal();
  stamp_ = stamp_of(file_);
  saved_position_ = position_;
  end_gesture();
}

std::optional<Document::Stamp> Document::stamp_of(const fs::path& file) {
  std::error_code error;
  Stamp stamp{.time = fs::last_write_time(file, error)};
  if (!error) stamp.size = fs::file_size(file, error);
  if (error) return std::nullopt;
  stamp.hash = hash_of(file);
  return stamp;
}

Document::OnDisk Document::on_disk() {
  if (file_.empty() || !stamp_) return OnDisk::Same;
  // Always by what is in it: a change within a tick of the file system's clock leaves time and size as they were.
  const std::optional<Stamp> now = stamp_of(file_);
  if (!now) return OnDisk::Vanished;
  if (now->hash != stamp_->hash || now->size != stamp_->size) return OnDisk::Changed;
  stamp_ = now;  // touched, or written with the same content
  return OnDisk::Same;
}

void Document::keep_mine() {
  stamp_ = stamp_of(file_);
  saved_position_.reset();
}

void Document::reload(const Registry& registry) {
  const std::optional<Stamp> stamp = stamp_of(file_);
  apply_to_workflow(tr("Reload"), {SetWorkflow{read_for_document(file_, registry)}});
  end_gesture();
  stamp_ = stamp;
  saved_position_ = position_;
}

}  // namespace weft::editor
