// Workspace: the open documents, and what is done about them: they are opened, from any file that holds a workflow, checked in the background, watched on
// the disk, kept in a journal, saved and closed. It has no window: what must be asked or told is the caller's business.
// [main-thread]
#pragma once

#include <filesystem>
#include <functional>
#include <future>
#include <memory>
#include <vector>

#include "editor/session/document.h"
#include "editor/session/file_watch.h"
#include "editor/session/journal.h"
#include "graph/node.h"
#include "graph/registry.h"

namespace weft::editor {

/// One document, and what was found out about it.
struct OpenDocument {
  explicit OpenDocument(std::unique_ptr<Document> opened) : document(std::move(opened)) {}
  /// Whether `problems` are those of the document as it is now.
  bool checked() const { return !check.valid() && problems_revision == document->revision(); }

  const std::unique_ptr<Document> document;
  bool changed_on_disk = false;  ///< by somebody else; the user is to be asked
  bool tells_missing = false;  ///< once it is checked, the user is told what it names and is not there
  std::vector<Problem> problems;  ///< that keep it from running; found on a thread of its own
  std::uint64_t problems_revision = 0;
  std::future<std::vector<Problem>> check;
};

struct WorkspaceOptions {
  /// What a run of a document in this folder is given. Any thread.
  std::function<RunEnvironment(const std::filesystem::path& folder)> environment;
  std::function<void()> wake = [] {};  ///< called when something was found out; any thread
  std::filesystem::path examples_folder = {};  ///< nothing is proposed to be saved there
};

class Workspace {
 public:
  /// The registry is borrowed.
  Workspace(const Registry& registry, WorkspaceOptions options);
  /// The journals of documents that are not saved stay.
  ~Workspace();
  Workspace(const Workspace&) = delete;
  Workspace& operator=(const Workspace&) = delete;

  /// In the order in which they were opened.
  const std::vector<std::unique_ptr<OpenDocument>>& documents() const { return documents_; }
  OpenDocument& add(std::unique_ptr<Document> document);

  /// What opening a file gave.
  struct Opened {
    OpenDocument& open;
    bool own_file =
        true;  ///< Weft's file; else a document without a file of its own, taken out of another program's, or a picture
    std::vector<std::string> remarks = {};  ///< what could not be taken over as it was
  };
  /// Any file that holds a workflow. Throws GraphError, and nothing is opened then.
  Opened open(const std::filesystem::path& file);
  /// A copy, which has no file of its own.
  OpenDocument& open_copy(const std::filesystem::path& file);
  /// The one whose file it is; null if it is not open.
  OpenDocument* find(const std::filesystem::path& file);

  /// Saved or not, it is gone. Unknown ids are ignored.
  void close(DocumentId document);
  bool any_dirty() const;

  /// The names of input files follow, so that the saved one finds them. Throws what Document::save_as() throws, and the document
  /// is unchanged then.
  void save_as(Document& document, const std::filesystem::path& file);
  /// Where a document without a file is proposed to be saved: beside what it comes from, but not among the examples.
  std::filesystem::path proposed_file(const Document& document) const;

  // Each frame.

  /// Begins checks of what has changed, and takes their results.
  void check();
  /// Notes which files others have changed. Those that are gone: their documents are not saved any more.
  std::vector<std::filesystem::path> look_at_disk();
  /// Writes down what has changed since the last call.
  void record();

  /// What problems there are depends on something outside that has changed.
  void check_all_again();
  bool all_checked() const;

  /// Throws GraphError where the folder cannot be made; there is no journal then.
  void open_journal(const std::filesystem::path& folder) { journal_ = std::make_unique<Journal>(folder); }
  Journal* journal() { return journal_.get(); }  ///< may be null
  /// What is not saved is not wanted: nobody shall be offered it.
  void give_up_unsaved();

 private:
  const Registry& registry_;
  const WorkspaceOptions options_;
  std::unique_ptr<Journal> journal_;
  std::vector<std::unique_ptr<OpenDocument>> documents_;
  FileWatch file_watch_;
};

}  // namespace weft::editor
