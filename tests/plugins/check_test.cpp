// The plugin checker: a plugin without a fault passes, and each fault is found, named, and does not end the
// checker.
#include "plugins/check.h"

#include <gmock/gmock.h>

#include <map>

#include "base/error.h"
#include "tests/plugins/plugin_folder.h"

namespace weft {
namespace {

using test::PluginFolder;
using testing::Contains;
using testing::Each;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;
using Verdict = CheckResult::Verdict;

CheckOptions in_this_program() { return {.child = {"/proc/self/exe", "check-one"}, .limit = std::chrono::seconds(5)}; }

std::map<std::string, CheckResult> by_name(const std::vector<CheckResult>& results) {
  std::map<std::string, CheckResult> named;
  for (const CheckResult& result : results) named[result.test] = result;
  return named;
}

TEST(PluginCheck, PassesAPluginWithoutAFault) {
  const PluginFolder folder;
  const auto results = check_plugin(folder.add_plugin("good"), in_this_program());
  EXPECT_EQ(results.size(), check_tests().size());
  for (const CheckResult& result : results) {
    EXPECT_EQ(result.verdict, Verdict::Pass) << result.test;
    EXPECT_THAT(result.findings, IsEmpty()) << result.test;
  }
  EXPECT_TRUE(all_passed(results));
}

TEST(PluginCheck, TakesAManifestAsWell) {
  const PluginFolder folder;
  folder.add_plugin("good");
  EXPECT_TRUE(all_passed(check_plugin(folder.path() / "libgood.weft.json", in_this_program())));
}

TEST(PluginCheck, RefusesAFileThatIsNotThere) { EXPECT_THROW(check_plugin("/no/such/library.so"), PluginError); }

TEST(PluginCheck, SkipsTheRestOfAPluginThatDoesNotOpen) {
  const PluginFolder folder;
  const auto results = check_plugin(folder.add_library("throws"), in_this_program());
  EXPECT_EQ(results.front().test, "opens");
  EXPECT_EQ(results.front().verdict, Verdict::Fail);
  EXPECT_THAT(results.front().findings, Contains(HasSubstr("the moon is in the wrong house")));
  EXPECT_EQ(results.back().verdict, Verdict::Skipped);
  EXPECT_FALSE(all_passed(results));
}

TEST(PluginCheck, MissesAManifest) {
  const PluginFolder folder;
  const auto results = by_name(check_plugin(folder.add_library("good"), in_this_program()));
  EXPECT_EQ(results.at("manifest").verdict, Verdict::Fail);
  EXPECT_THAT(results.at("manifest").findings, Contains(HasSubstr("there is no manifest")));
}

/// The one plugin that does everything wrong, checked once for all tests below.
class NaughtyPlugin : public testing::Test {
 protected:
  static void SetUpTestSuite() {
    const PluginFolder folder;
    results_ = by_name(check_plugin(folder.add_plugin("naughty"), in_this_program()));
  }
  static const CheckResult& result(const std::string& test) { return results_.at(test); }
  static inline std::map<std::string, CheckResult> results_;
};

TEST_F(NaughtyPlugin, HasAnIdAndAVersionThatAreMalformed) {
  EXPECT_EQ(result("names").verdict, Verdict::Fail);
  EXPECT_THAT(result("names").findings, Contains(HasSubstr("\"naughty\" is no reversed domain")));
  EXPECT_THAT(result("names").findings, Contains(HasSubstr("\"first\" is not of the form 1.0.0")));
}

TEST_F(NaughtyPlugin, IsWarnedAboutMissingDocs) {
  EXPECT_EQ(result("documented").verdict, Verdict::Warning);
  EXPECT_THAT(result("documented").findings, Contains(HasSubstr("node \"naughty.moody\" has no doc")));
  EXPECT_THAT(result("documented").findings, Contains(HasSubstr("node \"naughty.moody\", port \"out\" has no tip")));
}

TEST_F(NaughtyPlugin, ForgetsToSetAnOutput) {
  EXPECT_EQ(result("runs").verdict, Verdict::Fail);
  EXPECT_THAT(result("runs").findings, Contains(HasSubstr("\"naughty.forgetful\", port \"out\" was not set")));
}

TEST_F(NaughtyPlugin, IsNotTriedWhereItNeedsAFile) {
  EXPECT_THAT(result("runs").findings, Contains(HasSubstr("\"naughty.needy\", port \"model\" needs a file")));
}

TEST_F(NaughtyPlugin, GivesAnotherResultTheSecondTime) {
  EXPECT_EQ(result("deterministic").verdict, Verdict::Fail);
  EXPECT_THAT(result("deterministic").findings, Contains(HasSubstr("\"naughty.moody\" gives another result")));
  EXPECT_THAT(result("deterministic").findings, Not(Contains(HasSubstr("naughty.stubborn"))));
}

TEST_F(NaughtyPlugin, WritesIntoItsInputs) {
  EXPECT_EQ(result("inputs_unchanged").verdict, Verdict::Fail);
  EXPECT_THAT(result("inputs_unchanged").findings, Contains(HasSubstr("\"naughty.scribbler\" writes into its inputs")));
}

TEST_F(NaughtyPlugin, SwallowsACancel) {
  EXPECT_EQ(result("cancel").verdict, Verdict::Fail);
  EXPECT_THAT(result("cancel").findings, Contains(HasSubstr("\"naughty.stubborn\" goes on after a cancel")));
}

TEST_F(NaughtyPlugin, GivesOtherResultsWhenThreadsCallIt) {
  EXPECT_EQ(result("threads").verdict, Verdict::Fail);
  EXPECT_THAT(result("threads").findings, Contains(HasSubstr("\"naughty.moody\" gives other results when 4 threads")));
}

TEST_F(NaughtyPlugin, ChangesTheLocaleOfTheProcess) {
  EXPECT_EQ(result("locale").verdict, Verdict::Fail);
  EXPECT_THAT(result("locale").findings,
      ElementsAre(HasSubstr("\"naughty.worldly\" changes the locale of the process (from C to C.UTF-8)")));
}

TEST_F(NaughtyPlugin, HangsAtTheEndOfARange) {
  EXPECT_EQ(result("limits").verdict, Verdict::Fail);
  EXPECT_THAT(result("limits").findings,
      Contains(HasSubstr("node \"naughty.endless\", port \"size\", value 2 did not end within 5 s")));
}

TEST_F(NaughtyPlugin, CrashesOnAnOddText) {
  EXPECT_EQ(result("strange_inputs").verdict, Verdict::Fail);
  EXPECT_THAT(result("strange_inputs").findings,
      Contains(HasSubstr("node \"naughty.fragile\", port \"text\", no text crashed (Aborted)")));
}

}  // namespace
}  // namespace weft
