// Journal: nothing that a user did is lost. Each open document has a file in a folder of this process, to
// which every gesture is appended; a process that ended without forget() leaves it, and the next one finds
// it.
//
// Writing happens on a thread of its own. record() waits only if the gesture before is not on the disk yet,
// so a process that is killed loses at most the last one. [main-thread]
#pragma once

#include <chrono>
#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include "editor/session/document.h"

namespace weft::editor {

/// A document that a process left behind when it was killed.
struct Recoverable {
  std::filesystem::path journal;
  std::filesystem::path file;                  ///< that it belongs to; empty: it was never saved
  std::filesystem::path origin;                ///< that it comes from then: Document::origin()
  Workflow workflow;                           ///< as it was after the last gesture
  std::vector<std::string> gestures;           ///< names of those that were not saved, oldest first
  std::chrono::system_clock::time_point time;  ///< of the last gesture
};

class Journal {
 public:
  /// `folder`: where all processes have theirs: state_folder()/sessions. Throws GraphError if it cannot be
  /// made.
  explicit Journal(const std::filesystem::path& folder);
  /// Leaves the journals of documents that were not forgotten: they hold what was not saved.
  ~Journal();
  Journal(const Journal&) = delete;
  Journal& operator=(const Journal&) = delete;

  /// This process's folder: it goes at the end if nothing is left in it.
  const std::filesystem::path& folder() const;
  /// A folder in it for the run queue.
  std::filesystem::path queue_folder() const;

  /// Notes what changed since the last call, if anything did: call it each frame. While a
  /// drag goes on it never waits.
  void record(const Document& document);
  /// Saves the document; the journal is never behind the file. Throws what Document::save_as() throws.
  void save_as(Document& document, const std::filesystem::path& file);
  /// The document was closed, saved or not: nobody shall be offered it.
  void forget(DocumentId document);
  /// Waits until all is on the disk.
  void flush();
  /// Why the last write failed; empty if it did not. The window shows it: work is not safe then.
  std::string problem() const;

  /// What processes that are gone left behind, latest first; documents whose file holds the same are left
  /// out. Journals whose end is torn are read up to there.
  std::vector<Recoverable> recoverable() const;
  /// Folders of run queues that processes that are gone left behind.
  std::vector<std::filesystem::path> left_queues() const;
  /// Refused by the user, or opened again (Document::recovered(), record(), flush() first): its journal goes.
  void discard(const Recoverable& document);

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace weft::editor
