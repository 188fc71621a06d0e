// Gestures inside subgraphs: a definition is edited as the workflow's own graph is.
#include <gmock/gmock.h>

#include "editor/session/annotations.h"
#include "editor/session/clipboard.h"
#include "editor/session/gestures.h"
#include "tests/graph/sketch_nodes.h"

namespace weft::editor {
namespace {

using testing::ElementsAre;

class SubgraphGestures : public testing::Test {
 protected:
  SubgraphGestures() { instance = make_subgraph(document, registry, {"words", "sample"}, "draw"); }

  Registry registry = sketch::registry();
  Document document{parse_workflow(sketch::kWorkflow)};
  std::string instance;
};

TEST_F(SubgraphGestures, MakeUnpackAndUndo) {
  EXPECT_EQ(instance, "draw");
  EXPECT_THAT(document.selection().nodes, ElementsAre("draw"));
  EXPECT_NE(document.types(registry).find("subgraph:draw"), nullptr);
  unpack_subgraph(document, registry, "draw");
  EXPECT_THAT(document.selection().nodes, ElementsAre("sample", "words"));
  document.go_to(0);
  EXPECT_EQ(to_text(document.workflow()), sketch::kWorkflow);
}

TEST_F(SubgraphGestures, MakePortsInTheOrderOfTheNodesOwn) {
  document.go_to(0);
  const std::string first = add_node(document, registry, "sample.image", {});
  connect(document, registry, {{first, "image"}, {"sample", "start"}});
  make_subgraph(document, registry, {"sample"}, "one");
  std::vector<std::string> ports;
  for (const SubgraphInput& input : document.workflow().subgraphs.at("one").interface.inputs)
    ports.push_back(input.name);
  EXPECT_THAT(ports, ElementsAre("model", "words", "start", "seed"));
}

TEST_F(SubgraphGestures, EditWhatIsInsideOnceItWasEntered) {
  document.enter("draw");
  EXPECT_EQ(document.scope(), "draw");
  EXPECT_EQ(document.address("sample"), "draw/sample");
  set_param(document, "sample", "steps", 30);
  add_frame(document, "Inside", {});
  disconnect(document, {{{"words", "words"}, {"sample", "words"}}});
  EXPECT_EQ(lazy_connect(document, registry, "words", "sample"), (Link{{"words", "words"}, {"sample", "words"}}));
  rename(document, "words", "positive");
  const Subgraph& draw = document.workflow().subgraphs.at("draw");
  EXPECT_EQ(std::get<Literal>(draw.graph.node("sample").inputs.at("steps")), 30);
  EXPECT_TRUE(draw.graph.contains("positive"));
  EXPECT_EQ(annotations(draw.graph, draw.extra).frames.size(), 1u);
  EXPECT_TRUE(annotations(document.workflow()).frames.empty());
  EXPECT_EQ(to_text(parse_workflow(to_text(document.workflow()))), to_text(document.workflow()));
  document.go_to(0);
  EXPECT_EQ(to_text(document.workflow()), sketch::kWorkflow);
}

TEST_F(SubgraphGestures, GoBackToWhereAStepWasMade) {
  document.enter("draw");
  set_param(document, "sample", "steps", 30);
  document.leave(0);
  EXPECT_THAT(document.selection().nodes, ElementsAre("draw"));
  EXPECT_EQ(document.scope(), "");
  document.undo();
  EXPECT_THAT(document.path(), ElementsAre("draw"));
  document.undo();  // the subgraph goes
  EXPECT_THAT(document.path(), ElementsAre());
  document.redo();
  document.redo();
  EXPECT_THAT(document.path(), ElementsAre("draw"));
}

TEST_F(SubgraphGestures, CannotEnterAPlainNode) { EXPECT_THROW(document.enter("save"), GraphError); }

TEST_F(SubgraphGestures, PromoteAParamThatTheInstanceThenHas) {
  document.enter("draw");
  promote(document, {{"sample", "cfg"}, false});
  document.leave(0);
  ASSERT_NE(document.types(registry).find("subgraph:draw")->find_input("cfg"), nullptr);
  set_param(document, "draw", "cfg", 7.5);
  EXPECT_THROW(promote(document, {{"load", "name"}, false}), GraphError);
}

TEST_F(SubgraphGestures, RenamePortsAndWhatStandsAtTheInstancesFollows) {
  document.enter("draw");
  promote(document, {{"sample", "steps"}, false});
  document.leave(0);
  set_param(document, "draw", "steps", 12);
  document.enter("draw");
  rename_port(document, Side::Input, "steps", "how_many");
  EXPECT_EQ(std::get<Literal>(document.workflow().graph.node("draw").inputs.at("how_many")), 12);
  const std::string out = document.workflow().subgraphs.at("draw").interface.outputs.front().name;
  rename_port(document, Side::Output, out, "result");
  EXPECT_EQ(std::get<Links>(document.workflow().graph.node("save").inputs.at("image")), (Links{{"draw", "result"}}));
  EXPECT_THROW(rename_port(document, Side::Input, "nobody", "somebody"), GraphError);
  remove_port(document, Side::Input, "how_many");
  EXPECT_FALSE(document.workflow().graph.node("draw").inputs.contains("how_many"));
  EXPECT_EQ(document.scope(), "draw");
  document.go_to(0);
  EXPECT_EQ(to_text(document.workflow()), sketch::kWorkflow);
}

TEST_F(SubgraphGestures, RemoveADefinitionThatNothingStandsFor) {
  EXPECT_EQ(count_instances(document.workflow(), "draw"), 1u);
  EXPECT_THROW(remove_subgraph(document, "draw"), GraphError);
  unpack_subgraph(document, registry, instance);
  EXPECT_EQ(count_instances(document.workflow(), "draw"), 0u);
  remove_subgraph(document, "draw");
  EXPECT_TRUE(document.workflow().subgraphs.empty());
  document.undo();
  EXPECT_EQ(document.workflow().subgraphs.size(), 1u);
}

TEST_F(SubgraphGestures, MovePortsOfADefinition) {
  document.enter("draw");
  for (const char* param : {"steps", "cfg"}) promote(document, {{"sample", param}, false});
  const auto names = [&] {
    std::vector<std::string> names;
    for (const SubgraphInput& input : document.workflow().subgraphs.at("draw").interface.inputs)
      names.push_back(input.name);
    return names;
  };
  const std::vector<std::string> before = names();
  move_port(document, Side::Input, "cfg", -1);
  EXPECT_EQ(names().back(), "steps");
  EXPECT_EQ(names()[before.size() - 2], "cfg");
  const std::size_t steps = document.step_names().size();
  move_port(document, Side::Input, "steps", 1);  // it is the last
  EXPECT_EQ(document.step_names().size(), steps) << "nothing changed";
  document.undo();
  EXPECT_EQ(names(), before);
}

TEST(InterfaceGestures, RenameAndRemoveNamesForCallers) {
  Document document{parse_workflow(sketch::kWorkflow)};
  const std::string name = expose_input(document, {"sample", "steps"}, "steps");
  rename_port(document, Side::Input, name, "how many");
  EXPECT_EQ(document.workflow().interface.inputs.at("how many"), (PortRef{"sample", "steps"}));
  expose_input(document, {"words", "text"}, "text");
  EXPECT_THROW(rename_port(document, Side::Input, "text", "how many"), GraphError);
  EXPECT_THROW(rename_port(document, Side::Input, "text", ""), GraphError);
  EXPECT_THROW(remove_port(document, Side::Output, "text"), GraphError);
  remove_port(document, Side::Input, "text");
  EXPECT_FALSE(document.workflow().interface.inputs.contains("text"));
  document.undo();
  EXPECT_TRUE(document.workflow().interface.inputs.contains("text"));
}

TEST_F(SubgraphGestures, CopyAnInstanceWithItsDefinition) {
  const std::string text = copy(document, {.nodes = {"draw"}});
  Document other;
  paste(other, registry, text, {});
  EXPECT_EQ(other.workflow().subgraphs.at("draw"), document.workflow().subgraphs.at("draw"));
  paste(other, registry, text, {});
  EXPECT_EQ(other.workflow().subgraphs.size(), 1u);
  EXPECT_EQ(other.graph().node("draw_2").type, "subgraph:draw");
}

TEST_F(SubgraphGestures, GiveADefinitionOfTheSameNameAnotherOne) {
  const std::string text = copy(document, {.nodes = {"draw"}});
  document.enter("draw");
  set_param(document, "sample", "steps", 30);
  document.leave(0);
  paste(document, registry, text, {});
  EXPECT_EQ(document.graph().node("draw_2").type, "subgraph:draw_2");
  EXPECT_EQ(document.workflow().subgraphs.size(), 2u);
}

TEST_F(SubgraphGestures, CannotPasteASubgraphIntoItself) {
  const std::string text = copy(document, {.nodes = {"draw"}});
  const std::string before = to_text(document.workflow());
  document.enter("draw");
  EXPECT_THROW(paste(document, registry, text, {}), GraphError);
  EXPECT_EQ(to_text(document.workflow()), before);
}

TEST_F(SubgraphGestures, MuteAndBypass) {
  set_state(document, {"draw", "save"}, NodeState::Muted);
  set_state(document, {"save"}, NodeState::Bypassed);
  EXPECT_EQ(document.graph().node("draw").state, NodeState::Muted);
  EXPECT_EQ(document.step_names().back(), "Bypass save");
  set_state(document, {"save"}, NodeState::Bypassed);
  EXPECT_EQ(document.step_names().size(), 3u) << "nothing changed";
}

}  // namespace
}  // namespace weft::editor
