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

#include "editor/session/background_writer.h"
#include "editor/session/journal_file.h"

namespace weft::editor {
namespace {

namespace fs = std::filesystem;

constexpr const char* kLock = "lock";
constexpr const char* kQueue = "queue";

/// Holds a lock on a file for as long as it, or the process, lives.
class FileLock {
 public:
  /// Not locked if somebody else has it, or the file cannot be opened.
  explicit FileLock(const fs::path& file)
      : descriptor_(::open(file.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600)) {
    locked_ = descriptor_ >= 0 && ::flock(descriptor_, LOCK_EX | LOCK_NB) == 0;
  }
  ~FileLock() {
    if (descriptor_ >= 0) ::close(descriptor_);
  }
  FileLock(const FileLock&) = delete;
  FileLock& operator=(const FileLock&) = delete;
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
    throw GraphError(
        Problem{.what = fmt::format("cannot make the folder '{}': {}", own.string(), error.message()),
                .remedy = "make it writable, or name another one in XDG_STATE_HOME"});
  return own;
}

/// Folders of processes that are gone.
std::vector<fs::path> left_folders(const fs::path& folder, const fs::path& own) {
  std::vector<fs::path> left;
  std::error_code error;
  for (const auto& entry : fs::directory_iterator(folder, error))
    if (entry.is_directory(error) && entry.path() != own && FileLock(entry.path() / kLock).locked())
      left.push_back(entry.path());
  std::ranges::sort(left);
  return left;
}

/// Removes a folder that holds nothing but a lock, and files that a write left unfinished.
void remove_if_empty(const fs::path& folder) {
  std::error_code error;
  for (const auto& entry : fs::directory_iterator(folder, error))
    if (entry.path().filename() != kLock && entry.path().extension() != ".tmp") return;
  fs::remove_all(folder, error);
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
  explicit Impl(const fs::path& sessions)
      : sessions(sessions), folder(make_session_folder(sessions)), lock(folder / kLock) {}

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
    if (entry.revision == document.revision() && entry.saved == saved && entry.file == document.file())
      return;
    if (!writer.idle()) {
      if (document.in_gesture()) return;  // the drag's next state, or its end, will be noted
      writer.flush();
    }
    if (!entry.journal) {
      if (saved) return remember(entry, document);  // what is on the disk, or empty, is not in danger
      entry.journal = std::make_shared<JournalFile>(folder / fmt::format("{}.journal", document.id()));
    }
    if (saved)
      writer.add([journal = std::move(entry.journal)] { journal->remove(); });
    else
      writer.add([journal = entry.journal, workflow = document.workflow(), file = document.file(),
                  gesture = gesture_of(document)] { journal->append(workflow, file, gesture); });
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
  const fs::path folder;
  const FileLock lock;
  std::map<DocumentId, Entry> entries;
  BackgroundWriter writer;
};

Journal::Journal(const fs::path& folder) : impl_(std::make_unique<Impl>(folder)) {}

Journal::~Journal() {
  impl_->writer.flush();
  remove_if_empty(impl_->folder);
}

const fs::path& Journal::folder() const { return impl_->folder; }
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
  for (const fs::path& folder : left_folders(impl_->sessions, impl_->folder)) {
    std::error_code error;
    for (const auto& entry : fs::directory_iterator(folder, error)) {
      if (entry.path().extension() != ".journal") continue;
      std::optional<Recoverable> document = read_journal(entry.path());
      if (document && !file_holds(document->file, document->workflow)) found.push_back(*std::move(document));
    }
  }
  std::ranges::sort(found, std::ranges::greater(), &Recoverable::time);
  return found;
}

std::vector<fs::path> Journal::left_queues() const {
  std::vector<fs::path> queues;
  std::error_code error;
  for (const fs::path& folder : left_folders(impl_->sessions, impl_->folder)) {
    if (fs::is_directory(folder / kQueue, error)) queues.push_back(folder / kQueue);
  }
  return queues;
}

void Journal::discard(const Recoverable& document) {
  std::error_code ignored;
  fs::remove(document.journal, ignored);
  remove_if_empty(document.journal.parent_path());
}

fs::path Journal::queue_folder() const { return impl_->folder / kQueue; }

}  // namespace weft::editor
