#include "graph/edit.h"

#include <gmock/gmock.h>

#include "tests/graph/random_workflows.h"
#include "tests/graph/sketch_nodes.h"

namespace weft {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

class Edits : public testing::Test {
 protected:
  void expect_undone_exactly(const Edit& edit) {
    const Edit inverse = apply(workflow, edit);
    EXPECT_NE(to_text(workflow), sketch::kWorkflow) << "the edit changed nothing";
    apply(workflow, inverse);
    EXPECT_EQ(to_text(workflow), sketch::kWorkflow);
  }

  Workflow workflow = parse_workflow(sketch::kWorkflow);
};

TEST_F(Edits, TakeAnAdditionBack) { expect_undone_exactly(AddNode{{.id = "grid", .type = "image.grid"}}); }

TEST_F(Edits, TakeAnAdditionBeforeAnotherNodeBack) {
  expect_undone_exactly(AddNode{{.id = "grid", .type = "image.grid"}, "load"});
}

TEST_F(Edits, TakeTheRemovalOfANodeThatFeedsOthersBack) { expect_undone_exactly(RemoveNode{"load"}); }

TEST_F(Edits, TakeTheRemovalOfANodeInTheInterfaceBack) { expect_undone_exactly(RemoveNode{"words"}); }

TEST_F(Edits, TakeTheRemovalOfTheLastNodeBack) { expect_undone_exactly(RemoveNode{"save"}); }

TEST_F(Edits, TakeARenameBack) { expect_undone_exactly(RenameNode{"words", "positive"}); }

TEST_F(Edits, TakeANewInputBack) { expect_undone_exactly(SetInput{"sample", "steps", 30}); }

TEST_F(Edits, TakeAChangedInputBack) { expect_undone_exactly(SetInput{"sample", "model", 30}); }

TEST_F(Edits, TakeAClearedInputBack) { expect_undone_exactly(ClearInput{"sample", "seed"}); }

TEST_F(Edits, TakeATitleBack) { expect_undone_exactly(SetTitle{"sample", "Sampler"}); }

TEST_F(Edits, TakeAMoveBack) { expect_undone_exactly(SetUi{"sample", {{"x", 1}, {"y", 2}}}); }

TEST_F(Edits, TakeANewInterfaceBack) { expect_undone_exactly(SetInterface{}); }

TEST_F(Edits, TakeAGroupBackAsOne) {
  expect_undone_exactly(
      EditGroup{{RenameNode{"words", "positive"}, SetInput{"positive", "text", "a fox"}, RemoveNode{"load"}}});
}

TEST_F(Edits, LeaveTheWorkflowAsItWasWhenOneOfAGroupIsRefused) {
  EXPECT_THROW(
      apply(workflow, EditGroup{{RemoveNode{"save"}, SetTitle{"load", "Model"}, RemoveNode{"ghost"}}}), GraphError);
  EXPECT_EQ(to_text(workflow), sketch::kWorkflow);
}

TEST_F(Edits, LetTheInterfaceFollowARename) {
  apply(workflow, RenameNode{"words", "positive"});
  EXPECT_EQ(workflow.interface.inputs.at("prompt"), (PortRef{"positive", "text"}));
}

TEST_F(Edits, TakeTheInterfacesNamesAwayWithTheirNode) {
  apply(workflow, RemoveNode{"words"});
  EXPECT_FALSE(workflow.interface.inputs.contains("prompt"));
  EXPECT_TRUE(workflow.interface.inputs.contains("seed"));
}

TEST_F(Edits, RefuseAnInterfaceThatAFileCouldNotSay) {
  EXPECT_THROW(apply(workflow, SetInterface{{.inputs = {{"prompt", {"words", "a.b"}}}}}), GraphError);
  EXPECT_THROW(apply(workflow, SetInterface{{.outputs = {{"", {"save", ""}}}}}), GraphError);
}

TEST(History, GoesBackAndForthAndNamesItsSteps) {
  History history;
  EXPECT_FALSE(history.undo());
  history.apply("Add Load", AddNode{{.id = "load", .type = "model.load"}});
  history.apply("Rename", RenameNode{"load", "checkpoint"});
  EXPECT_THAT(history.undo_names(), ElementsAre("Add Load", "Rename"));
  EXPECT_TRUE(history.undo());
  EXPECT_TRUE(history.workflow().graph.contains("load"));
  EXPECT_TRUE(history.undo());
  EXPECT_THAT(history.redo_names(), ElementsAre("Add Load", "Rename"));
  EXPECT_TRUE(history.redo());
  EXPECT_TRUE(history.redo());
  EXPECT_FALSE(history.redo());
  EXPECT_TRUE(history.workflow().graph.contains("checkpoint"));
}

TEST(History, ForgetsWhatWasUndoneAfterANewEdit) {
  History history;
  history.apply("Add a", AddNode{{.id = "a", .type = "x.y"}});
  history.undo();
  history.apply("Add b", AddNode{{.id = "b", .type = "x.y"}});
  EXPECT_THAT(history.redo_names(), IsEmpty());
}

TEST(History, DoesNotRecordAnEditThatIsRefused) {
  History history;
  EXPECT_THROW(history.apply("Remove", RemoveNode{"ghost"}), GraphError);
  EXPECT_THAT(history.undo_names(), IsEmpty());
}

TEST(HistoryProperty, UndoesAndRedoesAThousandEditSequencesByteForByte) {
  random::check(1000, [] {
    const Workflow start = random::workflow();
    History history(start);
    std::vector<std::string> texts{to_text(start)};
    for (int i = random::up_to(15); i > 0; --i) {
      try {
        history.apply("edit", random::edit());
        texts.push_back(to_text(history.workflow()));
      } catch (const GraphError&) {
        RC_ASSERT(to_text(history.workflow()) == texts.back());
      }
    }
    for (std::size_t i = texts.size() - 1; i > 0; --i) {
      RC_ASSERT(history.undo());
      RC_ASSERT(to_text(history.workflow()) == texts[i - 1]);
    }
    RC_ASSERT(!history.undo());
    RC_ASSERT(history.workflow() == start);
    for (std::size_t i = 1; i < texts.size(); ++i) {
      RC_ASSERT(history.redo());
      RC_ASSERT(to_text(history.workflow()) == texts[i]);
    }
  });
}

}  // namespace
}  // namespace weft
