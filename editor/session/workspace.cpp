#include "editor/session/workspace.h"

#include <algorithm>

#include "base/c_locale.h"
#include "editor/session/carried_files.h"
#include "editor/session/gestures.h"
#include "editor/session/layout.h"
#include "editor/session/picture_file.h"
#include "host/problems.h"
#include "host/workflow_file.h"

namespace weft::editor {

namespace fs = std::filesystem;

Workspace::Workspace(const Registry& registry, WorkspaceOptions options)
    : registry_(registry), options_(std::move(options)), file_watch_(options_.wake) {}

Workspace::~Workspace() {
  for (auto& open : documents_)
    if (open->check.valid()) open->check.wait();
  for (auto& open : documents_)
    if (journal_ && !open->document->dirty()) journal_->forget(open->document->id());
}

OpenDocument& Workspace::add(std::unique_ptr<Document> document) {
  return *documents_.emplace_back(std::make_unique<OpenDocument>(std::move(document)));
}

Workspace::Opened Workspace::open(const fs::path& file) {
  const auto opened = [&](std::unique_ptr<Document> document) -> OpenDocument& {
    OpenDocument& open = add(std::move(document));
    open.tells_missing = true;
    return open;
  };
  host::FoundWorkflow found;
  if (file.extension() == ".json") {
    try {
      return {.open = opened(Document::open(fs::absolute(file), registry_))};
    } catch (const GraphError&) {
      found = host::find_workflow(file, registry_);
      if (found.kind != host::FoundWorkflow::Kind::ComfyUi) throw;
    }
  } else {
    found = host::find_workflow(file, registry_);
  }
  if (!found.workflow) throw GraphError(why_not_opened(file));
  place_nodes(*found.workflow, registry_);
  return {.open = opened(std::make_unique<Document>(*std::move(found.workflow), file)),
      .own_file = false,
      .remarks = std::move(found.remarks)};
}

OpenDocument& Workspace::open_copy(const fs::path& file) {
  OpenDocument& open = add(std::make_unique<Document>(read_for_document(file, registry_), file));
  open.tells_missing = true;
  return open;
}

OpenDocument* Workspace::find(const fs::path& file) {
  std::error_code none;
  for (const auto& open : documents_)
    if (const fs::path own = open->document->file(); !own.empty() && fs::equivalent(own, file, none)) return open.get();
  return nullptr;
}

void Workspace::close(DocumentId document) {
  const auto found = std::ranges::find(documents_, document, [](const auto& open) { return open->document->id(); });
  if (found == documents_.end()) return;
  if (journal_) journal_->forget(document);
  if ((*found)->check.valid()) (*found)->check.wait();
  documents_.erase(found);
}

bool Workspace::any_dirty() const {
  return std::ranges::any_of(documents_, [](const auto& open) { return open->document->dirty(); });
}

void Workspace::save_as(Document& document, const fs::path& file) {
  const bool carried = carry_files(document, registry_, options_.environment(document.folder()),
      options_.environment(fs::absolute(file).parent_path()));
  try {
    if (journal_)
      journal_->save_as(document, file);  // never behind the file, so that recovery offers nothing older
    else
      document.save_as(file);
  } catch (...) {
    if (carried) document.undo();
    throw;
  }
}

fs::path Workspace::proposed_file(const Document& document) const {
  const bool shipped = !options_.examples_folder.empty() &&
      fs::path(name_from_folder(document.folder(), options_.examples_folder)).is_relative();
  const fs::path folder = shipped ? fs::current_path() : document.folder();
  return free_file(folder, document.origin().empty() ? "workflow.json" : document.name() + ".json");
}

void Workspace::check() {
  for (auto& open : documents_) {
    if (open->check.valid() && open->check.wait_for(std::chrono::seconds(0)) == std::future_status::ready)
      open->problems = open->check.get();
    const Document& document = *open->document;
    if (open->check.valid() || open->problems_revision == document.revision() || document.in_gesture()) continue;
    open->problems_revision = document.revision();
    open->check = std::async(std::launch::async, [this, workflow = document.workflow(), folder = document.folder()] {
      const CLocale locale;
      std::vector<Problem> found = host::problems_of_run(workflow, registry_, options_.environment(folder));
      options_.wake();
      return found;
    });
  }
}

std::vector<fs::path> Workspace::look_at_disk() {
  std::vector<fs::path> files, gone;
  for (const auto& open : documents_)
    if (!open->document->file().empty()) files.push_back(open->document->file());
  file_watch_.watch(files);
  if (!file_watch_.take_change()) return gone;
  for (const auto& open : documents_) {
    const Document::OnDisk found = open->document->on_disk();
    if (found == Document::OnDisk::Changed) open->changed_on_disk = true;
    if (found != Document::OnDisk::Vanished) continue;
    open->document->keep_mine();
    gone.push_back(open->document->file());
  }
  return gone;
}

void Workspace::record() {
  if (!journal_) return;
  for (const auto& open : documents_) journal_->record(*open->document);
}

void Workspace::check_all_again() {
  for (auto& open : documents_) open->problems_revision = 0;
}

bool Workspace::all_checked() const {
  return std::ranges::all_of(documents_, [](const auto& open) { return open->checked(); });
}

void Workspace::give_up_unsaved() {
  if (!journal_) return;
  for (const auto& open : documents_) journal_->forget(open->document->id());
}

}  // namespace weft::editor
