#include "editor/session/file_watch.h"

#include <gtest/gtest.h>

#include <fstream>
#include <future>

#include "tests/temporary_folder.h"

namespace weft::editor {
namespace {

using namespace std::chrono_literals;

class FileWatches : public testing::Test {
 protected:
  /// Whether the watch has told of a change within some seconds, or does not within a tenth of one.
  bool told(FileWatch& watch) {
    for (int i = 0; i < 500; ++i) {
      if (watch.take_change()) return true;
      std::this_thread::sleep_for(10ms);
    }
    return false;
  }
  bool silent(FileWatch& watch) {
    std::this_thread::sleep_for(100ms);
    return !watch.take_change();
  }
  void write(const std::string& text) { std::ofstream(file) << text; }

  TemporaryFolder folder;
  const std::filesystem::path file = folder.path() / "a.json";
};

TEST_F(FileWatches, TellOfAFileThatIsWrittenComesOrGoes) {
  std::atomic<int> woken = 0;
  write("one");
  FileWatch watch([&] { ++woken; }, 5ms);
  watch.watch({file});
  EXPECT_TRUE(told(watch)) << "it may have changed before it was watched";
  EXPECT_TRUE(silent(watch));
  write("other text");
  EXPECT_TRUE(told(watch));
  std::filesystem::remove(file);
  EXPECT_TRUE(told(watch));
  write("again");
  EXPECT_TRUE(told(watch));
  EXPECT_GE(woken, 4);
}

TEST_F(FileWatches, AreSilentWithoutFiles) {
  FileWatch watch([] {}, 5ms);
  EXPECT_TRUE(silent(watch));
  watch.watch({file});
  told(watch);
  watch.watch({});
  EXPECT_TRUE(silent(watch));
}

TEST_F(FileWatches, EndAtOnce) {
  const auto start = std::chrono::steady_clock::now();
  {
    FileWatch watch([] {}, 1h);
  }
  EXPECT_LT(std::chrono::steady_clock::now() - start, 10s);
}

}  // namespace
}  // namespace weft::editor
