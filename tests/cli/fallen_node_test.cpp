// Nodes that bring the process down: who it was is told, what others made is kept, and the exit code is 1.
#include <fmt/format.h>
#include <gmock/gmock.h>

#include "tests/cli/weft_program.h"

namespace weft::test {
namespace {

using testing::AllOf;
using testing::EndsWith;
using testing::HasSubstr;
using testing::Not;

struct Fall {
  const char* how;
  const char* told;
};

class FallenNode : public WeftProgram, public testing::WithParamInterface<Fall> {
 protected:
  /// Falls when `good` has written its file.
  std::string fallen_workflow() const {
    return workflow(fmt::format(R"({{
      "number": {{"type": "test.slow", "inputs": {{"steps": 1, "milliseconds": 300}}}},
      "good": {{"type": "test.write", "inputs": {{"name": "good.txt"}}}},
      "bad": {{"type": "test.fall", "inputs": {{"how": "{}", "after": {{"link": "number.number"}}}}}}}})",
        GetParam().how));
  }
};

TEST_P(FallenNode, IsNamedWithItsPluginAndTheExitCodeIsOne) {
  const Outcome run = weft({"run", fallen_workflow(), "--progress", "none"});
  EXPECT_EQ(run.exit, 1);
  EXPECT_THAT(run.err,
      AllOf(HasSubstr("node \"bad\": test.fall: plugin \"org.weft.test.cli\""), HasSubstr("libcli_test_nodes.so"),
          HasSubstr(GetParam().told)));
}

TEST_P(FallenNode, TheResultsOfOthersAreKept) {
  const Outcome run = weft({"run", fallen_workflow()});
  EXPECT_EQ(run.out, "good.path: out/good.txt\n") << run.err;
  EXPECT_THAT(files_in("out"), testing::ElementsAre("good.txt"));
}

TEST_P(FallenNode, JsonProgressStaysJson) {
  const std::vector<nlohmann::json> lines = json_lines(weft({"run", fallen_workflow(), "--progress", "json"}).err);
  ASSERT_FALSE(lines.empty());
  EXPECT_EQ(lines.back().at("event"), "problem");
  EXPECT_EQ(lines.back().at("node"), "bad");
  EXPECT_THAT(lines.back().at("what").get<std::string>(), HasSubstr(GetParam().told));
}

INSTANTIATE_TEST_SUITE_P(Ways, FallenNode,
    testing::Values(Fall{"abort", "crashed (Aborted)"}, Fall{"exit", "ended the program (exit)"},
        Fall{"quick_exit", "ended the program (exit)"}, Fall{"segfault", "crashed (Segmentation fault)"},
        Fall{"division", "crashed (Floating point exception)"}, Fall{"stack", "crashed (Segmentation fault)"},
        Fall{"thread", "crashed (Aborted)"}),
    [](const auto& info) { return std::string(info.param.how); });

using FallenProcess = WeftProgram;

TEST_F(FallenProcess, WhatTheExceptionOfAThreadSaidIsToldToo) {
  const Outcome run = weft({"run", workflow(R"({"bad": {"type": "test.fall", "inputs": {"how": "thread"}}})")});
  EXPECT_THAT(run.err, HasSubstr("lost in the woods"));
}

TEST_F(FallenProcess, AChildOfAPluginFallsByItself) {
  const Outcome run = weft({"run", workflow(R"({"good": {"type": "test.fall", "inputs": {"how": "child"}}})")});
  EXPECT_EQ(run.exit, 0) << run.err;
  EXPECT_EQ(run.out, "good.number: 3\n");
}

TEST_F(FallenProcess, ResultsOfInstancesAreKeptToo) {
  file("w.json", R"({"weft": 1,
    "nodes": {"inner": {"type": "subgraph:write"},
              "wait": {"type": "test.slow", "inputs": {"steps": 1, "milliseconds": 300}},
              "bad": {"type": "test.fall", "inputs": {"after": {"link": "wait.number"}}}},
    "subgraphs": {"write": {"nodes": {"w": {"type": "test.write"}}, "interface": {"outputs": {"path": "w.path"}}}}})");
  const Outcome run = weft({"run", "w.json"});
  EXPECT_EQ(run.exit, 1);
  EXPECT_EQ(run.out, "inner.path: out/file.txt\n") << run.err;
}

}  // namespace
}  // namespace weft::test
