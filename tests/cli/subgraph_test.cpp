// Workflows with subgraphs, muted and bypassed nodes on the command line.
#include <gmock/gmock.h>

#include "tests/cli/weft_program.h"

namespace weft::test {
namespace {

using testing::HasSubstr;
using testing::IsEmpty;

class Subgraphs : public WeftProgram {
 protected:
  /// Two instances of a definition that adds a number of its own to one from outside.
  std::string plus(const std::string& more = "") const {
    return file("plus.json",
        R"({"weft": 1,
  "nodes": {
    "three": {"type": "test.number", "inputs": {"value": 3}},
    "first": {"type": "subgraph:plus", "inputs": {"a": {"link": "three.number"}}},
    "second": {"type": "subgraph:plus", "inputs": {"a": {"link": "first.sum"}, "b": 100)" +
            more + R"(}}},
  "interface": {"inputs": {"much": "second.b"}, "outputs": {"total": "second.sum"}},
  "subgraphs": {"plus": {
    "nodes": {"own": {"type": "test.number", "inputs": {"value": 10}},
              "add": {"type": "test.add", "inputs": {"b": {"link": "own.number"}}}},
    "interface": {"inputs": {"a": "add.a", "b": "own.value"}, "outputs": {"sum": "add.sum"}}}}})");
  }
};

TEST_F(Subgraphs, RunAndPrintTheirOutputs) {
  const Outcome run = weft({"run", plus()});
  EXPECT_EQ(run.exit, 0) << run.err;
  EXPECT_EQ(run.out, "total: 113\n");
}

TEST_F(Subgraphs, TakeSettingsAtTheirPorts) {
  EXPECT_EQ(weft({"run", plus(), "--set", "much=1", "--set", "first.b=2"}).out, "total: 6\n");
  const Outcome wrong = weft({"run", plus(), "--set", "first.c=2"});
  EXPECT_EQ(wrong.exit, 2);
  EXPECT_THAT(wrong.err, HasSubstr("there is nothing named 'first.c' to set"));
}

TEST_F(Subgraphs, ShowTheirNodesInADryRun) {
  const Outcome run = weft({"run", plus(), "--dry-run"});
  EXPECT_EQ(run.exit, 0) << run.err;
  EXPECT_THAT(run.out, HasSubstr("first/own   test.number  "));
  EXPECT_THAT(run.out, HasSubstr("second/add  test.add     "));
}

TEST_F(Subgraphs, NameTheInnerNodeInProgress) {
  EXPECT_THAT(weft({"run", plus(), "--progress", "json"}).err, HasSubstr("\"node\":\"first/add\""));
}

TEST_F(Subgraphs, AreCheckedAtTheirPortsAndInside) {
  EXPECT_EQ(weft({"check", plus()}).exit, 0);
  const Outcome check = weft({"check", plus(R"(, "c": 5)")});
  EXPECT_EQ(check.exit, 2);
  EXPECT_THAT(check.out, HasSubstr("node \"second\", port \"c\": 'subgraph:plus' has no input of this name"));
  const std::string broken = file("broken.json", R"({"weft": 1, "nodes": {"n": {"type": "subgraph:s"}},
      "subgraphs": {"s": {"nodes": {"add": {"type": "test.add"}}}}})");
  EXPECT_THAT(weft({"check", broken}).out, HasSubstr("node \"subgraph:s/add\", port \"a\": "));
}

TEST_F(Subgraphs, ThatHoldThemselvesAreRefusedWithTheChain) {
  const std::string loop = file("loop.json", R"({"weft": 1, "nodes": {},
      "subgraphs": {"a": {"nodes": {"n": {"type": "subgraph:b"}}}, "b": {"nodes": {"n": {"type": "subgraph:a"}}}}})");
  const Outcome run = weft({"run", loop});
  EXPECT_EQ(run.exit, 2);
  EXPECT_THAT(run.err, HasSubstr("the subgraph holds itself: a -> b -> a"));
}

TEST_F(Subgraphs, MutedNodesAreSkippedAndThatIsNoFailure) {
  const Outcome run = weft({"run", workflow(R"({
    "say": {"type": "test.say"},
    "one": {"type": "test.number", "state": "muted"},
    "sum": {"type": "test.add", "inputs": {"a": {"link": "one.number"}, "b": {"link": "one.number"}}}})")});
  EXPECT_EQ(run.exit, 0) << run.err;
  EXPECT_EQ(run.out, "say.said: hello\n");
}

TEST_F(Subgraphs, BypassedNodesPassOn) {
  const Outcome run = weft({"run", workflow(R"({
    "one": {"type": "test.number", "inputs": {"value": 1}},
    "skip": {"type": "test.add", "state": "bypassed", "inputs": {"a": {"link": "one.number"}}},
    "sum": {"type": "test.add", "inputs": {"a": {"link": "skip.sum"}, "b": {"link": "one.number"}}}})")});
  EXPECT_EQ(run.out, "sum.sum: 2\n") << run.err;
}

}  // namespace
}  // namespace weft::test
