// Plans are made of declarations alone: what a dry run prints needs no plugin's code.
#include "graph/plan.h"

#include <gmock/gmock.h>

#include "graph/workflow.h"
#include "tests/graph/sketch_nodes.h"

namespace weft {
namespace {

TEST(Plan, OpensNoPlugin) {
  Registry registry;
  int opened = 0;
  const Registry declared = sketch::registry();
  for (const NodeInfo* info : declared.nodes())
    registry.add_lazy(*info, [&opened, info, declared]() -> const Node& {
      ++opened;
      return declared.node(info->id);
    });
  const Workflow workflow = parse_workflow(sketch::kWorkflow);
  const auto plan = Plan::make(workflow.graph, registry, {});
  EXPECT_GT(plan->size(), 2u);
  EXPECT_EQ(opened, 0);
  const PlanCode code(*plan);
  EXPECT_GT(opened, 2);
  for (const PlanNode& node : plan->nodes()) EXPECT_NE(code.find(node), nullptr);
}

TEST(Plan, IsInAnOrderInWhichItCanRun) {
  const Workflow workflow = parse_workflow(sketch::kWorkflow);
  const auto plan = Plan::make(workflow.graph, sketch::registry(), {});
  for (PlanIndex i = 0; i < plan->size(); ++i)
    for (const Source& link : plan->links(i)) EXPECT_LT(link.node, i) << plan->id(i);
}

TEST(Plan, KeepsTheTypesThatItWasMadeWith) {
  Registry registry = sketch::registry();
  const Workflow workflow = parse_workflow(sketch::kWorkflow);
  const auto plan = Plan::make(workflow.graph, registry, {});
  registry.remove_plugin("sketch");
  EXPECT_EQ(registry.find("image.save"), nullptr);
  EXPECT_EQ(plan->type(static_cast<PlanIndex>(plan->size() - 1)).info->id, "image.save");
  EXPECT_NE(PlanCode(*plan).find(plan->nodes().back()), nullptr);
}

}  // namespace
}  // namespace weft
