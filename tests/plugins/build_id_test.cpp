#include "plugins/build_id.h"

#include <gmock/gmock.h>

#include <fstream>
#include <iterator>
#include <random>

#include "base/error.h"
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
  const std::string id = build_id_of(one.add_library("good"));
  EXPECT_EQ(id.size(), 40u);  // SHA-1 in hexadecimal
  EXPECT_EQ(id, build_id_of(two.add_library("good")));
  EXPECT_NE(id, build_id_of(one.add_library("twin")));
}

TEST(BuildId, SurvivesStripping) {
  const PluginFolder folder;
  const auto library = folder.add_library("good");
  const std::string id = build_id_of(library);
  ASSERT_EQ(test::run_program("strip " + library.string()).code, 0);
  EXPECT_EQ(build_id_of(library), id);
}

TEST(BuildId, RefusesWhatIsNoLibrary) {
  const PluginFolder folder;
  folder.write_file("text.so", "no library");
  folder.write_file("empty.so", "");
  EXPECT_THROW(build_id_of(folder.path() / "text.so"), PluginError);
  EXPECT_THROW(build_id_of(folder.path() / "empty.so"), PluginError);
  EXPECT_THROW(build_id_of(folder.path() / "missing.so"), PluginError);
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
      build_id_of(folder.path() / "damaged.so");
    } catch (const PluginError&) {
      // refused: as good as read
    }
  }
}

}  // namespace
}  // namespace weft
