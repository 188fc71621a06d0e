#include "editor/session/journal.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/file.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <map>
#include <random>
#include <system_error>

#include "base/background_writer.h"
#include "editor/session/journal_file.h"
#include "editor/session/text.h"

namespace weft::editor {
namespace {

namespace fs = std::filesystem;

constexpr const char* kLock = "lock";
constexpr const char* kQueue = "queue";

/// Holds a lock on a file for as long as it, or the process, lives.
class FileLock {
 public:
  enum class IfTaken : std::uint8_t { Wait, GiveUp };
  FileLock(const fs::path& file, IfTaken what) : descriptor_(::open(file.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600)) {
    const int operation = what == IfTaken::Wait ? LOCK_EX : LOCK_EX | LOCK_NB;
    locked_ = descriptor_ >= 0 && ::flock(descriptor_, operation) == 0;
  }
  ~FileLock() {
    if (descriptor_ >= 0) ::close(descriptor_);
  }
  FileLock(const FileLock&) = delete;
  FileLock& operator=(const FileLock&) = delete;
  /// False if somebody else has it, or the file cannot be opened.
  bool locked() const { return locked_; }

 private:
  int descriptor_;
  bool locked_ = false;
};

fs::path make_session_folder(const fs::path& folder) {
  std::random_device random;
  const fs::path own = folder / fmt::format("{:08x}{:08x}", random(), random());
  std::error_code error;
  fs::create_directories(own, error);
  if (error)
    throw GraphError(Problem{.what = tr_format("cannot make the folder '{}': {}", own.string(), error.message()),
        .remedy = tr("make it writable, or name another one in XDG_STATE_HOME")});
  return own;
}

/// A process's folder, and the lock that tells others that the process lives.
struct OwnFolder {
  explicit OwnFolder(const fs::path& sessions) {
    do {  // another process may take a folder that is not locked yet for a left one, and tidy it away
      path = make_session_folder(sessions);
      lock = std::make_unique<FileLock>(path / kLock, FileLock::IfTaken::Wait);
    } while (!fs::exists(path));
  }
  fs::path path;
  std::unique_ptr<FileLock> lock;
};

/// Removes a folder that holds nothing but a lock, and files that a write left unfinished.
void remove_if_empty(const fs::path& folder) {
  std::error_code error;
  for (const auto& entry : fs::directory_iterator(folder, error))
    if (entry.path().filename() != kLock && entry.path().extension() != ".tmp") return;
  fs::remove_all(folder, error);
}

/// Folders of processes that are gone, each locked during its visit, and tidied away after it if nothing is
/// left in it.
template <class Visit>
void visit_left_folders(const fs::path& sessions, const fs::path& own, const Visit& visit) {
  std::error_code error;
  std::vector<fs::path> folders;
  for (const auto& entry : fs::directory_iterator(sessions, error))
    if (entry.is_directory(error) && entry.path() != own) folders.push_back(entry.path());
  std::ranges::sort(folders);
  for (const fs::path& folder : folders) {
    const FileLock lock(folder / kLock, FileLock::IfTaken::GiveUp);
    if (!lock.locked()) continue;
    visit(folder);
    remove_if_empty(folder);
  }
}

std::vector<fs::path> journals_in(const fs::path& folder) {
  std::vector<fs::path> journals;
  std::error_code error;
  for (const auto& entry : fs::directory_iterator(folder, error))
    if (entry.path().extension() == ".journal") journals.push_back(entry.path());
  return journals;
}

bool file_holds(const fs::path& file, const Workflow& workflow) {
  try {
    return !file.empty() && to_text(load_workflow(file)) == to_text(workflow);
  } catch (const GraphError&) {
    return false;
  }
}

}  // namespace

struct Journal::Impl {
  explicit Impl(const fs::path& sessions) : sessions(sessions), own(sessions) {}

  /// What the window's thread knows of a journal; its file belongs to the writer's thread.
  struct Entry {
    std::uint64_t revision = 0;  // that was handed to the writer
    std::size_t steps = 0;       // names of gestures before this one were handed over
    bool saved = false;
    fs::path file;
    std::shared_ptr<JournalFile> journal;
  };

  void record(const Document& document) {
    Entry& entry = entries[document.id()];
    const bool saved = !document.dirty();
    if (entry.revision == document.revision() && entry.saved == saved && entry.file == document.file()) return;
    if (!writer.idle()) {
      if (document.in_gesture()) return;  // the drag's next state, or its end, will be noted
      writer.flush();
    }
    if (!entry.journal) {
      if (saved) return remember(entry, document);  // what is on the disk, or empty, is not in danger
      entry.journal = std::make_shared<JournalFile>(own.path / fmt::format("{}.journal", document.id()));
    }
    if (saved)
      writer.add([journal = std::move(entry.journal)] { journal->remove(); });
    else
      writer.add([journal = entry.journal, workflow = document.workflow(),
                     place = JournalFile::Place{document.file(), document.origin()},
                     gesture = gesture_of(document)] { journal->append(workflow, place, gesture); });
    remember(entry, document);
  }

  static std::string gesture_of(const Document& document) {
    const std::vector<std::string> names = document.step_names();
    return document.position() == 0 ? std::string() : names[document.position() - 1];
  }

  static void remember(Entry& entry, const Document& document) {
    entry.revision = document.revision();
    entry.saved = !document.dirty();
    entry.file = document.file();
  }

  void forget(DocumentId document) {
    const auto found = entries.find(document);
    if (found == entries.end()) return;
    if (found->second.journal) writer.add([journal = found->second.journal] { journal->remove(); });
    entries.erase(found);
  }

  const fs::path sessions;
  const OwnFolder own;
  std::map<DocumentId, Entry> entries;
  BackgroundWriter writer;
};

Journal::Journal(const fs::path& folder) : impl_(std::make_unique<Impl>(folder)) {}

Journal::~Journal() {
  impl_->writer.flush();
  remove_if_empty(impl_->own.path);
}

const fs::path& Journal::folder() const { return impl_->own.path; }
void Journal::record(const Document& document) { impl_->record(document); }
void Journal::save_as(Document& document, const fs::path& file) {
  document.end_gesture();
  record(document);
  flush();
  document.save_as(file);
  record(document);
}

void Journal::forget(DocumentId document) { impl_->forget(document); }
void Journal::flush() { impl_->writer.flush(); }
std::string Journal::problem() const { return impl_->writer.problem(); }

std::vector<Recoverable> Journal::recoverable() const {
  std::vector<Recoverable> found;
  visit_left_folders(impl_->sessions, impl_->own.path, [&](const fs::path& folder) {
    for (const fs::path& journal : journals_in(folder)) {
      std::optional<Recoverable> document = read_journal(journal);
      std::error_code ignored;
      if (document && file_holds(document->file, document->workflow))
        fs::remove(journal, ignored);
      else if (document)
        found.push_back(*std::move(document));
    }
  });
  std::ranges::sort(found, std::ranges::greater(), &Recoverable::time);
  return found;
}

std::vector<fs::path> Journal::left_queues() const {
  std::vector<fs::path> queues;
  visit_left_folders(impl_->sessions, impl_->own.path, [&](const fs::path& folder) {
    std::error_code error;
    if (fs::is_directory(folder / kQueue, error)) queues.push_back(folder / kQueue);
  });
  return queues;
}

void Journal::discard(const Recoverable& document) {
  std::error_code ignored;
  fs::remove(document.journal, ignored);
  remove_if_empty(document.journal.parent_path());
}

fs::path Journal::queue_folder() const { return impl_->own.path / kQueue; }

}  // namespace weft::editor
