// Muted and bypassed nodes: what runs without them, and what a check says.
#include <gmock/gmock.h>

#include "graph/expand.h"
#include "graph/validate.h"
#include "tests/graph/sketch_nodes.h"
#include "tests/graph/toy_nodes.h"

namespace weft {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

/// Takes one number that it needs, and passes it on with one more.
class Needy final : public Node {
  void run(RunContext& ctx) const override { ctx.set(out_, ctx[in_] + 1); }
  Input<std::int64_t> other_{*this, "other", {.optional = true}};
  Input<std::int64_t> in_{*this, "in"};
  Output<std::int64_t> out_{*this, "out"};
};

class NodeStates : public toy::Stage {
 protected:
  NodeStates() {
    registry.add<Needy>("toy.needy", {});
    node("a");
    needy("b", "a");
    needy("c", "b");
  }
  void needy(const std::string& id, const std::string& source) {
    graph.add({.id = id, .type = "toy.needy", .inputs = {{"in", Links{{source, "out"}}}}});
  }
};

TEST_F(NodeStates, AMutedNodeAndWhatNeedsItAreSkipped) {
  graph.set_state("b", NodeState::Muted);
  toy::EventLog log;
  const RunResult result = run({"a", "c"}, log.observer());
  EXPECT_TRUE(result.ok) << "nothing has failed";
  EXPECT_EQ(ran(), (toy::Ids{"a"}));
  EXPECT_EQ(result.nodes.at("b").state, toy::State::Skipped);
  EXPECT_EQ(result.nodes.at("c").state, toy::State::Skipped);
  EXPECT_THAT(log.names["c"], ElementsAre("node_skipped"));
  EXPECT_EQ(log.because_of["c"], "b");
}

TEST_F(NodeStates, WhatCanDoWithoutAMutedNodeRuns) {
  graph.set_state("b", NodeState::Muted);
  node("join", {"a", "b"});
  graph.set_input("join", "value", 5);
  EXPECT_EQ(number(run({"join"}), "join"), 1005);
}

TEST_F(NodeStates, SaysSoWhenAllThatIsWantedIsMuted) {
  graph.set_state("a", NodeState::Muted);
  try {
    run({"c"});
    FAIL();
  } catch (const GraphError& error) {
    EXPECT_THAT(error.what(), HasSubstr("all that is wanted is muted or bypassed"));
  }
}

TEST_F(NodeStates, ABypassedNodePassesOnWhatComesIn) {
  graph.set_state("b", NodeState::Bypassed);
  EXPECT_EQ(number(run({"c"}), "c"), 1001);
  graph.set_state("c", NodeState::Bypassed);
  EXPECT_EQ(number(run({"c"}), "c"), 1000) << "also where it is what is wanted";
}

TEST_F(NodeStates, ABypassedNodePassesOnItsFirstLinkedInputOfTheType) {
  node("x");
  graph.set_input("b", "other", Links{{"x", "out"}});
  graph.set_state("b", NodeState::Bypassed);
  EXPECT_EQ(number(run({"c"}), "c"), 2001);
}

/// Two inputs of one type, as a node that changes two conditionings has.
class Pair final : public Node {
  void run(RunContext& ctx) const override {
    ctx.forward(plus_, plus_out_);
    ctx.forward(minus_, minus_out_);
  }
  Input<std::int64_t> plus_{*this, "plus"};
  Input<std::int64_t> minus_{*this, "minus"};
  Output<std::int64_t> plus_out_{*this, "plus"};
  Output<std::int64_t> minus_out_{*this, "minus"};
};

TEST_F(NodeStates, ABypassedNodePrefersTheInputOfTheOutputsName) {
  registry.add<Pair>("toy.pair", {});
  node("x");
  graph.add({.id = "pair",
      .type = "toy.pair",
      .inputs = {{"plus", Links{{"a", "out"}}}, {"minus", Links{{"x", "out"}}}},
      .state = NodeState::Bypassed});
  graph.add({.id = "end", .type = "toy.needy", .inputs = {{"in", Links{{"pair", "minus"}}}}});
  EXPECT_EQ(number(run({"end"}), "end"), 2001);
}

TEST_F(NodeStates, ABypassBeforeAMutedNodeIsSkippedWithIt) {
  graph.set_state("a", NodeState::Muted);
  graph.set_state("b", NodeState::Bypassed);
  node("x");
  EXPECT_EQ(run({"c", "x"}).nodes.at("c").state, toy::State::Skipped);
}

TEST_F(NodeStates, ABypassWithNothingToPassIsAnErrorWhereItIsNeeded) {
  graph.clear_input("b", "in");
  graph.set_state("b", NodeState::Bypassed);
  EXPECT_THAT(validate({.graph = graph}, registry, std::vector<std::string>{"a"}), IsEmpty());
  const std::vector<Problem> problems = validate({.graph = graph}, registry, std::vector<std::string>{"c"});
  ASSERT_EQ(problems.size(), 1u);
  EXPECT_EQ(problems.front().text(),
      "node \"b\": the node is bypassed, but nothing of type 'int' comes in that 'out' could pass on "
      "to 'c.in': "
      "link an input of the same type, or activate the node");
  EXPECT_THROW(run({"c"}), GraphError);
  EXPECT_TRUE(run({"a"}).ok);
}

TEST_F(NodeStates, MutingAnInstanceSkipsAllOfItAndBypassingItLeadsAround) {
  Subgraphs subgraphs;
  subgraphs["step"].graph.add({.id = "inner", .type = "toy.needy"});
  subgraphs["step"].interface = {.inputs = {{"in", {{"inner", "in"}}}}, .outputs = {{"out", {"inner", "out"}}}};
  graph.set_type("b", "subgraph:step");
  const auto result_of_c = [&] {
    return executor().run({.graph = graph, .wanted = {"a", "c"}, .subgraphs = subgraphs}).nodes.at("c");
  };
  EXPECT_EQ(result_of_c().outputs.at(0).as<std::int64_t>(), 1002);
  graph.set_state("b", NodeState::Bypassed);
  EXPECT_EQ(result_of_c().outputs.at(0).as<std::int64_t>(), 1001);
  graph.set_state("b", NodeState::Muted);
  EXPECT_EQ(result_of_c().state, toy::State::Skipped);
  graph.set_state("b", NodeState::Active);
  subgraphs["step"].graph.set_state("inner", NodeState::Bypassed);
  EXPECT_EQ(result_of_c().outputs.at(0).as<std::int64_t>(), 1001);
}

TEST(NodeStateChecks, AMutedNodeNeedNotBeComplete) {
  const Registry registry = sketch::registry();
  Workflow workflow = parse_workflow(sketch::kWorkflow);
  workflow.graph.add({.id = "keep", .type = "image.save"});
  workflow.interface.outputs.clear();
  EXPECT_EQ(validate(workflow, registry).size(), 1u);
  workflow.graph.set_state("keep", NodeState::Muted);
  EXPECT_THAT(validate(workflow, registry), IsEmpty());
  EXPECT_THAT(default_results(workflow, registry), ElementsAre("save"));
}

TEST(NodeStateFile, SaysTheStateAndRefusesOthers) {
  const std::string text = R"({
  "weft": 1,
  "nodes": {
    "a": {"type": "x.y", "title": "A", "state": "muted"},
    "b": {"type": "x.y", "state": "bypassed"}
  }
}
)";
  EXPECT_EQ(parse_workflow(text).graph.node("b").state, NodeState::Bypassed);
  EXPECT_EQ(to_text(parse_workflow(text)), text);
  try {
    parse_workflow(R"({"weft": 1, "nodes": {"a": {"type": "x.y", "state": "asleep"}}})");
    FAIL();
  } catch (const GraphError& error) {
    EXPECT_THAT(error.what(), HasSubstr("node \"a\": '/nodes/a/state' is \"asleep\", which is no state of a node"));
  }
}

}  // namespace
}  // namespace weft
