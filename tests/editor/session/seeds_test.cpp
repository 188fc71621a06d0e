#include "editor/session/seeds.h"

#include <gmock/gmock.h>

#include "tests/graph/sketch_nodes.h"

namespace weft::editor {
namespace {

using runs::SeedMode;

TEST(SeedGestures, KeepASeedAsOneStep) {
  Document document{parse_workflow(sketch::kWorkflow)};
  const auto mode = [&] { return runs::seed_mode(document.graph().node("sample"), "seed"); };
  set_seed_mode(document, "sample", "seed", SeedMode::Random);
  keep_seed(document, "sample", "seed", 777);
  EXPECT_EQ(mode(), SeedMode::Fixed);
  EXPECT_EQ(std::get<Literal>(document.graph().node("sample").inputs.at("seed")), 777u);
  document.undo();
  EXPECT_EQ(mode(), SeedMode::Random);
  document.undo();
  EXPECT_EQ(to_text(document.workflow()), sketch::kWorkflow);
}

}  // namespace
}  // namespace weft::editor
