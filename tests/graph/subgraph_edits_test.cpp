#include "graph/subgraph_edits.h"

#include <gmock/gmock.h>

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

class SubgraphEdits : public testing::Test {
 protected:
  Workflow applied(const Edit& edit) {
    Workflow changed = workflow;
    const Edit inverse = weft::apply(changed, edit);
    Workflow back = changed;
    weft::apply(back, inverse);
    EXPECT_EQ(to_text(back), to_text(workflow)) << "undo is not exact";
    return changed;
  }

  template <class Work>
  static std::string complaint(const Work& work) {
    try {
      work();
    } catch (const GraphError& error) {
      return error.what();
    }
    return "";
  }

  Registry registry = sketch::registry();
  Workflow workflow = parse_workflow(sketch::kWorkflow);
};

TEST_F(SubgraphEdits, MakePortsOfLinksThatCrossTheBorder) {
  const Workflow packed = applied(make_subgraph(workflow, "", {"words", "sample"}, "draw", "drawing"));
  EXPECT_EQ(to_text(packed), R"({
  "weft": 1,
  "nodes": {
    "load": {
      "type": "model.load",
      "inputs": {"name": "small"}
    },
    "drawing": {
      "type": "subgraph:draw",
      "inputs": {
        "clip": {"link": "load.clip"},
        "model": {"link": "load.model"}
      },
      "ui": {"x": 320.0, "y": 0.0}
    },
    "save": {
      "type": "image.save",
      "inputs": {
        "image": {"link": "drawing.image"}
      }
    }
  },
  "interface": {
    "inputs": {"prompt": "drawing.prompt", "seed": "drawing.seed"},
    "outputs": {"picture": "save"}
  },
  "subgraphs": {
    "draw": {
      "nodes": {
        "words": {
          "type": "text.encode",
          "inputs": {"text": "a red boat"}
        },
        "sample": {
          "type": "sample.image",
          "inputs": {
            "seed": 18446744073709551615,
            "words": {"link": "words.words"}
          },
          "ui": {"x": 320, "y": 0}
        }
      },
      "interface": {
        "inputs": {
          "clip": "words.clip",
          "model": "sample.model",
          "prompt": "words.text",
          "seed": "sample.seed"
        },
        "outputs": {"image": "sample.image"}
      }
    }
  }
}
)");
  EXPECT_THAT(validate(packed, registry), IsEmpty());
}

TEST_F(SubgraphEdits, MakeOnePortOfASourceThatFeedsSeveralNodes) {
  GraphNode other = workflow.graph.node("sample");
  other.id = "other";
  workflow.graph.add(other);
  const Workflow packed = applied(make_subgraph(workflow, "", {"sample", "other"}, "two", "two"));
  const SubgraphInterface& interface = packed.subgraphs.at("two").interface;
  EXPECT_EQ(interface.find_input("model")->targets, (std::vector<PortRef>{{"sample", "model"}, {"other", "model"}}));
  EXPECT_EQ(packed.graph.node("two").inputs.size(), 2u);
}

TEST_F(SubgraphEdits, RefuseASelectionWithANodeBetween) {
  EXPECT_THAT(complaint([&] { make_subgraph(workflow, "", {"load", "sample"}, "draw", "drawing"); }),
      HasSubstr("node \"words\": the node stands between those that the subgraph shall hold"));
}

TEST_F(SubgraphEdits, RefuseWhatIsNotThereOrTaken) {
  EXPECT_THAT(complaint([&] { make_subgraph(workflow, "", {}, "a", "b"); }), HasSubstr("no node is selected"));
  EXPECT_THAT(complaint([&] { make_subgraph(workflow, "", {"ghost"}, "a", "b"); }), HasSubstr("no such node"));
  EXPECT_THAT(complaint([&] { make_subgraph(workflow, "", {"words"}, "a", "load"); }), HasSubstr("taken"));
  EXPECT_THAT(complaint([&] { make_subgraph(workflow, "", {"words"}, "", "b"); }), HasSubstr("the name of a subgraph"));
  EXPECT_THAT(complaint([&] { unpack_subgraph(workflow, registry, "", "load"); }), HasSubstr("no instance"));
  EXPECT_THAT(complaint([&] { promote_input(workflow, "ghost", {"a", "b"}); }), HasSubstr("no such subgraph"));
}

TEST_F(SubgraphEdits, UnpackToWhatWasPacked) {
  const Workflow before = workflow;
  workflow = applied(make_subgraph(workflow, "", {"words", "sample"}, "draw", "drawing"));
  const Workflow unpacked = applied(unpack_subgraph(workflow, registry, "", "drawing"));
  EXPECT_EQ(unpacked.graph, before.graph);
  EXPECT_EQ(unpacked.interface, before.interface);
  EXPECT_TRUE(unpacked.subgraphs.contains("draw")) << "other instances may need it";
}

TEST_F(SubgraphEdits, UnpackWithWhatTheInstanceGives) {
  workflow = applied(make_subgraph(workflow, "", {"words", "sample"}, "draw", "drawing"));
  weft::apply(workflow, SetInput{"drawing", "prompt", "a fox"});
  weft::apply(workflow, AddNode{{.id = "words", .type = "text.encode"}});
  const Workflow unpacked = applied(unpack_subgraph(workflow, registry, "", "drawing"));
  EXPECT_EQ(unpacked.graph.node("words_2").inputs.at("text"), InputValue("a fox"));
  EXPECT_EQ(unpacked.interface.inputs.at("prompt"), (PortRef{"words_2", "text"}));
  EXPECT_EQ(unpacked.graph.node("sample").inputs.at("words"), InputValue(Links{{"words_2", "words"}}));
}

TEST_F(SubgraphEdits, MoveUnpackedNodesToWhereTheInstanceIs) {
  workflow = applied(make_subgraph(workflow, "", {"words", "sample"}, "draw", "drawing"));
  weft::apply(workflow, SetUi{"drawing", {{"x", 1000}, {"y", 50}}});
  const Workflow unpacked = applied(unpack_subgraph(workflow, registry, "", "drawing"));
  EXPECT_EQ(unpacked.graph.node("sample").ui, (nlohmann::json{{"x", 1000.0}, {"y", 50.0}}));
}

TEST_F(SubgraphEdits, PackInsideADefinition) {
  workflow = applied(make_subgraph(workflow, "", {"words", "sample"}, "draw", "drawing"));
  workflow = applied(make_subgraph(workflow, "draw", {"words"}, "say", "saying"));
  EXPECT_EQ(
      workflow.subgraphs.at("draw").interface.find_input("prompt")->targets.front(), (PortRef{"saying", "prompt"}));
  EXPECT_THAT(validate(workflow, registry), IsEmpty());
  workflow = applied(unpack_subgraph(workflow, registry, "draw", "saying"));
  EXPECT_EQ(workflow.subgraphs.at("draw").interface.find_input("prompt")->targets.front(), (PortRef{"words", "text"}));
}

TEST_F(SubgraphEdits, RenameADefinitionWithItsInstances) {
  workflow = applied(make_subgraph(workflow, "", {"words"}, "say", "saying"));
  workflow = applied(make_subgraph(workflow, "", {"saying", "sample"}, "draw", "drawing"));
  const Workflow renamed = applied(rename_subgraph(workflow, "say", "speak"));
  EXPECT_EQ(renamed.subgraphs.at("draw").graph.node("saying").type, "subgraph:speak");
  EXPECT_THAT(validate(renamed, registry), IsEmpty());
  EXPECT_THAT(complaint([&] { rename_subgraph(workflow, "say", "draw"); }), HasSubstr("another subgraph"));
}

TEST_F(SubgraphEdits, PromoteRenameAndRemovePorts) {
  workflow = applied(make_subgraph(workflow, "", {"sample"}, "draw", "drawing"));
  workflow = applied(promote_input(workflow, "draw", {"sample", "steps"}));
  weft::apply(workflow, SetInput{"drawing", "steps", 7});
  EXPECT_THAT(complaint([&] { promote_input(workflow, "draw", {"sample", "steps"}, "again"); }),
      HasSubstr("this is the subgraph's input 'steps' already"));

  workflow = applied(rename_subgraph_input(workflow, "draw", "steps", "count"));
  EXPECT_EQ(workflow.graph.node("drawing").inputs.at("count"), InputValue(7));
  workflow = applied(rename_subgraph_input(workflow, "draw", "seed", "chance"));
  EXPECT_EQ(workflow.interface.inputs.at("seed"), (PortRef{"drawing", "chance"}));
  workflow = applied(rename_subgraph_output(workflow, "draw", "image", "picture"));
  EXPECT_THAT(validate(workflow, registry), IsEmpty());

  workflow = applied(remove_subgraph_input(workflow, "draw", "count"));
  EXPECT_FALSE(workflow.graph.node("drawing").inputs.contains("count"));
  workflow = applied(remove_subgraph_output(workflow, "draw", "picture"));
  EXPECT_FALSE(workflow.graph.node("save").inputs.contains("image"));
  workflow = applied(promote_output(workflow, "draw", {"sample", "image"}, "again"));
  EXPECT_NE(workflow.subgraphs.at("draw").interface.find_output("again"), nullptr);
  EXPECT_THAT(
      complaint([&] { rename_subgraph_input(workflow, "draw", "mdoel", "x"); }), HasSubstr("did you mean 'model'?"));
}

TEST_F(SubgraphEdits, EditInsideADefinitionAndItsPortsFollow) {
  workflow = applied(make_subgraph(workflow, "", {"words", "sample"}, "draw", "drawing"));
  workflow = applied(EditSubgraph{"draw", {RenameNode{"words", "text"}, SetInput{"sample", "steps", 3}}});
  const Subgraph& draw = workflow.subgraphs.at("draw");
  EXPECT_EQ(draw.interface.find_input("clip")->targets.front(), (PortRef{"text", "clip"}));
  EXPECT_EQ(draw.graph.node("sample").inputs.at("steps"), InputValue(3));
  workflow = applied(EditSubgraph{"draw", {RemoveNode{"text"}, SetExtra{{{"ui", {{"frames", 1}}}}}}});
  EXPECT_EQ(workflow.subgraphs.at("draw").interface.find_input("clip"), nullptr);
}

TEST_F(SubgraphEdits, RefuseADefinitionInsideItself) {
  workflow = applied(make_subgraph(workflow, "", {"words"}, "say", "saying"));
  workflow = applied(make_subgraph(workflow, "", {"saying", "sample"}, "draw", "drawing"));
  const Edit loop = EditSubgraph{"say", {AddNode{{.id = "n", .type = "subgraph:draw"}}}};
  const std::string before = to_text(workflow);
  EXPECT_THAT(complaint([&] { weft::apply(workflow, loop); }), HasSubstr("holds itself: draw -> say -> draw"));
  EXPECT_EQ(to_text(workflow), before);
}

TEST_F(SubgraphEdits, RefuseInsideADefinitionWhatIsOfTheWholeWorkflow) {
  workflow = applied(make_subgraph(workflow, "", {"words"}, "say", "saying"));
  EXPECT_THROW(weft::apply(workflow, EditSubgraph{"say", {SetInterface{}}}), GraphError);
  EXPECT_THROW(weft::apply(workflow, EditSubgraph{"ghost", {}}), GraphError);
}

// ---- Packing changes no results ----

class PackedRuns : public toy::Stage {};

TEST_F(PackedRuns, GiveWhatThePlainOnesGiveAndUnpackToThem) {
  int packed_ones = 0;
  random::check(300, [&] {
    Workflow plain;
    const int count = 3 + random::up_to(7);
    for (int i = 0; i < count; ++i) {
      GraphNode node{.id = toy::numbered("n", i), .type = "toy.light", .inputs = {{"value", random::up_to(1000)}}};
      Links links;
      for (int k = 0; k < i && links.size() < 3; ++k)
        if (random::up_to(2) == 0) links.push_back({toy::numbered("n", k), "out"});
      if (!links.empty()) node.inputs["in"] = links;
      plain.graph.add(std::move(node));
    }
    std::vector<std::string> chosen;
    for (int i = 0; i < count; ++i)
      if (random::up_to(1) == 0) chosen.push_back(toy::numbered("n", i));
    const std::string last = toy::numbered("n", count - 1);
    plain.interface.outputs = {{"end", {last, "out"}}};

    Workflow packed = plain;
    try {
      weft::apply(packed, make_subgraph(plain, "", chosen, "some", "instance"));
    } catch (const GraphError&) {
      return;  // none chosen, one between, or a list that does not divide
    }
    ++packed_ones;
    const auto end_of = [&](const Workflow& workflow) {
      const PortRef& end = workflow.interface.outputs.at("end");
      const RunResult result =
          executor().run({.graph = workflow.graph, .wanted = {end.node}, .subgraphs = workflow.subgraphs});
      const NodeTypes types(workflow.subgraphs, registry);
      const std::vector<PortInfo>& ports = types.find(workflow.graph.node(end.node).type)->outputs;
      const auto port = std::ranges::find(ports, end.port, &PortInfo::name) - ports.begin();
      return result.nodes.at(end.node).outputs.at(static_cast<std::size_t>(port)).as<std::int64_t>();
    };
    RC_ASSERT(end_of(packed) == end_of(plain));
    RC_ASSERT(parse_workflow(to_text(packed)) == packed);

    weft::apply(packed, unpack_subgraph(packed, registry, "", "instance"));
    RC_ASSERT(packed.graph == plain.graph);
    RC_ASSERT(packed.interface == plain.interface);
  });
  EXPECT_GT(packed_ones, 50);
}

}  // namespace
}  // namespace weft
