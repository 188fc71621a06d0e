#include "plugins/build_id.h"

#include <gmock/gmock.h>

#include <fstream>
#include <iterator>
#include <random>

#include "graph/error.h"
#include "tests/plugins/plugin_folder.h"

namespace weft {
namespace {

using test::PluginFolder;

std::string bytes_of(const std::filesystem::path& file) {
  std::ifstream stream(file, std::ios::binary);
  return {std::istreambuf_iterator<char>(stream), {}};
}

TEST(BuildId, IsTheSameForACopyAndAnotherForAnotherLibrary) {
  const PluginFolder one, two;
  EXPECT_EQ(identify_library(one.add_library("good")), identify_library(two.add_library("good")));
  EXPECT_NE(identify_library(one.add_library("twin")).build_id, identify_library(one.path() / "libgood.so").build_id);
}

TEST(BuildId, IsWhatTheLinkerWrote) {
  const PluginFolder folder;
  const LibraryIdentity identity = identify_library(folder.add_library("good"));
  EXPECT_EQ(identity.build_id.size(), 40u);  // SHA-1
  EXPECT_EQ(identity.bytes, std::filesystem::file_size(folder.path() / "libgood.so"));
}

TEST(BuildId, RefusesWhatIsNoLibrary) {
  const PluginFolder folder;
  folder.write_file("text.so", "no library");
  folder.write_file("empty.so", "");
  EXPECT_THROW(identify_library(folder.path() / "text.so"), PluginError);
  EXPECT_THROW(identify_library(folder.path() / "empty.so"), PluginError);
  EXPECT_THROW(identify_library(folder.path() / "missing.so"), PluginError);
}

TEST(BuildId, SurvivesDamagedLibraries) {
  const PluginFolder folder;
  const std::string whole = bytes_of(folder.add_library("good"));
  std::mt19937 random(1);
  for (int i = 0; i < 300; ++i) {
    std::string damaged = whole.substr(0, i % 3 ? whole.size() : random() % 2000);
    for (int k = 0; k < 8 && !damaged.empty(); ++k)
      damaged[random() % std::min<std::size_t>(damaged.size(), 1500)] = static_cast<char>(random());
    folder.write_file("damaged.so", damaged);
    try {
      identify_library(folder.path() / "damaged.so");
    } catch (const PluginError&) {
      // refused: as good as read
    }
  }
}

}  // namespace
}  // namespace weft
