// Gestures inside subgraphs: a definition is edited as the workflow's own graph is.
#include <gmock/gmock.h>

#include "editor/session/annotations.h"
#include "editor/session/clipboard.h"
#include "editor/session/gestures.h"
#include "editor/session/run_state.h"
#include "tests/graph/sketch_nodes.h"

namespace weft::editor {
namespace {

using testing::ElementsAre;

class SubgraphGestures : public testing::Test {
 protected:
  SubgraphGestures() { instance = make_subgraph(document, {"words", "sample"}, "draw"); }

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

TEST_F(SubgraphGestures, EditWhatIsInsideOnceItWasEntered) {
  document.enter("draw");
  EXPECT_EQ(document.scope(), "draw");
  EXPECT_EQ(document.address("sample"), "draw/sample");
  set_param(document, "sample", "steps", 30);
  add_frame(document, "Inside", {});
  disconnect(document, {{{"words", "words"}, {"sample", "words"}}});
  EXPECT_EQ(lazy_connect(document, registry, "words", "sample"),
            (Link{{"words", "words"}, {"sample", "words"}}));
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

TEST_F(SubgraphGestures, AnInstanceShowsWhatItsNodesDo) {
  DocumentRun run;
  run.nodes["draw/words"].state = NodeRun::State::Done;
  run.nodes["draw/words"].seconds = 1;
  run.nodes["draw/sample"].state = NodeRun::State::Running;
  run.nodes["draw/sample"].seconds = 2;
  run.nodes["drawing"].state = NodeRun::State::Failed;
  const std::optional<NodeRun> whole = node_run(run, document, "draw");
  ASSERT_TRUE(whole);
  EXPECT_EQ(whole->state, NodeRun::State::Running);
  EXPECT_EQ(whole->seconds, 3);
  EXPECT_FALSE(node_run(run, document, "save"));
  document.enter("draw");
  EXPECT_EQ(node_run(run, document, "words")->state, NodeRun::State::Done);
}

}  // namespace
}  // namespace weft::editor
