#include "base/atomic_file.h"

#include <fcntl.h>
#include <gmock/gmock.h>
#include <sys/file.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include <chrono>
#include <csignal>
#include <fstream>
#include <sstream>

#include "base/error.h"

namespace weft {
namespace {

namespace fs = std::filesystem;
using testing::ElementsAre;
using testing::HasSubstr;

class AtomicFile : public testing::Test {
 protected:
  void SetUp() override {
    folder = fs::path(testing::TempDir()) / ("weft_atomic_file_" + std::to_string(::getpid()));
    fs::create_directories(folder);
    file = folder / "cat.json";
  }
  void TearDown() override {
    fs::permissions(folder, fs::perms::owner_all);
    fs::remove_all(folder);
  }

  std::string content() const {
    std::ostringstream text;
    text << std::ifstream(file).rdbuf();
    return text.str();
  }

  std::vector<std::string> files() const {
    std::vector<std::string> names;
    for (const auto& entry : fs::directory_iterator(folder)) names.push_back(entry.path().filename());
    return names;
  }

  static std::string complaint(const fs::path& file, std::string_view text) {
    try {
      write_file_atomically(file, text);
      return "";
    } catch (const GraphError& error) {
      return error.what();
    }
  }

  fs::path folder, file;
};

TEST_F(AtomicFile, TakesAwayWhatAKilledProcessLeft) {
  const fs::path orphan = folder / ".weft-0123456789abcdef.tmp", young = folder / ".weft-fedcba9876543210.tmp";
  std::ofstream(orphan) << "half of a";
  std::ofstream(young) << "half of a";
  fs::last_write_time(orphan, fs::file_time_type::clock::now() - std::chrono::hours(1));
  write_file_atomically(file, "new");
  EXPECT_FALSE(fs::exists(orphan));
  EXPECT_TRUE(fs::exists(young)) << "its process may live";
}

TEST_F(AtomicFile, LeavesWhatAnotherProcessIsWriting) {
  const fs::path written = folder / ".weft-0123456789abcdef.tmp";
  const int descriptor = ::open(written.c_str(), O_WRONLY | O_CREAT, 0600);
  ASSERT_EQ(::flock(descriptor, LOCK_SH), 0);
  fs::last_write_time(written, fs::file_time_type::clock::now() - std::chrono::hours(1));
  write_file_atomically(file, "new");
  EXPECT_TRUE(fs::exists(written));
  ::close(descriptor);
}

TEST_F(AtomicFile, IsWritten) {
  write_file_atomically(file, "new");
  EXPECT_EQ(content(), "new");
  EXPECT_THAT(files(), ElementsAre("cat.json"));
}

TEST_F(AtomicFile, ReplacesTheOldOneAndKeepsItsMode) {
  std::ofstream(file) << "the old one, which is longer";
  ::chmod(file.c_str(), 0640);
  write_file_atomically(file, "new");
  EXPECT_EQ(content(), "new");
  struct stat status = {};
  ASSERT_EQ(::stat(file.c_str(), &status), 0);
  EXPECT_EQ(status.st_mode & 0777, 0640u);
}

TEST_F(AtomicFile, IsWrittenThroughASymbolicLink) {
  fs::create_symlink("cat.json", folder / "link.json");
  std::ofstream(file) << "old";
  write_file_atomically(folder / "link.json", "new");
  EXPECT_EQ(content(), "new");
  EXPECT_TRUE(fs::is_symlink(folder / "link.json"));
}

TEST_F(AtomicFile, LeavesTheOldOneWhenTheDiskIsFull) {
  std::ofstream(file) << "old";
  // A limit on the size of files fails as a full disk does: in the middle of writing.
  rlimit usual = {};
  ::getrlimit(RLIMIT_FSIZE, &usual);
  const auto handler = std::signal(SIGXFSZ, SIG_IGN);
  rlimit small = usual;
  small.rlim_cur = 1000;
  ::setrlimit(RLIMIT_FSIZE, &small);
  const std::string said = complaint(file, std::string(100'000, 'x'));
  ::setrlimit(RLIMIT_FSIZE, &usual);
  std::signal(SIGXFSZ, handler);

  EXPECT_THAT(said, HasSubstr("cat.json': File too large: free some space"));
  EXPECT_EQ(content(), "old");
  EXPECT_THAT(files(), ElementsAre("cat.json"));
}

TEST_F(AtomicFile, IsRefusedInAFolderThatIsNotWritable) {
  std::ofstream(file) << "old";
  fs::permissions(
      folder, fs::perms::owner_read | fs::perms::owner_exec | fs::perms::others_read | fs::perms::others_exec);
  // Root may write everywhere: step down to nobody for the attempt.
  const bool root = ::geteuid() == 0;
  if (root) {
    ASSERT_EQ(::seteuid(65534), 0);
  }
  const std::string said = complaint(folder / "dog.json", "new");
  if (root) {
    ASSERT_EQ(::seteuid(0), 0);
  }
  EXPECT_THAT(said, HasSubstr("dog.json': Permission denied: write to another folder, or change the permissions"));
  EXPECT_THAT(files(), ElementsAre("cat.json"));
}

TEST_F(AtomicFile, IsRefusedInAFolderThatDoesNotExist) {
  EXPECT_THAT(
      complaint(folder / "none" / "cat.json", "new"), HasSubstr("No such file or directory: make the folder first"));
}

TEST_F(AtomicFile, IsRefusedInPlaceOfAFolder) { EXPECT_THAT(complaint(folder, "new"), HasSubstr("it is not a file")); }

TEST_F(AtomicFile, IsRefusedInPlaceOfADevice) {
  EXPECT_THAT(complaint("/dev/full", "new"), HasSubstr("it is not a file"));
}

}  // namespace
}  // namespace weft
