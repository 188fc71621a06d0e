#include "runs/seen_anyway.h"

#include <algorithm>

#include "graph/expand.h"

namespace weft::runs {
namespace {

bool stands_for_others(const GraphNode& node) {
  return node.state == NodeState::Bypassed || subgraph_of_type(node.type);
}

/// Whether all that it stands for is among the nodes that run.
bool runs_with(const Addresses& running, const Workflow& workflow, const Registry& registry, const std::string& id) {
  try {
    const Expansion plain = expand(workflow.graph, workflow.subgraphs, registry, std::vector{id});
    return std::ranges::all_of(plain.wanted, [&](const std::string& each) { return running.contains(each); });
  } catch (const GraphError&) {
    return false;  // it could not be run by itself, which nobody asked for
  }
}

}  // namespace

std::vector<std::string> seen_anyway(const Workflow& workflow, const Registry& registry,
    const std::vector<std::string>& wanted, const Addresses& watched) {
  const Expansion plain = expand(workflow.graph, workflow.subgraphs, registry, wanted);
  const std::vector<std::string> order = plain.graph.with_ancestors(plain.wanted);
  const Addresses running(order.begin(), order.end());
  const Addresses asked_for(wanted.begin(), wanted.end());
  std::vector<std::string> seen;
  for (const std::string& id : watched) {
    const GraphNode* node = node_at(workflow, id);
    const bool is_seen =
        running.contains(id) || (node && stands_for_others(*node) && runs_with(running, workflow, registry, id));
    if (is_seen && !asked_for.contains(id)) seen.push_back(id);
  }
  return seen;
}

}  // namespace weft::runs
