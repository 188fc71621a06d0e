// Subgraphs in the file, as node types, in checks and in runs.
#include "graph/subgraph.h"

#include <gmock/gmock.h>

#include "graph/expand.h"
#include "graph/node_types.h"
#include "graph/validate.h"
#include "tests/graph/random_workflows.h"
#include "tests/graph/sketch_nodes.h"
#include "tests/graph/toy_nodes.h"

namespace weft {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

/// A definition "draw" in its two forms of ports, with all that a file may say of it.
constexpr const char* kDrawing = R"({
  "weft": 1,
  "nodes": {
    "load": {
      "type": "model.load",
      "inputs": {"name": "small"}
    },
    "first": {
      "type": "subgraph:draw",
      "inputs": {
        "clip": {"link": "load.clip"},
        "model": {"link": "load.model"},
        "steps": 12
      }
    },
    "save": {
      "type": "image.save",
      "inputs": {
        "image": {"link": "first.picture"}
      }
    }
  },
  "interface": {
    "outputs": {"picture": "save"}
  },
  "subgraphs": {
    "draw": {
      "title": "Draw",
      "nodes": {
        "words": {
          "type": "text.encode",
          "inputs": {"text": "a boat"}
        },
        "other": {
          "type": "text.encode",
          "inputs": {"text": ""}
        },
        "sample": {
          "type": "sample.image",
          "inputs": {
            "steps": 30,
            "words": {"link": "words.words"}
          },
          "ui": {"x": 320, "y": 0}
        }
      },
      "interface": {
        "inputs": {
          "steps": "sample.steps",
          "model": "sample.model",
          "clip": ["words.clip", "other.clip"]
        },
        "outputs": {"picture": "sample.image"},
        "help": "kept"
      },
      "ui": {
        "frames": [
          {"title": "a"}
        ]
      }
    }
  }
}
)";

TEST(SubgraphFile, IsWrittenBackByteForByte) { EXPECT_EQ(to_text(parse_workflow(kDrawing)), kDrawing); }

TEST(SubgraphFile, KeepsThePortsInTheirOrder) {
  const SubgraphInterface interface = parse_workflow(kDrawing).subgraphs.at("draw").interface;
  EXPECT_EQ(interface.inputs.at(0).name, "steps");
  EXPECT_EQ(interface.inputs.at(2).targets, (std::vector<PortRef>{{"words", "clip"}, {"other", "clip"}}));
}

std::string complaint_about(const std::string& subgraphs) {
  try {
    parse_workflow(R"({"weft": 1, "nodes": {}, "subgraphs": )" + subgraphs + "}", "cat.json");
  } catch (const GraphError& error) {
    return error.what();
  }
  return "";
}

TEST(SubgraphFile, RefusesADefinitionThatHoldsItselfAndNamesTheChain) {
  EXPECT_THAT(complaint_about(R"({"a": {"nodes": {"n": {"type": "subgraph:b"}}},
                                  "b": {"nodes": {"n": {"type": "subgraph:c"}}},
                                  "c": {"nodes": {"n": {"type": "subgraph:a"}}}})"),
      HasSubstr("node \"subgraph:a\": the subgraph holds itself: a -> b -> c -> a"));
}

TEST(SubgraphFile, RefusesDefinitionsThatAreNestedTooDeep) {
  std::string definitions = R"({"d0": {"nodes": {}})";
  for (int i = 1; i < 1000; ++i) {
    const std::string inner = "d" + std::to_string(i - 1);
    definitions += ", \"d" + std::to_string(i) + R"(": {"nodes": {"n": {"type": "subgraph:)" + inner + "\"}}}";
  }
  EXPECT_THAT(complaint_about(definitions + "}"), HasSubstr("nested deeper than 32 levels"));
}

TEST(SubgraphFile, NamesTheDefinitionInWhatIsWrongWithIt) {
  EXPECT_THAT(complaint_about(R"({"a": {"nodes": {"n": {"type": "x.y", "inputs": {"in": {"link": "ghost.out"}}}}}})"),
      HasSubstr("node \"subgraph:a/n\", port \"in\": the link's source 'ghost' is not in the graph"));
  EXPECT_THAT(complaint_about(R"({"a": {}})"), HasSubstr("'/subgraphs/a' has no 'nodes'"));
  EXPECT_THAT(complaint_about(R"({"a": {"nodes": {}, "interface": {"inputs": {"p": []}}}})"),
      HasSubstr("node \"subgraph:a\", port \"p\": the input leads nowhere"));
  EXPECT_THAT(complaint_about(R"({"a": {"nodes": {}, "interface": {"outputs": {"p.q": "n.out"}}}})"),
      HasSubstr("'p.q' cannot be the name of an output"));
  EXPECT_THAT(complaint_about(R"({"a": {"nodes": {}, "interface": {"inputs": {"p": "n"}}}})"),
      HasSubstr("'/subgraphs/a/interface/inputs/p' is \"n\", which names no port"));
  EXPECT_THAT(complaint_about(R"({"": {"nodes": {}}})"), HasSubstr("cannot be the name of a subgraph"));
  EXPECT_THAT(complaint_about("[]"), HasSubstr("'/subgraphs' is a list"));
}

TEST(SubgraphFile, BringsOldNamesInsideADefinitionUpToDate) {
  Workflow workflow = parse_workflow(R"({"weft": 1, "nodes": {}, "subgraphs": {"a": {
      "nodes": {"load": {"type": "loader.checkpoint"},
                "words": {"type": "text.encode", "inputs": {"encoder": {"link": "load.text_encoder"}}}},
      "interface": {"inputs": {"text": "words.prompt"}}}}})");
  upgrade(workflow, sketch::registry());
  const Subgraph& subgraph = workflow.subgraphs.at("a");
  EXPECT_EQ(subgraph.graph.node("load").type, "model.load");
  EXPECT_EQ(std::get<Links>(subgraph.graph.node("words").inputs.at("clip")), (Links{{"load", "clip"}}));
  EXPECT_EQ(subgraph.interface.inputs.front().targets.front(), (PortRef{"words", "text"}));
}

// ---- Node types ----

class SubgraphTypes : public testing::Test {
 protected:
  const NodeInfo& draw() {
    types.emplace(workflow.subgraphs, registry);
    return *types->find("subgraph:draw");
  }
  Registry registry = sketch::registry();
  Workflow workflow = parse_workflow(kDrawing);
  std::optional<NodeTypes> types;
};

TEST_F(SubgraphTypes, PromotedParamsKeepTheirWidgetAndTakeTheDefinitionsValueAsDefault) {
  const PortInfo& steps = *draw().find_input("steps");
  EXPECT_EQ(steps.kind, PortKind::Param);
  EXPECT_EQ(steps.type, "int");
  EXPECT_EQ(steps.min, 1);
  EXPECT_EQ(steps.max, 10000);
  EXPECT_EQ(steps.init, 30);
}

TEST_F(SubgraphTypes, PortsHaveTheTypesOfWhatTheyLeadTo) {
  EXPECT_EQ(draw().find_input("clip")->type, "clip");
  EXPECT_FALSE(draw().find_input("clip")->optional);
  EXPECT_EQ(draw().find_output("picture")->type, "image");
}

TEST_F(SubgraphTypes, AnInputThatTheDefinitionLinksItselfMayStayOpen) {
  workflow.subgraphs.at("draw").interface.inputs.push_back({"words", {{"sample", "words"}}});
  EXPECT_TRUE(draw().find_input("words")->optional);
}

TEST_F(SubgraphTypes, AnInputOfSeveralPortsTakesWhatAllOfThemTake) {
  Subgraph& subgraph = workflow.subgraphs.at("draw");
  subgraph.graph.add({.id = "more", .type = "sample.image"});
  subgraph.interface.inputs.front().targets.push_back({"more", "cfg"});
  EXPECT_EQ(draw().find_input("steps")->max, 100);
  EXPECT_EQ(draw().find_input("steps")->min, 1);
}

TEST_F(SubgraphTypes, AnInstanceMakesAResultIfANodeInItDoes) {
  EXPECT_FALSE(draw().options.result);
  workflow.subgraphs.at("draw").graph.add({.id = "keep", .type = "image.save"});
  EXPECT_TRUE(draw().options.result);
  workflow.subgraphs.at("draw").graph.set_state("keep", NodeState::Muted);
  EXPECT_FALSE(draw().options.result);
}

// ---- Checks ----

class SubgraphValidation : public SubgraphTypes {
 protected:
  std::vector<std::string> problems(const std::vector<std::string>& wanted = {}) const {
    std::vector<std::string> texts;
    for (const Problem& problem : validate(workflow, registry, wanted)) texts.push_back(problem.text());
    return texts;
  }
  Graph& inside() { return workflow.subgraphs.at("draw").graph; }
};

TEST_F(SubgraphValidation, FindsNothingWrongWithAGoodOne) { EXPECT_THAT(problems(), IsEmpty()); }

TEST_F(SubgraphValidation, JudgesWhatAnInstanceGivesByTheInnerPorts) {
  workflow.graph.set_input("first", "steps", 0);
  workflow.graph.set_input("first", "model", Links{{"load", "clip"}});
  workflow.graph.set_input("first", "stesp", 3);
  EXPECT_THAT(problems(),
      ElementsAre(HasSubstr("node \"first\", port \"model\": 'load.clip' is of type 'clip'"),
          HasSubstr("node \"first\", port \"steps\": the value is 0"),
          HasSubstr("has no input of this name: did you mean 'steps'?")));
}

TEST_F(SubgraphValidation, MissesARequiredPortAtTheInstance) {
  workflow.graph.clear_input("first", "model");
  EXPECT_THAT(problems(), ElementsAre(HasSubstr("node \"first\", port \"model\": nothing is linked to this input")));
}

TEST_F(SubgraphValidation, NamesTheDefinitionOnceHoweverManyInstancesItHas) {
  GraphNode second = workflow.graph.node("first");
  second.id = "second";
  workflow.graph.add(second);
  inside().set_input("sample", "sampler", "eulr");
  EXPECT_THAT(problems(), ElementsAre(HasSubstr("node \"subgraph:draw/sample\", port \"sampler\": ")));
}

TEST_F(SubgraphValidation, FindsAnInstanceWithoutDefinition) {
  workflow.graph.set_type("first", "subgraph:darw");
  EXPECT_THAT(problems(),
      ElementsAre("node \"first\": there is no subgraph 'darw' in this workflow: did you mean "
                  "'draw'?"));
}

TEST_F(SubgraphValidation, FindsPortsThatLeadNowhereOrToTwoTypes) {
  SubgraphInterface& interface = workflow.subgraphs.at("draw").interface;
  interface.inputs.front().targets.push_back({"words", "text"});
  interface.outputs.push_back({"mask", {"ghost", "mask"}});
  EXPECT_THAT(problems(),
      ElementsAre(HasSubstr("node \"subgraph:draw/words\", port \"text\": the interface's input 'steps' leads "
                            "to ports of the types 'int' and 'string'"),
          HasSubstr("node \"subgraph:draw/ghost\", port \"mask\": the interface's output 'mask' leads "
                    "to this node, which does not exist")));
}

TEST_F(SubgraphValidation, LetsAnUnusedDefinitionBeIncomplete) {
  workflow.subgraphs["sketch"].graph.add({.id = "lonely", .type = "image.save"});
  EXPECT_THAT(problems(), IsEmpty());
  workflow.graph.add({.id = "used", .type = "subgraph:sketch"});
  EXPECT_THAT(problems({"used"}), ElementsAre(HasSubstr("node \"subgraph:sketch/lonely\", port \"image\"")));
}

TEST_F(SubgraphValidation, TakesAPathForANodeToRunUpTo) { EXPECT_THAT(problems({"first/words"}), IsEmpty()); }

TEST_F(SubgraphValidation, LinksToInstancesAreJudgedByTheirPorts) {
  const NodeTypes known(workflow.subgraphs, registry);
  EXPECT_EQ(why_not_link(workflow.graph, known, {"first", "picture"}, {"save", "image"}), std::nullopt);
  EXPECT_NE(why_not_link(workflow.graph, known, {"load", "clip"}, {"first", "steps"}), std::nullopt);
}

TEST_F(SubgraphValidation, APromotedParamIsSetByName) {
  set_by_name(workflow, registry, "first.steps", "44");
  EXPECT_EQ(workflow.graph.node("first").inputs.at("steps"), InputValue(44));
  EXPECT_THROW(set_by_name(workflow, registry, "first.steps", "0"), GraphError);
  EXPECT_THROW(set_by_name(workflow, registry, "first.words", "a"), GraphError);
}

// ---- Runs ----

/// A definition "twice": in -> left (1), right (2) -> sum; ports "in", "add" (of sum), outputs "out" and
/// "left".
class SubgraphRun : public toy::Stage {
 protected:
  SubgraphRun() {
    Subgraph& twice = subgraphs["twice"];
    twice.graph.add({.id = "left", .type = "toy.light", .inputs = {{"value", 1}}});
    twice.graph.add({.id = "right", .type = "toy.light", .inputs = {{"value", 2}}});
    twice.graph.add(
        {.id = "sum", .type = "toy.light", .inputs = {{"value", 0}, {"in", Links{{"left", "out"}, {"right", "out"}}}}});
    twice.interface = {.inputs = {{"in", {{"left", "in"}, {"right", "in"}}}, {"add", {{"sum", "value"}}}},
        .outputs = {{"out", {"sum", "out"}}, {"left", {"left", "out"}}}};
    node("start");
  }

  void instance(const std::string& id, const std::string& source, const std::string& type = "subgraph:twice") {
    graph.add({.id = id, .type = type, .inputs = {{"in", Links{{source, "out"}}}}});
  }

  RunResult run(std::vector<std::string> wanted, const Observer& observer = {}) {
    return executor().run({.graph = graph, .wanted = std::move(wanted), .subgraphs = subgraphs}, observer);
  }

  Subgraphs subgraphs;
};

TEST_F(SubgraphRun, ComputesWhatThePlainGraphWould) {
  instance("a", "start");
  graph.set_input("a", "add", 500);
  const RunResult result = run({"a"});
  EXPECT_TRUE(result.ok);
  EXPECT_EQ(toy::Stage::number(result, "a"), 2 * 1000 + 1 + 2 + 500);
  EXPECT_EQ(result.nodes.at("a").outputs.at(1).as<std::int64_t>(), 1001);
}

TEST_F(SubgraphRun, NamesInnerNodesByTheirPaths) {
  instance("a", "start");
  toy::EventLog log;
  run({"a"}, log.observer());
  EXPECT_EQ(ran(), (toy::Ids{"start", "a/left", "a/right", "a/sum"}));
  EXPECT_THAT(log.names["a/sum"], ElementsAre("node_queued", "node_started", "node_finished"));
}

TEST_F(SubgraphRun, ComputesEqualInstancesOnce) {
  instance("a", "start");
  instance("b", "start");
  EXPECT_EQ(number(run({"a", "b"}), "b"), 2003);
  EXPECT_EQ(ran().size(), 4u);
}

TEST_F(SubgraphRun, KeepsTheCacheWhenNodesArePackedUnderOtherIds) {
  instance("a", "start");
  run({"a"});
  ran();
  graph.rename("a", "other");
  EXPECT_EQ(number(run({"other"}), "other"), 2003);
  EXPECT_THAT(ran(), IsEmpty());
}

TEST_F(SubgraphRun, RunsSubgraphsInsideSubgraphs) {
  Subgraph& outer = subgraphs["outer"];
  outer.graph.add({.id = "one", .type = "subgraph:twice"});
  outer.graph.add({.id = "two", .type = "subgraph:twice", .inputs = {{"in", Links{{"one", "out"}}}}});
  outer.interface = {
      .inputs = {{"in", {{"one", "in"}}}, {"more", {{"two", "add"}}}}, .outputs = {{"out", {"two", "out"}}}};
  instance("o", "start", "subgraph:outer");
  graph.set_input("o", "more", 7);
  EXPECT_EQ(number(run({"o"}), "o"), 2 * 2003 + 3 + 7);
  EXPECT_EQ(ran().count("o/two/sum"), 1u);
}

TEST_F(SubgraphRun, RunsUpToANodeInsideAnInstance) {
  instance("a", "start");
  EXPECT_EQ(number(run({"a/left"}), "a/left"), 1001);
  EXPECT_EQ(ran(), (toy::Ids{"start", "a/left"}));
}

TEST_F(SubgraphRun, AddsLinksFromOutsideBehindThoseOfTheDefinition) {
  subgraphs["twice"].interface.inputs.push_back({"also", {{"sum", "in"}}});
  instance("a", "start");
  graph.set_input("a", "also", Links{{"start", "out"}});
  EXPECT_EQ(number(run({"a"}), "a"), 2003 + 1000);
}

TEST_F(SubgraphRun, NamesTheInnerNodeThatFailed) {
  instance("a", "start");
  act("a/left", [](RunContext&) { throw NodeError("broke"); });
  const RunResult result = run({"a"});
  EXPECT_FALSE(result.ok);
  ASSERT_EQ(result.problems.size(), 1u);
  EXPECT_EQ(result.problems.front().node, "a/left");
  EXPECT_EQ(result.nodes.at("a").state, toy::State::Failed);
}

TEST_F(SubgraphRun, SharesANodesPlaceWithNoOther) {
  instance("a", "start");
  graph.add({.id = "a/left", .type = "toy.light", .inputs = {{"in", Links{{"a", "out"}}}}});
  EXPECT_THROW(run({"a/left"}), GraphError);
}

TEST_F(SubgraphRun, RefusesToGrowWithoutEnd) {
  std::string inner = "twice";
  for (int level = 0; level < 25; ++level) {
    const std::string name = toy::numbered("level", level);
    for (const char* id : {"one", "two"}) subgraphs[name].graph.add({.id = id, .type = subgraph_type(inner)});
    inner = name;
  }
  graph.add({.id = "bomb", .type = subgraph_type(inner)});
  EXPECT_THROW(run({"bomb"}), GraphError);
}

TEST(SubgraphProperty, WhateverAFileHoldsIsJudgedAndExpandedOrRefused) {
  const Registry registry = sketch::registry();
  random::check(500, [&] {
    Workflow workflow = random::workflow();
    for (const GraphNode* node : workflow.graph.nodes())
      if (random::up_to(1)) workflow.graph.set_type(node->id, "image.grid");
    (void)validate(workflow, registry);
    try {
      const Expansion plain = expand(workflow.graph, workflow.subgraphs, registry);
      for (const GraphNode* node : plain.graph.nodes()) {
        RC_ASSERT(node->state == NodeState::Active);
        const auto name = subgraph_of_type(node->type);
        const bool instance = name && workflow.subgraphs.contains(*name);
        RC_ASSERT(!instance);
      }
    } catch (const GraphError&) {
    }
  });
}

}  // namespace
}  // namespace weft
