#include "runs/seeds.h"

#include <gmock/gmock.h>

#include "tests/graph/sketch_nodes.h"

namespace weft::editor {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

class Seeds : public testing::Test {
 protected:
  std::vector<SeedUse> draw(Workflow& workflow, const LastSeeds& last = {}) const {
    return draw_seeds(workflow, registry, last, [] { return 12345u; });
  }

  Registry registry = sketch::registry();
  Document document{parse_workflow(sketch::kWorkflow)};
  const PortRef seed{"sample", "seed"};
};

TEST_F(Seeds, AreFixedUnlessTheDocumentSaysOtherwise) {
  Workflow run = document.workflow();
  EXPECT_THAT(draw(run), ElementsAre(SeedUse{seed, 18446744073709551615u, SeedMode::Fixed}));
  EXPECT_EQ(run, document.workflow());
}

TEST_F(Seeds, AreDrawnForTheRunAndLeaveTheDocument) {
  set_seed_mode(document, "sample", "seed", SeedMode::Random);
  Workflow run = document.workflow();
  EXPECT_THAT(draw(run), ElementsAre(SeedUse{seed, 12345u, SeedMode::Random}));
  EXPECT_EQ(std::get<Literal>(run.graph.node("sample").inputs.at("seed")), 12345u);
  EXPECT_EQ(std::get<Literal>(document.graph().node("sample").inputs.at("seed")), 18446744073709551615u);
}

TEST_F(Seeds, CountUpFromTheDocumentsSeed) {
  set_seed_mode(document, "sample", "seed", SeedMode::Increment);
  Workflow run = document.workflow();
  EXPECT_EQ(draw(run).at(0).seed, 18446744073709551615u);
  EXPECT_EQ(draw(run, {{seed, 41}}).at(0).seed, 42u);
  EXPECT_EQ(draw(run, {{seed, 18446744073709551615u}}).at(0).seed, 0u);
}

TEST_F(Seeds, AreKeptAsOneStep) {
  set_seed_mode(document, "sample", "seed", SeedMode::Random);
  keep_seed(document, "sample", "seed", 777);
  EXPECT_EQ(seed_mode(document.graph().node("sample"), "seed"), SeedMode::Fixed);
  EXPECT_EQ(std::get<Literal>(document.graph().node("sample").inputs.at("seed")), 777u);
  document.undo();
  EXPECT_EQ(seed_mode(document.graph().node("sample"), "seed"), SeedMode::Random);
  document.undo();
  EXPECT_EQ(to_text(document.workflow()), sketch::kWorkflow);
}

TEST_F(Seeds, ThatComeByALinkAreNotDrawn) {
  document.apply(
      "", {{AddNode{{.id = "grid", .type = "image.grid"}}, SetInput{"sample", "seed", Links{{"grid", "count"}}}}});
  set_seed_mode(document, "sample", "seed", SeedMode::Random);
  Workflow run = document.workflow();
  EXPECT_THAT(draw(run), IsEmpty());
}

TEST_F(Seeds, SurviveTheFile) {
  set_seed_mode(document, "sample", "seed", SeedMode::Increment);
  const Workflow again = parse_workflow(to_text(document.workflow()));
  EXPECT_EQ(seed_mode(again.graph.node("sample"), "seed"), SeedMode::Increment);
}

}  // namespace
}  // namespace weft::editor
