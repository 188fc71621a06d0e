#include "editor/session/document.h"

#include <algorithm>
#include <atomic>
#include <fstream>
#include <sstream>

#include "editor/session/annotations.h"

namespace weft::editor {
namespace {

namespace fs = std::filesystem;

DocumentId next_id() {
  static std::atomic<DocumentId> last = 0;
  return ++last;
}

/// Whether an edit that was undone by `inverse` had left the workflow as it was.
bool changed_nothing(const Edit& edit, const Edit& inverse);

bool changed_nothing(const std::vector<Edit>& edits, const std::vector<Edit>& inverses) {
  return edits.size() == inverses.size() &&
         std::equal(edits.begin(), edits.end(), inverses.rbegin(),
                    [](const Edit& edit, const Edit& inverse) { return changed_nothing(edit, inverse); });
}

bool changed_nothing(const Edit& edit, const Edit& inverse) {
  if (const auto* group = std::get_if<EditGroup>(&edit)) {
    const auto* inverses = std::get_if<EditGroup>(&inverse);
    return inverses && changed_nothing(group->edits, inverses->edits);
  }
  if (const auto* rename = std::get_if<RenameNode>(&edit)) return rename->from == rename->to;
  const auto same = [&]<class E>(const E& e, auto... member) {
    const E* other = std::get_if<E>(&inverse);
    return other && ((e.*member == other->*member) && ...);
  };
  if (const auto* e = std::get_if<SetInput>(&edit)) return same(*e, &SetInput::value);
  if (const auto* e = std::get_if<ClearInput>(&edit)) return same(*e, &ClearInput::port);
  if (const auto* e = std::get_if<SetTitle>(&edit)) return same(*e, &SetTitle::title);
  if (const auto* e = std::get_if<SetUi>(&edit)) return same(*e, &SetUi::ui);
  if (const auto* e = std::get_if<SetInterface>(&edit)) return same(*e, &SetInterface::interface);
  return false;
}

/// The edits that make one workflow of another, but for its unknown keys.
std::vector<Edit> replacement(const Workflow& from, const Workflow& to) {
  std::vector<Edit> edits;
  std::vector<std::string> gone = from.graph.topological_order();
  std::ranges::reverse(gone);
  for (std::string& id : gone) edits.push_back(RemoveNode{std::move(id)});
  for (const GraphNode* node : to.graph.nodes()) {  // links wait until their sources are there
    GraphNode unlinked = *node;
    std::erase_if(unlinked.inputs,
                  [](const auto& input) { return std::holds_alternative<Links>(input.second); });
    edits.push_back(AddNode{std::move(unlinked)});
  }
  for (const GraphNode* node : to.graph.nodes())
    for (const auto& [port, value] : node->inputs)
      if (std::holds_alternative<Links>(value)) edits.push_back(SetInput{node->id, port, value});
  edits.push_back(SetInterface{to.interface});
  return edits;
}

std::string text_of(const fs::path& file) {
  std::ifstream stream(file, std::ios::binary);
  std::ostringstream text;
  text << stream.rdbuf();
  return std::move(text).str();
}

}  // namespace

Document::Document(Workflow workflow) : id_(next_id()), workflow_(std::move(workflow)) {}

std::unique_ptr<Document> Document::open(const fs::path& file, const Registry& registry) {
  const std::optional<Stamp> stamp = stamp_of(file);
  Workflow workflow = load_workflow(file);
  upgrade(workflow, registry);
  auto document = std::make_unique<Document>(std::move(workflow));
  document->file_ = fs::absolute(file).lexically_normal();
  document->stamp_ = stamp;
  return document;
}

std::unique_ptr<Document> Document::recovered(Workflow workflow, const fs::path& file) {
  auto document = std::make_unique<Document>(std::move(workflow));
  document->file_ = file;
  document->stamp_ = file.empty() ? std::nullopt : stamp_of(file);
  document->saved_position_.reset();
  return document;
}

Change Document::apply_to_workflow(const Change& change) {
  Change inverse;
  Edit undone = weft::apply(workflow_, EditGroup{change.edits});
  inverse.edits = std::move(std::get<EditGroup>(undone).edits);
  if (change.extra) inverse.extra = std::exchange(workflow_.extra, *change.extra);
  return inverse;
}

void Document::changed() {
  ++revision_;
  select(std::move(selection_));
}

void Document::apply(std::string name, Change change, std::string_view merge) {
  if (merge.empty() || merge != merge_) {
    merge_ = merge;
    ++gesture_;
  }
  const bool replaces = position_ > 0 && position_ == steps_.size() && steps_.back().gesture == gesture_ &&
                        saved_position_ != position_;
  std::optional<Change> again;
  if (replaces) again = apply_to_workflow(steps_.back().change);
  Change inverse;
  try {
    inverse = apply_to_workflow(change);
  } catch (...) {
    if (again) steps_.back().change = apply_to_workflow(*again);
    throw;
  }
  const bool same_extra = !inverse.extra || *inverse.extra == workflow_.extra;
  const bool nothing = same_extra && changed_nothing(change.edits, inverse.edits);
  if (nothing && !replaces) return;
  if (replaces) {
    steps_.pop_back();
    --position_;
  }
  if (!nothing) {
    steps_.resize(position_);
    if (saved_position_ > position_) saved_position_.reset();
    steps_.push_back({std::move(name), gesture_, std::move(inverse)});
    ++position_;
  }
  changed();
}

bool Document::undo() {
  if (position_ == 0) return false;
  Step& step = steps_[position_ - 1];
  step.change = apply_to_workflow(step.change);
  --position_;
  end_gesture();
  changed();
  return true;
}

bool Document::redo() {
  if (position_ == steps_.size()) return false;
  Step& step = steps_[position_];
  step.change = apply_to_workflow(step.change);
  ++position_;
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
    const Ids known = annotation_ids(annotations(workflow_));
    std::erase_if(selection.annotations, [&](const std::string& id) { return !known.contains(id); });
  }
  selection_ = std::move(selection);
}

std::string Document::name() const { return file_.empty() ? "Untitled" : file_.stem().string(); }

fs::path Document::folder() const { return file_.empty() ? fs::current_path() : file_.parent_path(); }

void Document::save() { save_as(fs::path(file_)); }

void Document::save_as(const fs::path& file) {
  if (file.empty())
    throw GraphError(Problem{.what = "the workflow has no file yet", .remedy = "choose a name for it"});
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
  stamp.hash = std::hash<std::string>{}(text_of(file));
  return stamp;
}

Document::OnDisk Document::on_disk() {
  if (file_.empty() || !stamp_) return OnDisk::Same;
  std::error_code error;
  const auto time = fs::last_write_time(file_, error);
  const auto size = error ? 0 : fs::file_size(file_, error);
  if (error) return OnDisk::Vanished;
  if (time == stamp_->time && size == stamp_->size) return OnDisk::Same;
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
  Workflow workflow = load_workflow(file_);
  upgrade(workflow, registry);
  apply("Reload", {replacement(workflow_, workflow), workflow.extra});
  end_gesture();
  stamp_ = stamp;
  saved_position_ = position_;
}

}  // namespace weft::editor
