#include "runs/seeds.h"

#include <gmock/gmock.h>

#include "tests/graph/sketch_nodes.h"

namespace weft::runs {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

class Seeds : public testing::Test {
 protected:
  std::vector<SeedUse> draw(Workflow& workflow, const LastSeeds& last = {}) const {
    return draw_seeds(workflow, registry, last, [] { return 12345u; });
  }

  Registry registry = sketch::registry();
  void set_mode(SeedMode mode) {
    workflow.graph.set_ui("sample", with_seed_mode(workflow.graph.node("sample"), "seed", mode));
  }

  Workflow workflow = parse_workflow(sketch::kWorkflow);
  const PortRef seed{"sample", "seed"};
};

TEST_F(Seeds, AreFixedUnlessTheNodeSaysOtherwise) {
  Workflow run = workflow;
  EXPECT_THAT(draw(run), ElementsAre(SeedUse{seed, 18446744073709551615u, SeedMode::Fixed}));
  EXPECT_EQ(run, workflow);
}

TEST_F(Seeds, AreDrawnForTheRunAndLeaveTheWorkflow) {
  set_mode(SeedMode::Random);
  Workflow run = workflow;
  EXPECT_THAT(draw(run), ElementsAre(SeedUse{seed, 12345u, SeedMode::Random}));
  EXPECT_EQ(std::get<Literal>(run.graph.node("sample").inputs.at("seed")), 12345u);
  EXPECT_EQ(std::get<Literal>(workflow.graph.node("sample").inputs.at("seed")), 18446744073709551615u);
}

TEST_F(Seeds, CountUpFromTheSeedThatStandsThere) {
  set_mode(SeedMode::Increment);
  Workflow run = workflow;
  EXPECT_EQ(draw(run).at(0).seed, 18446744073709551615u);
  EXPECT_EQ(draw(run, {{seed, 41}}).at(0).seed, 42u);
  EXPECT_EQ(draw(run, {{seed, 18446744073709551615u}}).at(0).seed, 0u);
}

TEST_F(Seeds, LeaveOtherKeysOfTheNode) {
  set_mode(SeedMode::Random);
  EXPECT_EQ(seed_mode(workflow.graph.node("sample"), "seed"), SeedMode::Random);
  set_mode(SeedMode::Fixed);
  EXPECT_EQ(to_text(workflow), sketch::kWorkflow);
}

TEST_F(Seeds, ThatComeByALinkAreNotDrawn) {
  workflow.graph.add({.id = "grid", .type = "image.grid"});
  workflow.graph.set_input("sample", "seed", Links{{"grid", "count"}});
  set_mode(SeedMode::Random);
  Workflow run = workflow;
  EXPECT_THAT(draw(run), IsEmpty());
}

TEST_F(Seeds, SurviveTheFile) {
  set_mode(SeedMode::Increment);
  const Workflow again = parse_workflow(to_text(workflow));
  EXPECT_EQ(seed_mode(again.graph.node("sample"), "seed"), SeedMode::Increment);
}

}  // namespace
}  // namespace weft::runs
