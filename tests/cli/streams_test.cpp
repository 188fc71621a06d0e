// Streams that take nothing, input without end, and text that would steer a terminal.
#include <fmt/format.h>
#include <gmock/gmock.h>

#include "tests/cli/weft_program.h"

namespace weft::test {
namespace {

using testing::AllOf;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;

class Streams : public WeftProgram {
 protected:
  /// `weft ARGUMENTS` with what a shell puts behind a command: redirections, a pipe.
  Outcome weft_and(const std::string& shell, std::vector<std::string> arguments) const {
    std::vector<std::string> all = {"/bin/bash", "-c", "set -o pipefail; \"$0\" \"$@\" " + shell, WEFT_PROGRAM};
    all.insert(all.end(), arguments.begin(), arguments.end());
    return command(all);
  }

  std::string good() const { return workflow(R"({"say": {"type": "test.say"}})"); }
  std::string bad() const { return workflow(R"({"x": {"type": "test.unknown"}})"); }
};

TEST_F(Streams, AnUnwritableStderrChangesNoExitCode) {
  for (const char* to : {"2>/dev/full", "2>&-"})
    for (const char* progress : {"auto", "bar", "json", "none"}) {
      const Outcome run = weft_and(to, {"run", good(), "--progress", progress});
      EXPECT_EQ(run.exit, 0) << to << progress;
      EXPECT_EQ(run.out, "say.said: hello\n") << to << progress;
      EXPECT_EQ(weft_and(to, {"run", bad(), "--progress", progress}).exit, 2) << to << progress;
    }
  EXPECT_EQ(weft_and("2>/dev/full", {"rnu"}).exit, 2);
  EXPECT_EQ(weft_and("2>/dev/full", {"run", "nothing.json"}).exit, 2);
}

TEST_F(Streams, ResultsThatNobodyGetsAreNoSuccess) {
  const std::vector<std::vector<std::string>> commands = {
      {"run", good()}, {"check", good()}, {"nodes"}, {"models"}, {"plugin", "list"}, {"--help"}};
  for (const auto& arguments : commands)
    for (const char* to : {">/dev/full", ">&-"}) {
      const Outcome outcome = weft_and(to, arguments);
      EXPECT_EQ(outcome.exit, 1) << to << arguments[0];
      EXPECT_THAT(outcome.err, HasSubstr("could not be written to stdout")) << to << arguments[0];
    }
  EXPECT_EQ(weft_and(">&- 2>&-", {"run", good()}).exit, 1);
}

TEST_F(Streams, AFileThatIsWrittenDoesNotGetTheNumberOfAClosedStream) {
  const std::string file = workflow(R"({"w": {"type": "test.write"}, "p": {"type": "test.print"}})");
  EXPECT_EQ(weft_and("<&- >&- 2>&-", {"run", file}).exit, 1);
  EXPECT_THAT(files_in("out"), testing::ElementsAre("file.txt"));
  EXPECT_EQ(std::filesystem::file_size(scratch_ / "out/file.txt"), 10u);
}

TEST_F(Streams, AReaderThatHasSeenEnoughIsNoFailureWithWords) {
  const Outcome nodes = weft_and("| true", {"nodes", "--json"});
  EXPECT_EQ(nodes.exit, 141);
  EXPECT_THAT(nodes.err, IsEmpty());
  EXPECT_EQ(weft_and("2>&1 >/dev/null | true", {"run", good(), "--progress", "json"}).exit, 0) << "the run goes on";
}

TEST_F(Streams, AFileThatMayNotGrowIsNamed) {
  const Outcome run = command({"/bin/sh", "-c", "ulimit -f 100; exec \"$0\" \"$@\"", WEFT_PROGRAM, "run",
      workflow(R"({"w": {"type": "test.write", "inputs": {"bytes": 5000000}}})")});
  EXPECT_EQ(run.exit, 1);
  EXPECT_THAT(run.err, HasSubstr("cannot write 'out/file.txt'"));
}

TEST_F(Streams, InputWithoutEndIsRefused) {
  for (const char* input : {"yes |", "cat /dev/zero |"})
    for (const char* verb : {"run", "check"}) {
      const Outcome outcome = command({"/bin/bash", "-c", std::string(input) + " \"$0\" " + verb + " -", WEFT_PROGRAM});
      EXPECT_EQ(outcome.exit, 2);
      EXPECT_THAT(outcome.err + outcome.out, HasSubstr("cannot read 'standard input': it is larger than 64 MiB"));
    }
  EXPECT_THAT(weft({"run", "/dev/zero"}).err, HasSubstr("'/dev/zero': it is larger than 64 MiB"));
  std::filesystem::resize_file(scratch_ / file("sparse.json"), 10'000'000'000);
  EXPECT_THAT(weft({"run", "sparse.json"}).err, HasSubstr("'sparse.json': it is larger than 64 MiB"));
}

TEST_F(Streams, AWorkflowOfComfyUIMayComeThroughANamedPipe) {
  const Outcome check = command(
      {"/bin/bash", "-c", R"("$0" check <(echo '{"1": {"class_type": "Mystery", "inputs": {}}}'))", WEFT_PROGRAM});
  EXPECT_THAT(check.out, HasSubstr("comfyui.Mystery"));
}

constexpr char kSteering[] =
    "\x1b[2J\x7f\xc2\x9b"
    "31m\xe2\x80\xae\xff";

TEST_F(Streams, ArgumentsDoNotSteerTheTerminal) {
  const std::string evil = std::string("x") + kSteering;
  const std::vector<std::vector<std::string>> commands = {{evil}, {"run", evil}, {"check", evil}, {"nodes", evil},
      {"run", "--" + evil}, {"plugin", evil}, {"plugin", "check", evil}, {"run", good(), "--device", evil},
      {"run", good(), "--set", evil}, {"run", good(), "--models", evil}, {"run", good(), "--out", "/dev/null/" + evil}};
  for (const auto& arguments : commands) {
    const Outcome outcome = weft(arguments);
    EXPECT_EQ(outcome.exit, 2) << arguments[0];
    for (const char* steering : {"\x1b", "\x7f", "\xc2\x9b", "\xe2\x80\xae", "\xff"})
      EXPECT_THAT(outcome.out + outcome.err, Not(HasSubstr(steering))) << testing::PrintToString(arguments);
  }
}

TEST_F(Streams, AManifestDoesNotSteerTheTerminal) {
  file("evil/a.weft.json", R"({"weft_plugin": 1, "id": "\u001b[2J", "version": "\u009b31m", "abi": 1, "stamp": "\u202e",
                              "library": {"file": "a.so", "build_id": ""}, "nodes": [], "types": []})");
  const Surrounding there{.variables = {{"WEFT_PLUGIN_PATH", (scratch_ / "evil").string()}}};
  for (const std::vector<std::string>& arguments : std::vector<std::vector<std::string>>{
           {"nodes"}, {"plugin", "list"}, {"plugin", "list", "--json"}, {"run", good()}}) {
    const Outcome outcome = weft(arguments, there);
    for (const char* steering : {"\x1b", "\xc2\x9b", "\xe2\x80\xae"})
      EXPECT_THAT(outcome.out + outcome.err, Not(HasSubstr(steering))) << testing::PrintToString(arguments);
  }
}

TEST_F(Streams, AManifestThatIsNestedWithoutEndLeavesTheOthers) {
  file("evil/deep.weft.json",
      R"({"weft_plugin": 1, "nodes": )" + std::string(50'000, '[') + std::string(50'000, ']') + "}");
  const Outcome nodes =
      weft({"nodes"}, {.variables = {{"WEFT_PLUGIN_PATH", (scratch_ / "evil").string() + ":" + WEFT_TEST_PLUGINS}}});
  EXPECT_EQ(nodes.exit, 0);
  EXPECT_THAT(nodes.err, AllOf(HasSubstr("deep.weft.json"), HasSubstr("nested deeper than 100 levels")));
  EXPECT_THAT(nodes.out, HasSubstr("test.number"));
}

TEST_F(Streams, WorkflowsOfComfyUIThatAreNestedWithoutEndAreRefused) {
  const std::string deep = std::string(50'000, '[') + std::string(50'000, ']');
  for (const std::string& text : {R"({"1": {"class_type": "KSampler", "inputs": {"seed": )" + deep + "}}}",
           R"({"links": [], "nodes": [{"id": 1, "type": "KSampler", "widgets_values": )" + deep + "}]}"}) {
    const Outcome check = weft({"check", file("comfy.json", text)});
    EXPECT_EQ(check.exit, 2);
    EXPECT_THAT(check.out, HasSubstr("comfy.json is nested deeper than 100 levels"));
  }
}

TEST_F(Streams, ASettingThatIsNestedWithoutEndIsText) {
  const std::string file = workflow(R"({"x": {"type": "test.unknown"}})");
  EXPECT_EQ(weft({"run", file, "--set", "x.y=" + std::string(50'000, '[') + std::string(50'000, ']')}).exit, 2);
}

TEST_F(Streams, ProblemsWithoutEndAreCut) {
  std::string nodes = "{";
  for (int i = 0; i < 5000; ++i)
    nodes += fmt::format(R"("{}n{}": {{"type": "test.unknown"}},)", i == 0 ? std::string(100'000, 'a') : "", i);
  nodes.back() = '}';
  const std::string name = workflow(nodes);
  const Outcome check = weft({"check", name});
  EXPECT_LT(check.out.size(), 50'000u);
  EXPECT_THAT(check.out, HasSubstr("... and 4900 more"));
  const Outcome run = weft({"run", name, "--progress", "json"});
  EXPECT_LT(run.err.size(), 100'000u);
  EXPECT_THAT(json_lines(run.err).back().at("text").get<std::string>(), HasSubstr("and 4900 more"));
  EXPECT_EQ(nlohmann::json::parse(weft({"check", name, "--json"}).out).at("problems").size(), 5000u);
}

TEST_F(Streams, RemarksOfAnImportAreMessages) {
  file("comfy.json", R"({"1": {"class_type": "EmptyLatentImage", "inputs": {"oddity": 1}}})");
  std::vector<std::string> messages;
  for (const nlohmann::json& line : json_lines(weft({"run", "comfy.json", "--progress", "json"}).err))
    if (line.at("event") == "message") messages.push_back(line.at("text"));
  EXPECT_THAT(messages, testing::Contains(HasSubstr("'oddity' of node 1")));
}

}  // namespace
}  // namespace weft::test
