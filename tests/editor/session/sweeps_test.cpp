// What a document varies.
#include "editor/session/sweeps.h"

#include <gmock/gmock.h>

#include "editor/session/gestures.h"
#include "tests/runs/sweep_nodes.h"

namespace weft::editor {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

class Sweeps : public testing::Test {
 protected:
  Sweeps() { sweep_nodes::add_to(registry); }

  const PortInfo& port(const std::string& name) const { return *registry.find("test.draw")->find_input(name); }
  void vary_it(const std::string& name, const std::string& values) {
    vary(*document, registry, "draw", port(name), values);
  }
  std::vector<std::string> varied() const {
    std::vector<std::string> names;
    for (const host::SweepAxis& axis : sweep(*document).axes) names.push_back(axis.param);
    return names;
  }

  Registry registry;
  std::optional<Document> document{std::in_place, sweep_nodes::workflow()};
};

TEST_F(Sweeps, AreStepsOfUndoInTheDocument) {
  vary_it("grey", "1, 2");
  vary_it("how", "bold");
  EXPECT_THAT(varied(), ElementsAre("draw.grey", "draw.how"));
  EXPECT_EQ(sweep_size(*document, registry), 2u);
  EXPECT_EQ(sweep_axis(*document, sweep(*document), "draw", "how"), 1u);
  swap_axes(*document);
  EXPECT_THAT(varied(), ElementsAre("draw.how", "draw.grey"));
  document->undo();
  stop_varying(*document, "draw", "grey");
  EXPECT_THAT(varied(), ElementsAre("draw.how"));
  clear_sweep(*document);
  EXPECT_THAT(varied(), IsEmpty());
  EXPECT_FALSE(document->workflow().extra.contains("sweep"));
  document->go_to(1);
  EXPECT_THAT(varied(), ElementsAre("draw.grey"));
}

TEST_F(Sweeps, KeepAParamsPlaceAndLetTheSecondOfThreeGiveWay) {
  vary_it("grey", "1, 2");
  vary_it("how", "bold, plain");
  vary_it("grey", "1..3");
  EXPECT_THAT(varied(), ElementsAre("draw.grey", "draw.how"));
  EXPECT_EQ(sweep_size(*document, registry), 6u);
  vary_it("seed", "1, 2");
  EXPECT_THAT(varied(), ElementsAre("draw.grey", "draw.seed"));
}

TEST_F(Sweeps, FollowNodesThatGetAnotherName) {
  vary_it("grey", "1, 2");
  rename(*document, "draw", "paint");
  EXPECT_THAT(varied(), ElementsAre("paint.grey"));
  EXPECT_EQ(sweep_size(*document, registry), 2u);
  document->undo();
  EXPECT_THAT(varied(), ElementsAre("draw.grey"));
}

TEST_F(Sweeps, GoWithTheirNodeAndComeBackWithIt) {
  vary_it("grey", "1, 2");
  vary_it("how", "bold");
  remove(*document, registry, {.nodes = {"draw"}});
  EXPECT_THAT(varied(), IsEmpty());
  EXPECT_FALSE(document->workflow().extra.contains("sweep"));
  document->undo();
  EXPECT_THAT(varied(), ElementsAre("draw.grey", "draw.how"));
  remove(*document, registry, {.nodes = {"save"}});
  EXPECT_THAT(varied(), ElementsAre("draw.grey", "draw.how"));
}

TEST_F(Sweeps, FollowTheirNodeIntoASubgraphAndOut) {
  expose_input(*document, {"draw", "how"}, "style");
  vary_it("grey", "1, 2");
  vary_it("how", "bold, plain");
  make_subgraph(*document, registry, {"draw"}, "art");
  EXPECT_THAT(varied(), ElementsAre("subgraph:art/draw.grey", "art.style"));
  EXPECT_EQ(sweep_size(*document, registry), 4u);
  rename_subgraph(*document, "art", "craft");
  EXPECT_THAT(varied(), ElementsAre("subgraph:craft/draw.grey", "art.style"));
  document->enter("art");
  rename_port(*document, Side::Input, "style", "manner");
  EXPECT_THAT(varied(), ElementsAre("subgraph:craft/draw.grey", "art.manner"));
  rename(*document, "draw", "paint");
  EXPECT_THAT(varied(), ElementsAre("subgraph:craft/paint.grey", "art.manner"));
  EXPECT_EQ(sweep_size(*document, registry), 4u);
  document->leave(0);
  unpack_subgraph(*document, registry, "art");
  EXPECT_THAT(varied(), ElementsAre("paint.grey", "paint.how"));
  EXPECT_EQ(sweep_size(*document, registry), 4u);
}

TEST_F(Sweeps, KeepTheirParamWhereItsNameForCallersGoes) {
  expose_input(*document, {"draw", "grey"}, "tone");
  document->apply_to_workflow("by name", {SetExtra{{{"sweep", {{{"param", "tone"}, {"values", {1, 2}}}}}}}});
  rename_port(*document, Side::Input, "tone", "shade");
  EXPECT_THAT(varied(), ElementsAre("draw.grey"));
  remove_port(*document, Side::Input, "shade");
  EXPECT_EQ(sweep_size(*document, registry), 2u);
}

TEST_F(Sweeps, RefuseWhatTheParamDoesNotTakeAndChangeNothing) {
  EXPECT_THROW(vary_it("grey", "1, 200"), GraphError);
  EXPECT_THROW(vary_it("grey", ""), GraphError);
  EXPECT_THROW(vary_it("seed", "1..1000000"), GraphError);
  EXPECT_FALSE(document->dirty());
}

TEST_F(Sweeps, KnowAParamByTheNameThatTheInterfaceHasForIt) {
  Workflow workflow = document->workflow();
  workflow.interface.inputs["shade"] = {"draw", "grey"};
  workflow.extra["sweep"] = {{{"param", "shade"}, {"values", {1, 2}}}};
  document.emplace(std::move(workflow));
  EXPECT_EQ(sweep_axis(*document, sweep(*document), "draw", "grey"), 0u);
  vary_it("grey", "3");
  EXPECT_THAT(varied(), ElementsAre("shade"));
}

}  // namespace
}  // namespace weft::editor
