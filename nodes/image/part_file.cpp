#include "nodes/image/part_file.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <signal.h>
#include <stdio.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <charconv>
#include <chrono>
#include <cstring>
#include <optional>
#include <string_view>

#include "base/error.h"

namespace weft::image {
namespace {

namespace fs = std::filesystem;

constexpr std::string_view kEnding = ".part";

/// The writer's process in `.STEM.PID.N.part`; nothing if this is no such name.
std::optional<pid_t> writer_of(std::string_view name) {
  if (!name.starts_with('.') || !name.ends_with(kEnding)) return std::nullopt;
  name.remove_suffix(kEnding.size());
  const auto take_number = [&]() -> std::optional<pid_t> {
    const std::size_t dot = name.rfind('.');
    if (dot == std::string_view::npos) return std::nullopt;
    const std::string_view digits = name.substr(dot + 1);
    pid_t number = 0;
    const auto [end, bad] = std::from_chars(digits.data(), digits.data() + digits.size(), number);
    if (bad != std::errc() || end != digits.data() + digits.size() || number < 1) return std::nullopt;
    name = name.substr(0, dot);
    return number;
  };
  const auto count = take_number(), writer = take_number();
  return count && writer ? writer : std::nullopt;
}

/// A process of that number may also be another machine's that writes to the same folder, or a later one: so the lock is
/// asked, and where no file can be locked only what is old is abandoned.
bool is_abandoned(const fs::path& part, pid_t writer) {
  const int descriptor = ::open(part.c_str(), O_RDONLY | O_NOFOLLOW | O_CLOEXEC);
  if (descriptor < 0) return false;
  const bool locked = ::flock(descriptor, LOCK_EX | LOCK_NB) == 0;
  const bool cannot_lock = !locked && errno != EWOULDBLOCK;
  struct stat state{};
  const bool known = ::fstat(descriptor, &state) == 0 && S_ISREG(state.st_mode);
  ::close(descriptor);
  if (!known || (!locked && !cannot_lock)) return false;
  const bool gone = writer == ::getpid() || (::kill(writer, 0) != 0 && errno == ESRCH);  // what is ours is locked
  const auto now = std::chrono::system_clock::to_time_t(std::chrono::system_clock::now());
  constexpr std::time_t kDay = 24 * 60 * 60;
  return (gone && locked) || now - state.st_mtime > kDay;
}

/// One that no other writer has, locked. The name is looked at again, because whoever cleans up may have taken it between
/// its beginning and its lock.
int open_locked(const fs::path& path) {
  const int descriptor = ::open(path.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0644);
  if (descriptor < 0) return -1;
  struct stat state{};
  if (::flock(descriptor, LOCK_EX | LOCK_NB) != 0 || ::fstat(descriptor, &state) != 0 || state.st_nlink > 0)
    return descriptor;
  ::close(descriptor);
  errno = EEXIST;
  return -1;
}

enum class Published : std::uint8_t { Yes, NameTaken, CannotTell };

/// In one step that never replaces a file; some file systems (FUSE, NFS) cannot.
Published rename_to_new(const fs::path& from, const fs::path& to) {
  if (::renameat2(AT_FDCWD, from.c_str(), AT_FDCWD, to.c_str(), RENAME_NOREPLACE) == 0) return Published::Yes;
  return errno == EEXIST ? Published::NameTaken : Published::CannotTell;
}

/// Others have hard links.
Published link_to_new(const fs::path& from, const fs::path& to) {
  if (::link(from.c_str(), to.c_str()) == 0) {
    ::unlink(from.c_str());
    return Published::Yes;
  }
  return errno == EEXIST ? Published::NameTaken : Published::CannotTell;
}

/// Everywhere else, one after the other: whoever has locked the folder may look whether the name is free, and nobody ever
/// sees it with less than the whole file behind it. Throws NodeError.
Published rename_in_turn(const fs::path& from, const fs::path& to) {
  const int folder = ::open(to.parent_path().c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (folder < 0) fail_to_write(to, errno);
  ::flock(folder, LOCK_EX);
  struct stat state{};
  const bool taken = ::lstat(to.c_str(), &state) == 0;
  const int error = taken || ::rename(from.c_str(), to.c_str()) == 0 ? 0 : errno;
  ::close(folder);
  if (error != 0) fail_to_write(to, error);
  return taken ? Published::NameTaken : Published::Yes;
}

}  // namespace

void fail_to_write(const fs::path& file, int error) {
  throw NodeError(fmt::format("cannot write {}: {}", file.string(), std::strerror(error)),
      error == ENOSPC ? "free some space, or choose another folder with --out"
                      : "choose a folder that can be written with --out");
}

PartFile::PartFile(const fs::path& folder, const std::string& stem) {
  static std::atomic<unsigned> calls = 0;
  constexpr int kTries = 1000;  // names that other machines' processes of this number have
  for (int i = 0; i < kTries && descriptor_ < 0; ++i) {
    path_ = folder / fmt::format(".{}.{}.{}{}", stem, ::getpid(), ++calls, kEnding);
    descriptor_ = open_locked(path_);
    if (descriptor_ < 0 && errno != EEXIST) break;
  }
  if (descriptor_ < 0) fail_to_write(path_, errno);
}

PartFile::~PartFile() {
  if (!published_) ::unlink(path_.c_str());
  ::close(descriptor_);
}

void PartFile::write(std::span<const std::uint8_t> bytes) {
  for (std::size_t done = 0; done < bytes.size();) {
    const ssize_t n = ::write(descriptor_, bytes.data() + done, bytes.size() - done);
    if (n < 0 && errno == EINTR) continue;
    if (n <= 0) fail_to_write(path_, n < 0 ? errno : ENOSPC);
    done += static_cast<std::size_t>(n);
  }
  if (::fsync(descriptor_) != 0) fail_to_write(path_, errno);
}

bool PartFile::publish(const fs::path& name) {
  Published done = rename_to_new(path_, name);
  if (done == Published::CannotTell) done = link_to_new(path_, name);
  if (done == Published::CannotTell) done = rename_in_turn(path_, name);
  published_ = done == Published::Yes;
  return published_;
}

void remove_abandoned_parts(const fs::path& folder) {
  std::error_code error;
  for (const auto& entry : fs::directory_iterator(folder, error)) {
    const std::optional<pid_t> writer = writer_of(entry.path().filename().string());
    if (writer && is_abandoned(entry.path(), *writer)) fs::remove(entry.path(), error);
  }
}

}  // namespace weft::image
