#include "editor/session/clipboard.h"

#include <gmock/gmock.h>

#include "editor/session/annotations.h"
#include "editor/session/gestures.h"
#include "editor/session/node_ui.h"
#include "tests/graph/sketch_nodes.h"

namespace weft::editor {
namespace {

using testing::ElementsAre;
using testing::UnorderedElementsAre;

class Clipboard : public testing::Test {
 protected:
  Links links(const Document& in, const std::string& node, const std::string& port) const {
    const auto input = in.graph().node(node).inputs.find(port);
    return input == in.graph().node(node).inputs.end() ? Links{} : std::get<Links>(input->second);
  }

  Registry registry = sketch::registry();
  Document document{parse_workflow(sketch::kWorkflow)};
};

TEST_F(Clipboard, HoldsAWorkflowFileOfWhatWasCopied) {
  const std::string text = copy(document, {.nodes = {"sample", "save"}});
  const Workflow copied = parse_workflow(text);
  EXPECT_EQ(copied.graph.size(), 2u);
  EXPECT_TRUE(can_paste(text));
  EXPECT_FALSE(can_paste("a red boat"));
  EXPECT_FALSE(can_paste("{\"weft\": 1"));
  EXPECT_EQ(copy(document, {}), "");
}

TEST_F(Clipboard, PastesIntoAnotherDocumentWithTheLinksAmongTheCopies) {
  Document other;
  paste(other, registry, copy(document, {.nodes = {"load", "words", "sample"}}), {500, 600});
  EXPECT_THAT(links(other, "words", "clip"), ElementsAre(PortRef{"load", "clip"}));
  EXPECT_EQ(node_ui(other.graph().node("load")).at, (Point{500, 600}));
  EXPECT_EQ(node_ui(other.graph().node("sample")).at, (Point{820, 600}));
  EXPECT_EQ(other.step_names().size(), 1u);
}

TEST_F(Clipboard, PastesUnderFreeNamesAndSelectsWhatItPasted) {
  const std::string text = copy(document, {.nodes = {"words", "sample"}});
  const Selection pasted = paste(document, registry, text, {});
  EXPECT_THAT(pasted.nodes, UnorderedElementsAre("words_2", "sample_2"));
  EXPECT_EQ(document.selection(), pasted);
  EXPECT_THAT(links(document, "sample_2", "words"), ElementsAre(PortRef{"words_2", "words"}));
  EXPECT_THAT(links(document, "sample_2", "model"), ElementsAre());
}

TEST_F(Clipboard, PastesWithLinksFromOutsideWhereTheyFit) {
  const std::string text = copy(document, {.nodes = {"words", "sample"}});
  paste(document, registry, text, {}, OutsideLinks::Keep);
  EXPECT_THAT(links(document, "sample_2", "model"), ElementsAre(PortRef{"load", "model"}));
  Document other;
  paste(other, registry, text, {}, OutsideLinks::Keep);  // which has no "load"
  EXPECT_THAT(links(other, "sample", "model"), ElementsAre());
}

TEST_F(Clipboard, DuplicatesWithAllLinks) {
  duplicate(document, registry, {.nodes = {"sample"}});
  EXPECT_THAT(links(document, "sample_2", "words"), ElementsAre(PortRef{"words", "words"}));
  EXPECT_EQ(node_ui(document.graph().node("sample_2")).at, (Point{360, 40}));
  document.undo();
  EXPECT_EQ(to_text(document.workflow()), sketch::kWorkflow);
}

TEST_F(Clipboard, CutsInOneStep) {
  const std::string text = cut(document, registry, {.nodes = {"save"}});
  EXPECT_FALSE(document.graph().contains("save"));
  EXPECT_EQ(document.position(), 1u);
  paste(document, registry, text, {}, OutsideLinks::Keep);
  EXPECT_THAT(links(document, "save", "image"), ElementsAre(PortRef{"sample", "image"}));
}

TEST_F(Clipboard, TakesFramesCommentsAndReroutesAlong) {
  const std::string frame = add_frame(document, "Text", {{-20, -40}, {900, 300}});
  add_reroute(document, {"words", "words"}, {"sample", "words"}, {100, 50});
  const std::string text = copy(document, {{"words", "sample"}, {frame}});
  const Selection pasted = paste(document, registry, text, {1000, 1000});
  EXPECT_THAT(pasted.annotations, UnorderedElementsAre("frame_2", "reroute_2"));
  const Annotations now = annotations(document.workflow());
  EXPECT_EQ(now.frames.at(1).area.at, (Point{1000, 1000}));
  EXPECT_EQ(now.reroutes.at(1).source.node, "words_2");
  EXPECT_EQ(now.reroutes.at(1).at, (Point{1120, 1090}));
}

TEST_F(Clipboard, SaysWhatIsWrongWithATextThatIsNoWorkflow) {
  EXPECT_THROW(paste(document, registry, "a red boat", {}), GraphError);
  EXPECT_THROW(paste(document, registry, R"({"weft": 1, "nodes": {"a": {}}})", {}), GraphError);
  EXPECT_EQ(document.position(), 0u);
}

}  // namespace
}  // namespace weft::editor
