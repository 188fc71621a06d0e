#include "plugins/new_plugin.h"

#include <gmock/gmock.h>

#include <fstream>
#include <iterator>

#include "base/error.h"
#include "graph/workflow.h"
#include "tests/plugins/plugin_folder.h"

namespace weft {
namespace {

using test::PluginFolder;
using testing::HasSubstr;
using testing::Not;

std::string text_of(const std::filesystem::path& file) {
  std::ifstream stream(file);
  return {std::istreambuf_iterator<char>(stream), {}};
}

TEST(NewPlugin, IsAProjectOfFourFilesThatCarryItsName) {
  const PluginFolder folder;
  const auto files = create_plugin_project("sea_fog", folder.path() / "sea_fog", "/opt/weft");
  ASSERT_EQ(files.size(), 4u);
  for (const auto& file : files) {
    EXPECT_THAT(text_of(file), HasSubstr("sea_fog")) << file;
    EXPECT_THAT(text_of(file), Not(HasSubstr("{{"))) << file;
  }
  EXPECT_THAT(text_of(folder.path() / "sea_fog/sea_fog.cpp"), HasSubstr("WEFT_PLUGIN(\"org.example.sea_fog\""));
  EXPECT_THAT(text_of(folder.path() / "sea_fog/CMakeLists.txt"), HasSubstr("/opt/weft"));
}

TEST(NewPlugin, HasAWorkflowThatUsesItsNode) {
  const PluginFolder folder;
  create_plugin_project("sea_fog", folder.path());
  const Workflow workflow = load_workflow(folder.path() / "workflow.json");
  EXPECT_EQ(workflow.graph.node("stripes").type, "sea_fog.stripes");
}

TEST(NewPlugin, RefusesNamesThatCannotBe) {
  const PluginFolder folder;
  for (const char* name : {"", "Fog", "sea-fog", "1st", "../fog", "fog.cpp", "sea fog", "_fog", "test", "install"}) {
    EXPECT_THROW(create_plugin_project(name, folder.path() / "project"), PluginError) << name;
  }
  EXPECT_FALSE(std::filesystem::exists(folder.path() / "project"));
}

TEST(NewPlugin, RefusesAFolderThatHoldsSomething) {
  const PluginFolder folder;
  folder.write_file("diary.txt", "dear diary");
  try {
    create_plugin_project("fog", folder.path());
    FAIL() << "no PluginError";
  } catch (const PluginError& error) {
    EXPECT_THAT(error.what(), HasSubstr("is there already, and not empty"));
  }
  EXPECT_EQ(text_of(folder.path() / "diary.txt"), "dear diary");
  EXPECT_FALSE(std::filesystem::exists(folder.path() / "fog.cpp"));
}

TEST(NewPlugin, RefusesAFolderThatCannotBeMade) {
  EXPECT_THROW(create_plugin_project("fog", "/proc/no/such"), PluginError);
}

}  // namespace
}  // namespace weft
