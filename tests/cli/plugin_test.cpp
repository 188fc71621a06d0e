// weft plugin: the words and exit codes around what tests/plugins/ tests in depth.
#include <gmock/gmock.h>

#include "tests/cli/weft_program.h"

namespace weft::test {
namespace {

using testing::Contains;
using testing::HasSubstr;

using PluginCommand = WeftProgram;

TEST_F(PluginCommand, ListNamesWhatWasFoundAndWhatWasRefused) {
  file("broken/libbroken.weft.json", "{");
  const Surrounding both = {
      .variables = {{"WEFT_PLUGIN_PATH", (scratch_ / "broken").string() + ":" + WEFT_TEST_PLUGINS}}};
  EXPECT_THAT(weft({"plugin", "list"}, both).out, HasSubstr("org.weft.test.cli 1.0.0"));
  bool refused = false, found = false;
  const nlohmann::json list = nlohmann::json::parse(weft({"plugin", "list", "--json"}, both).out);
  for (const auto& plugin : list) {
    refused = refused || !plugin.at("problem").get<std::string>().empty();
    found = found || plugin.at("id") == "org.weft.test.cli";
  }
  EXPECT_TRUE(refused);
  EXPECT_TRUE(found);
}

TEST_F(PluginCommand, NewMakesAProjectInAFolderOfItsName) {
  const Outcome made = weft({"plugin", "new", "paper_grain"});
  EXPECT_EQ(made.exit, 0) << made.err;
  EXPECT_EQ(made.out, (scratch_ / "paper_grain").string() + "\n");
  EXPECT_THAT(files_in("paper_grain"), Contains("paper_grain.cpp"));
  EXPECT_EQ(weft({"plugin", "new", "paper_grain", "--dir", "deep/else"}).exit, 0);
  EXPECT_THAT(files_in("deep/else"), Contains("CMakeLists.txt"));
}

TEST_F(PluginCommand, NewRefusesWithWrongUsageWhatItWouldSpoil) {
  EXPECT_EQ(weft({"plugin", "new", "Not A Name"}).exit, 2);
  file("full/mine.txt");
  const Outcome refused = weft({"plugin", "new", "full"});
  EXPECT_EQ(refused.exit, 2);
  EXPECT_THAT(refused.err, HasSubstr("full"));
}

TEST_F(PluginCommand, CheckTellsOfEachTestAndEndsWithOneIfAnyFailed) {
  const Outcome missing = weft({"plugin", "check", "nothing.so"});
  EXPECT_EQ(missing.exit, 2);
  EXPECT_THAT(missing.err, HasSubstr("nothing.so"));

  const Outcome no_plugin = weft({"plugin", "check", file("text.so", "no library"), "--json"});
  EXPECT_EQ(no_plugin.exit, 1);
  const nlohmann::json tests = nlohmann::json::parse(no_plugin.out);
  EXPECT_EQ(tests.at(0).at("test"), "opens");
  EXPECT_EQ(tests.at(0).at("verdict"), "fail");
}

}  // namespace
}  // namespace weft::test
