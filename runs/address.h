// Addresses: how a run names nodes. A node inside an instance of a subgraph has a path: "upscale/sampler" is in the definition
// of the instance "upscale". [any thread]
#pragma once

#include <set>
#include <string>
#include <string_view>

#include "graph/workflow.h"

namespace weft::runs {

using Addresses = std::set<std::string, std::less<>>;

/// The node that an address leads to; null if there is none.
const GraphNode* node_at(const Workflow& workflow, std::string_view address);
/// The same with the graph that it is in.
struct NodePlace {
  const Graph* graph = nullptr;
  const GraphNode* node = nullptr;
};
NodePlace place_at(const Workflow& workflow, std::string_view address);

/// Of all nodes, those inside instances too.
Addresses addresses(const Workflow& workflow);

}  // namespace weft::runs
