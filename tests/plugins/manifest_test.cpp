// The manifest's file, and the program that writes it at the end of a plugin's build.
#include "plugins/manifest.h"

#include <gmock/gmock.h>

#include "base/error.h"
#include "tests/plugins/plugin_folder.h"

namespace weft {
namespace {

using test::PluginFolder;
using test::run_program;
using testing::AllOf;
using testing::HasSubstr;

std::string error_of_reading(const std::filesystem::path& file) {
  try {
    read_manifest(file);
  } catch (const PluginError& error) {
    return error.what();
  }
  return "no PluginError";
}

TEST(Manifest, LiesBesideItsLibrary) {
  EXPECT_EQ(manifest_path("/plugins/libinvert.so"), "/plugins/libinvert.weft.json");
}

TEST(Manifest, SurvivesARoundTrip) {
  const PluginFolder folder;
  const Manifest written = read_manifest(manifest_path(folder.add_plugin("good")));
  write_manifest(written, folder.path() / "again.weft.json");
  const Manifest read = read_manifest(folder.path() / "again.weft.json");
  EXPECT_EQ(read.id, "test.good");
  EXPECT_EQ(read.version, written.version);
  EXPECT_EQ(read.abi, written.abi);
  EXPECT_EQ(read.stamp, host_stamp());
  EXPECT_EQ(read.library, "libgood.so");
  EXPECT_EQ(read.build_id, written.build_id);
  EXPECT_EQ(read.nodes, written.nodes);
  EXPECT_EQ(read.types, written.types);
}

TEST(Manifest, HoldsTheCatalogueButNotTheEnginesOwnTypes) {
  const PluginFolder folder;
  const Manifest manifest = read_manifest(manifest_path(folder.add_plugin("good")));
  EXPECT_EQ(manifest_nodes(manifest).size(), 2u);
  ASSERT_EQ(manifest_types(manifest).size(), 1u);
  EXPECT_EQ(manifest_types(manifest)[0].id, "test.word");
}

TEST(Manifest, IsRefusedIfItsVersionIsUnknown) {
  const PluginFolder folder;
  folder.write_file("a.weft.json", R"({"weft_plugin": 7})");
  EXPECT_THAT(error_of_reading(folder.path() / "a.weft.json"),
      AllOf(HasSubstr("manifest version 7, this Weft reads 1"), HasSubstr("build the plugin again")));
}

TEST(Manifest, IsRefusedIfItIsDamaged) {
  const PluginFolder folder;
  for (const char* text : {"", "[]", "{", "{\"weft_plugin\": \"1\"}", R"({"weft_plugin": 1, "id": 5})", "\xff\xfe"}) {
    folder.write_file("a.weft.json", text);
    EXPECT_THAT(error_of_reading(folder.path() / "a.weft.json"), HasSubstr("is damaged")) << text;
  }
}

TEST(Manifest, IsRefusedIfItIsNestedWithoutEnd) {
  const PluginFolder folder;
  const std::string deep = std::string(50'000, '[') + std::string(50'000, ']');
  folder.write_file("a.weft.json", "{\"weft_plugin\": 1, \"nodes\": " + deep + "}");
  EXPECT_THAT(error_of_reading(folder.path() / "a.weft.json"),
      AllOf(HasSubstr("a.weft.json"), HasSubstr("nested deeper than 100 levels")));
}

TEST(Manifest, CannotBeWrittenIntoAFolderThatIsNotThere) {
  EXPECT_THROW(write_manifest({}, "/no/such/folder/a.weft.json"), PluginError);
}

/// What the build of a plugin says if it goes wrong.
struct BuildFailure {
  const char* plugin;
  const char* says;
};
class BuildFailures : public testing::TestWithParam<BuildFailure> {};

TEST_P(BuildFailures, AreNamedByWeftManifest) {
  const PluginFolder folder;
  const auto library = folder.add_library(GetParam().plugin);
  const test::Ended ended = run_program(WEFT_MANIFEST_PROGRAM " " + library.string());
  EXPECT_EQ(ended.code, 1);
  EXPECT_THAT(ended.output, AllOf(HasSubstr("weft-manifest: error: "), HasSubstr(GetParam().says)));
  EXPECT_FALSE(std::filesystem::exists(manifest_path(library)));
}

INSTANTIATE_TEST_SUITE_P(Manifest, BuildFailures,
    testing::Values(BuildFailure{"throws", "plugin \"test.throws\" failed while it registered its nodes: the moon"},
        BuildFailure{"unresolved", "undefined symbol"}, BuildFailure{"no_symbol", "add WEFT_PLUGIN("},
        BuildFailure{"old_abi", "plugin ABI 1001"}, BuildFailure{"no_build_id", "link it with -Wl,--build-id"}),
    [](const auto& info) { return std::string(info.param.plugin); });

}  // namespace
}  // namespace weft
