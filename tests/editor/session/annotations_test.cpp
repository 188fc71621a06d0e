#include "editor/session/annotations.h"

#include <gmock/gmock.h>

#include "editor/session/gestures.h"
#include "tests/graph/sketch_nodes.h"

namespace weft::editor {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

class AnnotationsOfADocument : public testing::Test {
 protected:
  Annotations now() const { return annotations(document.workflow()); }

  Registry registry = sketch::registry();
  Document document{parse_workflow(sketch::kWorkflow)};
};

TEST_F(AnnotationsOfADocument, StandInTheFileAndComeBack) {
  add_frame(document, "Text", {{0, 0.5}, {200, 100}});
  add_comment(document, "日本語\nlines", {{5, 5}, {50, 20}});
  add_reroute(document, {"words", "words"}, {"sample", "words"}, {100, 50});
  set_bookmark(document, 3, View{{10, 20}, 1.5});
  const Workflow again = parse_workflow(to_text(document.workflow()));
  EXPECT_EQ(annotations(again), now());
  EXPECT_EQ(now().frames.at(0).area, (Rect{{0, 0.5}, {200, 100}}));
  EXPECT_EQ(now().bookmarks.at(2), (View{{10, 20}, 1.5}));
}

TEST_F(AnnotationsOfADocument, LeaveNoTraceWhenAllAreGone) {
  const std::string frame = add_frame(document, "Text", {});
  set_bookmark(document, 9, View{});
  set_bookmark(document, 9, std::nullopt);
  remove(document, registry, {.annotations = {frame}});
  EXPECT_EQ(to_text(document.workflow()), sketch::kWorkflow);
}

TEST_F(AnnotationsOfADocument, HaveIdsOfTheirOwn) {
  EXPECT_EQ(add_frame(document, "", {}), "frame");
  EXPECT_EQ(add_frame(document, "", {}), "frame_2");
  EXPECT_EQ(add_comment(document, "", {}), "comment");
  EXPECT_THAT(document.selection().annotations, ElementsAre("comment"));
}

TEST_F(AnnotationsOfADocument, KeepOtherKeysOfTheFile) {
  document.apply("", {SetExtra{{{"author", "somebody"}, {"ui", {{"mood", "blue"}}}}}});
  add_frame(document, "", {});
  EXPECT_EQ(document.workflow().extra["author"], "somebody");
  EXPECT_EQ(document.workflow().extra["ui"]["mood"], "blue");
}

TEST_F(AnnotationsOfADocument, ReadWhateverAFileHolds) {
  Workflow odd = document.workflow();
  odd.extra = {{"ui",
      {{"frames", {1, {{"id", "f"}, {"x", "left"}, {"width", -5}}, {{"title", "no id"}}}}, {"comments", "none"},
          {"reroutes", {{{"id", "r"}, {"source", "words"}, {"target", 3}}}},
          {"bookmarks", {nullptr, {{"zoom", "far"}}}}}}};
  const Annotations read = annotations(odd);
  ASSERT_EQ(read.frames.size(), 1u);
  EXPECT_EQ(read.frames[0].area.size.width, 0);
  EXPECT_THAT(read.comments, IsEmpty());
  EXPECT_THAT(read.reroutes, IsEmpty());
  EXPECT_FALSE(read.bookmarks[0]);
  EXPECT_EQ(read.bookmarks[1], View{});
}

TEST_F(AnnotationsOfADocument, ReroutesGoWithTheirLinkAndComeBackWithIt) {
  add_reroute(document, {"words", "words"}, {"sample", "words"}, {100, 50});
  disconnect(document, {{{"words", "words"}, {"sample", "words"}}});
  EXPECT_THAT(now().reroutes, IsEmpty());
  document.undo();
  EXPECT_EQ(now().reroutes.size(), 1u);
  EXPECT_THROW(add_reroute(document, {"load", "clip"}, {"sample", "words"}, {}), GraphError);
}

TEST_F(AnnotationsOfADocument, ReroutesOfALinkKeepTheirOrder) {
  const PortRef source{"words", "words"}, target{"sample", "words"};
  const std::string last = add_reroute(document, source, target, {2, 0});
  const std::string first = add_reroute(document, source, target, {1, 0}, last);
  EXPECT_EQ(now().reroutes.at(0).id, first);
  EXPECT_EQ(now().reroutes.at(1).id, last);
}

TEST_F(AnnotationsOfADocument, ChangeAsOneStepOfADrag) {
  const std::string id = add_frame(document, "Text", {});
  Frame frame = now().frames.at(0);
  for (int i = 1; i < 5; ++i) {
    frame.area.size.width = 100.0 * i;
    set_frame(document, frame);
  }
  EXPECT_EQ(document.step_names().size(), 2u);
  frame.id = "ghost";
  EXPECT_THROW(set_frame(document, frame), GraphError);
  EXPECT_THROW(set_bookmark(document, 10, View{}), GraphError);
}

}  // namespace
}  // namespace weft::editor
