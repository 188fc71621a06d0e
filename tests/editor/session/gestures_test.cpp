#include "editor/session/gestures.h"

#include <gmock/gmock.h>

#include "editor/session/annotations.h"
#include "editor/session/node_ui.h"
#include "tests/graph/sketch_nodes.h"

namespace weft::editor {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

class Gestures : public testing::Test {
 protected:
  Links links(const std::string& node, const std::string& port) const {
    const GraphNode& found = document.graph().node(node);
    const auto input = found.inputs.find(port);
    if (input == found.inputs.end()) return {};
    return std::get<Links>(input->second);
  }

  /// One step, and undo takes it back byte for byte.
  void expect_one_step() {
    EXPECT_EQ(document.step_names().size(), 1u);
    document.undo();
    EXPECT_EQ(to_text(document.workflow()), sketch::kWorkflow);
    document.redo();
  }

  Registry registry = sketch::registry();
  Document document{parse_workflow(sketch::kWorkflow)};
};

TEST_F(Gestures, AddANodeUnderAFreeName) {
  EXPECT_EQ(add_node(document, registry, "model.load", {30, 40}), "load_2");
  EXPECT_EQ(node_ui(document.graph().node("load_2")).at, (Point{30, 40}));
  EXPECT_THAT(document.selection().nodes, ElementsAre("load_2"));
  expect_one_step();
}

TEST_F(Gestures, AddANodeAtTheEndOfALinkFromAnOutput) {
  const NodeChoice choice{registry.find("image.save"), "image"};
  const std::string id = add_linked_node(document, registry, choice, {0, 0}, {{"sample", "image"}, true});
  EXPECT_THAT(links(id, "image"), ElementsAre(PortRef{"sample", "image"}));
  expect_one_step();
}

TEST_F(Gestures, AddANodeAtTheEndOfALinkFromAnInput) {
  const NodeChoice choice{registry.find("image.grid"), "image"};
  const std::string id = add_linked_node(document, registry, choice, {0, 0}, {{"save", "image"}, false});
  EXPECT_THAT(links("save", "image"), ElementsAre(PortRef{id, "image"}));
  expect_one_step();
}

TEST_F(Gestures, DeleteNodesWithTheirLinks) {
  remove(document, registry, {.nodes = {"words", "sample"}});
  EXPECT_FALSE(document.graph().contains("words"));
  EXPECT_THAT(links("save", "image"), ElementsAre());
  expect_one_step();
}

TEST_F(Gestures, HealTheLinksOfNodesThatAreDissolved) {
  add_on_link(document, registry, "image.grid", {}, {{"sample", "image"}, {"save", "image"}});
  add_on_link(document, registry, "image.grid", {}, {{"grid", "image"}, {"save", "image"}});
  EXPECT_THAT(links("save", "image"), ElementsAre(PortRef{"grid_2", "image"}));
  remove(document, registry, {.nodes = {"grid", "grid_2"}}, /*heal=*/true);
  EXPECT_THAT(links("save", "image"), ElementsAre(PortRef{"sample", "image"}));
}

TEST_F(Gestures, CutLinksThatCannotBeHealed) {
  remove(document, registry, {.nodes = {"sample"}}, /*heal=*/true);  // words and a model make no image
  EXPECT_THAT(links("save", "image"), ElementsAre());
}

TEST_F(Gestures, DetachANodeAndHealItsLinks) {
  add_on_link(document, registry, "image.grid", {}, {{"sample", "image"}, {"save", "image"}});
  detach(document, registry, {"grid"});
  EXPECT_THAT(links("grid", "images"), ElementsAre());
  EXPECT_THAT(links("save", "image"), ElementsAre(PortRef{"sample", "image"}));
}

TEST_F(Gestures, InsertANodeIntoALink) {
  const std::string id = add_node(document, registry, "image.grid", {});
  insert_on_link(document, registry, id, {{"sample", "image"}, {"save", "image"}});
  EXPECT_THAT(links(id, "images"), ElementsAre(PortRef{"sample", "image"}));
  EXPECT_THAT(links("save", "image"), ElementsAre(PortRef{id, "image"}));
}

TEST_F(Gestures, RefuseToInsertANodeThatDoesNotFit) {
  const std::string id = add_node(document, registry, "model.load", {});
  EXPECT_THROW(insert_on_link(document, registry, id, {{"sample", "image"}, {"save", "image"}}), GraphError);
}

TEST_F(Gestures, ReplaceTheLinkOfAnInputThatTakesOne) {
  add_node(document, registry, "image.grid", {});
  document.end_gesture();
  connect(document, registry, {{"grid", "image"}, {"save", "image"}});
  EXPECT_THAT(links("save", "image"), ElementsAre(PortRef{"grid", "image"}));
}

TEST_F(Gestures, AddALinkToAnInputThatTakesMany) {
  add_node(document, registry, "image.grid", {});
  add_node(document, registry, "image.grid", {});
  connect(document, registry, {{"sample", "image"}, {"grid", "images"}});
  connect(document, registry, {{"grid_2", "image"}, {"grid", "images"}});
  EXPECT_THAT(links("grid", "images"), ElementsAre(PortRef{"sample", "image"}, PortRef{"grid_2", "image"}));
}

TEST_F(Gestures, RefuseALinkWithTheReason) {
  try {
    connect(document, registry, {{"load", "model"}, {"save", "image"}});
    FAIL() << "it was linked";
  } catch (const GraphError& error) {
    EXPECT_THAT(error.what(), HasSubstr("is of type 'model', the input takes 'image'"));
  }
  EXPECT_EQ(document.position(), 0u);
}

TEST_F(Gestures, MoveALinkAsOneStep) {
  const Link old{{"sample", "image"}, {"save", "image"}};
  reconnect(document, registry, old, old);
  EXPECT_EQ(document.position(), 0u) << "the same link is no change";
  add_node(document, registry, "image.save", {});
  reconnect(document, registry, old, {{"sample", "image"}, {"save_2", "image"}});
  EXPECT_THAT(links("save", "image"), ElementsAre());
  EXPECT_THAT(links("save_2", "image"), ElementsAre(PortRef{"sample", "image"}));
  EXPECT_EQ(document.step_names().back(), "Move link");
}

TEST_F(Gestures, CutManyLinksAsOneStep) {
  disconnect(document, {{{"load", "clip"}, {"words", "clip"}}, {{"load", "model"}, {"sample", "model"}}});
  EXPECT_THAT(links("words", "clip"), ElementsAre());
  EXPECT_THAT(links("sample", "model"), ElementsAre());
  expect_one_step();
}

TEST_F(Gestures, ConnectTwoNodesByTheirBestPorts) {
  disconnect(document, {{{"load", "model"}, {"sample", "model"}}});
  EXPECT_EQ(lazy_connect(document, registry, "sample", "load"), (Link{{"load", "model"}, {"sample", "model"}}));
  EXPECT_THROW(lazy_connect(document, registry, "load", "save"), GraphError);
}

TEST_F(Gestures, MoveNodesAndAnnotationsAsOneStepOfADrag) {
  const std::string frame = add_frame(document, "Text", {{0, 0}, {100, 100}});
  document.end_gesture();
  Positions at = positions(document, {.nodes = {"sample"}, .annotations = {frame}});
  for (int i = 0; i < 10; ++i) {
    at.nodes["sample"] = at.nodes["sample"] + Point{1, 2};
    at.annotations[frame] = at.annotations[frame] + Point{1, 2};
    move(document, at);
  }
  EXPECT_EQ(document.step_names().size(), 2u);
  EXPECT_EQ(node_ui(document.graph().node("sample")).at, (Point{330, 20}));
  EXPECT_EQ(annotations(document.workflow()).frames.at(0).area.at, (Point{10, 20}));
  document.undo();
  EXPECT_EQ(node_ui(document.graph().node("sample")).at, (Point{320, 0}));
}

TEST_F(Gestures, KeepUnknownKeysOfANodesUi) {
  document.apply("", {{SetUi{"sample", {{"x", 1}, {"mood", "blue"}}}}});
  set_collapsed(document, {"sample"}, true);
  set_collapsed(document, {"sample"}, false);
  EXPECT_EQ(document.graph().node("sample").ui, (nlohmann::json{{"x", 1}, {"y", 0}, {"mood", "blue"}}));
}

TEST_F(Gestures, ReadWhateverAUiHolds) {
  document.apply(
      "", {{SetUi{"sample", {{"x", "left"}, {"y", nullptr}, {"collapsed", 3}, {"shown_ports", {1, "cfg"}}}}}});
  const NodeUi ui = node_ui(document.graph().node("sample"));
  EXPECT_EQ(ui.at, (Point{0, 0}));
  EXPECT_FALSE(ui.collapsed);
  EXPECT_THAT(ui.shown_ports, ElementsAre("cfg"));
}

TEST_F(Gestures, RenameANodeWithItsLinksInterfaceReroutesAndSelection) {
  add_reroute(document, {"words", "words"}, {"sample", "words"}, {5, 5});
  document.select({.nodes = {"words"}});
  rename(document, "words", "positive");
  EXPECT_EQ(document.workflow().interface.inputs.at("prompt").node, "positive");
  EXPECT_EQ(annotations(document.workflow()).reroutes.at(0).source.node, "positive");
  EXPECT_THAT(document.selection().nodes, ElementsAre("positive"));
  EXPECT_THROW(rename(document, "load", "save"), GraphError);
}

TEST_F(Gestures, TakeAParamsDefaultAgain) {
  set_param(document, "sample", "steps", 30);
  document.end_gesture();
  set_param(document, "sample", "steps", nullptr);
  EXPECT_FALSE(document.graph().node("sample").inputs.contains("steps"));
}

TEST_F(Gestures, MakeAParamAnInputAndBack) {
  show_as_input(document, "sample", "steps", true);
  EXPECT_THAT(node_ui(document.graph().node("sample")).shown_ports, ElementsAre("steps"));
  add_node(document, registry, "image.grid", {});
  connect(document, registry, {{"grid", "count"}, {"sample", "steps"}});
  show_as_input(document, "sample", "steps", false);
  EXPECT_THAT(links("sample", "steps"), ElementsAre());
  EXPECT_TRUE(node_ui(document.graph().node("sample")).shown_ports.empty());
}

TEST_F(Gestures, NamePortsForCallers) {
  EXPECT_EQ(expose_input(document, {"sample", "steps"}, "seed"), "seed_2");
  EXPECT_EQ(document.workflow().interface.inputs.at("seed_2"), (PortRef{"sample", "steps"}));
  expect_one_step();
}

TEST(Links, SayBeforeTheReleaseWhyTwoPortsDoNotFit) {
  const Registry registry = sketch::registry();
  const Graph graph = parse_workflow(sketch::kWorkflow).graph;
  EXPECT_THAT(check_link(graph, registry, {{"load", "clip"}, {"save", "image"}}).problem->what, HasSubstr("type"));
  EXPECT_THAT(check_link(graph, registry, {{"sample", "image"}, {"sample", "start"}}).problem->what,
      HasSubstr("cannot feed itself"));
  const LinkCheck replacing = check_link(graph, registry, {{"sample", "image"}, {"save", "image"}});
  EXPECT_TRUE(replacing.ok() && replacing.exists);
}

TEST(Links, NameTheCycleThatALinkWouldClose) {
  const Registry registry = sketch::registry();
  Document document{parse_workflow(sketch::kWorkflow)};
  add_on_link(document, registry, "image.grid", {}, {{"sample", "image"}, {"save", "image"}});
  const LinkCheck check = check_link(document.graph(), registry, {{"grid", "image"}, {"sample", "start"}});
  ASSERT_FALSE(check.ok());
  EXPECT_THAT(check.problem->what, HasSubstr("cycle"));
  EXPECT_THAT(check.problem->what, HasSubstr("grid"));
}

TEST(Links, SayWhatTheyReplace) {
  const Registry registry = sketch::registry();
  Document document{parse_workflow(sketch::kWorkflow)};
  add_node(document, registry, "image.grid", {});
  const LinkCheck check = check_link(document.graph(), registry, {{"grid", "image"}, {"save", "image"}});
  EXPECT_TRUE(check.ok());
  EXPECT_EQ(check.replaces, (PortRef{"sample", "image"}));
}

TEST(Links, FindNodeTypesForADraggedEnd) {
  const Registry registry = sketch::registry();
  const Graph graph = parse_workflow(sketch::kWorkflow).graph;
  std::vector<std::string> from_image, to_words;
  for (const NodeChoice& choice : nodes_for_link(graph, registry, {{"sample", "image"}, true}))
    from_image.push_back(choice.type->id + "." + choice.port);
  for (const NodeChoice& choice : nodes_for_link(graph, registry, {{"sample", "words"}, false}))
    to_words.push_back(choice.type->id + "." + choice.port);
  EXPECT_THAT(from_image, ElementsAre("image.grid.images", "image.save.image", "sample.image.start"));
  EXPECT_THAT(to_words, ElementsAre("text.encode.words"));
}

TEST(Links, ChooseAFreeInputBeforeAnOccupiedOne) {
  const Registry registry = sketch::registry();
  Document document;
  add_node(document, registry, "image.grid", {});
  add_node(document, registry, "sample.image", {});
  EXPECT_EQ(best_link(document.graph(), registry, "grid", "image"), (Link{{"grid", "image"}, {"image", "start"}}));
  connect(document, registry, {{"grid", "image"}, {"image", "start"}});
  EXPECT_EQ(best_link(document.graph(), registry, "grid", "image"), (Link{{"grid", "count"}, {"image", "seed"}}))
      << "start is linked already";
}

}  // namespace
}  // namespace weft::editor
