#include "graph/edit.h"

#include <gtest/gtest.h>

#include "tests/graph/random_workflows.h"
#include "tests/graph/sketch_nodes.h"

namespace weft {
namespace {

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

TEST(EditsProperty, AreTakenBackAndDoneAgainAThousandSequencesByteForByte) {
  random::check(1000, [] {
    const Workflow start = random::workflow();
    Workflow workflow = start;
    std::vector<Edit> back;
    std::vector<std::string> texts{to_text(start)};
    for (int i = random::up_to(15); i > 0; --i) {
      try {
        back.push_back(weft::apply(workflow, random::edit()));
        texts.push_back(to_text(workflow));
      } catch (const GraphError&) {
        RC_ASSERT(to_text(workflow) == texts.back());
      }
    }
    std::vector<Edit> again(back.size());
    for (std::size_t i = back.size(); i > 0; --i) {
      again[i - 1] = weft::apply(workflow, back[i - 1]);
      RC_ASSERT(to_text(workflow) == texts[i - 1]);
    }
    RC_ASSERT(workflow == start);
    for (std::size_t i = 0; i < again.size(); ++i) {
      weft::apply(workflow, again[i]);
      RC_ASSERT(to_text(workflow) == texts[i + 1]);
    }
  });
}

}  // namespace
}  // namespace weft
