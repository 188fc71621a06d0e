#include "editor/session/node_way.h"

#include <algorithm>

#include "graph/subgraph.h"

namespace weft::editor {
namespace {

/// The instances that lead from the top into a definition, outermost first; nothing if it is used nowhere.
std::optional<std::vector<std::string>> way_into(const Workflow& workflow, const Graph& graph, std::string_view name) {
  for (const GraphNode* node : graph.nodes()) {
    const auto definition = subgraph_of_type(node->type);
    if (!definition) continue;
    if (*definition == name) return std::vector{node->id};
    const auto found = workflow.subgraphs.find(*definition);
    if (found == workflow.subgraphs.end()) continue;
    if (auto way = way_into(workflow, found->second.graph, name)) {
      way->insert(way->begin(), node->id);
      return way;
    }
  }
  return std::nullopt;
}

std::vector<std::string> parts_of(const std::string& address) {
  std::vector<std::string> parts;
  for (std::size_t from = 0; from <= address.size();) {
    const std::size_t slash = std::min(address.find('/', from), address.size());
    parts.push_back(address.substr(from, slash - from));
    from = slash + 1;
  }
  return parts;
}

}  // namespace

std::optional<NodeWay> way_to(const Workflow& workflow, const std::string& address) {
  std::vector<std::string> parts = parts_of(address);
  std::string node = parts.back();
  parts.pop_back();
  if (parts.empty() || !subgraph_of_type(parts.front())) return NodeWay{std::move(parts), std::move(node)};
  auto into = way_into(workflow, workflow.graph, *subgraph_of_type(parts.front()));
  if (!into) return std::nullopt;
  return NodeWay{std::move(*into), std::move(node)};
}

}  // namespace weft::editor
