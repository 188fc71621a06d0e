#include "base/atomic_file.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <chrono>
#include <optional>
#include <random>
#include <system_error>
#include <utility>

#include "base/error.h"

namespace weft {
namespace {

namespace fs = std::filesystem;

std::string remedy_for(int error) {
  switch (error) {
    case ENOSPC:
    case EDQUOT:
    case EFBIG:
      return "free some space, or write to another disk";
    case EACCES:
    case EPERM:
    case EROFS:
      return "write to another folder, or change the permissions";
    case ENOENT:
    case ENOTDIR:
      return "make the folder first";
    default:
      return "write to another folder";
  }
}

[[noreturn]] void fail(const fs::path& file, int error) {
  throw GraphError(
      Problem{.what = fmt::format("cannot write '{}': {}", file.string(), std::generic_category().message(error)),
          .remedy = remedy_for(error)});
}

/// The mode of the file that will be replaced; nothing if there is none.
std::optional<mode_t> mode_of(const fs::path& target) {
  struct stat old = {};
  if (::stat(target.c_str(), &old) != 0) return std::nullopt;
  if (!S_ISREG(old.st_mode))
    throw GraphError(Problem{.what = fmt::format("cannot write '{}': it is not a file", target.string()),
        .remedy = "give the name of a file"});
  if (::access(target.c_str(), W_OK) != 0) fail(target, errno);
  return old.st_mode & 07777;
}

constexpr std::string_view kPrefix = ".weft-", kEnding = ".tmp";

/// A file that is removed again unless it was renamed.
class TemporaryFile {
 public:
  explicit TemporaryFile(const fs::path& target) : target_(target) {
    std::random_device random;
    for (int attempt = 0; attempt < 100 && descriptor_ < 0; ++attempt) {
      path_ = target.parent_path() / fmt::format("{}{:08x}{:08x}{}", kPrefix, random(), random(), kEnding);
      descriptor_ = ::open(path_.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666);
      if (descriptor_ < 0 && errno != EEXIST) break;
    }
    if (descriptor_ < 0) fail(target_, errno);
    ::flock(descriptor_, LOCK_SH | LOCK_NB);  // as long as it is held, the file is nobody's to remove
  }
  ~TemporaryFile() {
    if (descriptor_ >= 0) ::close(descriptor_);
    if (!renamed_) ::unlink(path_.c_str());
  }
  TemporaryFile(const TemporaryFile&) = delete;
  TemporaryFile& operator=(const TemporaryFile&) = delete;

  void write(std::string_view content) {
    while (!content.empty()) {
      const ssize_t written = ::write(descriptor_, content.data(), content.size());
      if (written < 0 && errno == EINTR) continue;
      if (written < 0) fail(target_, errno);
      content.remove_prefix(static_cast<std::size_t>(written));
    }
  }

  void set_mode(mode_t mode) {
    if (::fchmod(descriptor_, mode) != 0) fail(target_, errno);
  }

  void rename_to_target() {
    if (::fsync(descriptor_) != 0) fail(target_, errno);
    const int closed = ::close(std::exchange(descriptor_, -1));
    if (closed != 0) fail(target_, errno);
    if (::rename(path_.c_str(), target_.c_str()) != 0) fail(target_, errno);
    renamed_ = true;
  }

 private:
  const fs::path& target_;
  fs::path path_;
  int descriptor_ = -1;
  bool renamed_ = false;
};

/// So that the new name is on the disk too. The file is whole either way: a failure here is not one of the
/// caller's.
void sync_folder(const fs::path& folder) {
  const int descriptor = ::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (descriptor < 0) return;
  ::fsync(descriptor);
  ::close(descriptor);
}

/// Removes temporary files whose process was killed: nobody has them open with a lock, and they are not just being made.
void remove_orphans(const fs::path& folder) {
  std::error_code ignored;
  for (const auto& entry : fs::directory_iterator(folder, ignored)) {
    const std::string name = entry.path().filename().string();
    if (!name.starts_with(kPrefix) || !name.ends_with(kEnding)) continue;
    const auto age = fs::file_time_type::clock::now() - entry.last_write_time(ignored);
    if (ignored || age < std::chrono::minutes(1)) continue;
    const int descriptor = ::open(entry.path().c_str(), O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
    if (descriptor < 0) continue;
    if (::flock(descriptor, LOCK_EX | LOCK_NB) == 0) ::unlink(entry.path().c_str());
    ::close(descriptor);
  }
}

}  // namespace

void write_file_atomically(const fs::path& file, std::string_view content) {
  std::error_code ignored;
  const fs::path given = file.has_parent_path() ? file : "." / file;
  const fs::path target = fs::is_symlink(given, ignored) ? fs::weakly_canonical(given, ignored) : given;
  const std::optional<mode_t> mode = mode_of(target);
  TemporaryFile temporary(target);
  if (mode) temporary.set_mode(*mode);
  temporary.write(content);
  temporary.rename_to_target();
  sync_folder(target.parent_path());
  remove_orphans(target.parent_path());
}

}  // namespace weft
