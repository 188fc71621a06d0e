#include "plugins/folders.h"

#include <gmock/gmock.h>

#include <cstdlib>

#include "tests/plugins/plugin_folder.h"

namespace weft {
namespace {

using test::PluginFolder;
using testing::Contains;
using testing::ElementsAre;
using testing::Not;

class PluginFolders : public testing::Test {
 protected:
  void SetUp() override {
    unsetenv("WEFT_PLUGIN_PATH");
    setenv("XDG_DATA_HOME", data_.path().c_str(), 1);
  }
  const PluginFolder data_;
};

TEST_F(PluginFolders, BeginWithThoseOfWeftPluginPath) {
  setenv("WEFT_PLUGIN_PATH", "/one::/two", 1);
  const auto folders = plugin_folders();
  ASSERT_GE(folders.size(), 2u);
  EXPECT_EQ(folders[0], "/one");
  EXPECT_EQ(folders[1], "/two");
}

TEST_F(PluginFolders, HoldThePerUserFolderOnceItIsThere) {
  EXPECT_EQ(user_plugin_folder(), data_.path() / "weft" / "plugins");
  EXPECT_THAT(plugin_folders(), Not(Contains(user_plugin_folder())));
  std::filesystem::create_directories(user_plugin_folder());
  EXPECT_THAT(plugin_folders(), Contains(user_plugin_folder()));
}

TEST_F(PluginFolders, FallBackToTheHomeFolder) {
  unsetenv("XDG_DATA_HOME");
  setenv("HOME", "/home/somebody", 1);
  EXPECT_EQ(user_plugin_folder(), "/home/somebody/.local/share/weft/plugins");
}

TEST_F(PluginFolders, EndWithTheStandardNodesBesideTheProgram) {
  const std::filesystem::path standard = std::filesystem::path(WEFT_BINARY_DIR) / "lib/weft/plugins";
  std::filesystem::create_directories(standard);
  EXPECT_EQ(plugin_folders().back(), standard);
}

}  // namespace
}  // namespace weft
