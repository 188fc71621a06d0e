#include "runs/address.h"

namespace weft::runs {
namespace {

void collect(const Workflow& workflow, const Graph& graph, const std::string& path, Addresses& found) {
  for (const GraphNode* node : graph.nodes()) {
    found.insert(path + node->id);
    const auto name = subgraph_of_type(node->type);
    const auto definition = name ? workflow.subgraphs.find(*name) : workflow.subgraphs.end();
    if (definition != workflow.subgraphs.end())
      collect(workflow, definition->second.graph, path + node->id + "/", found);
  }
}

}  // namespace

const GraphNode* node_at(const Workflow& workflow, std::string_view address) {
  return place_at(workflow, address).node;
}

NodePlace place_at(const Workflow& workflow, std::string_view address) {
  const Graph* graph = &workflow.graph;
  for (std::size_t from = 0;;) {  // ids may hold '/' themselves: the shortest that is an instance leads on
    if (const GraphNode* node = graph->find(address)) return {graph, node};
    const std::size_t slash = address.find('/', from);
    if (slash == std::string_view::npos) return {};
    const GraphNode* instance = graph->find(address.substr(0, slash));
    const auto name = instance ? subgraph_of_type(instance->type) : std::nullopt;
    const auto definition = name ? workflow.subgraphs.find(*name) : workflow.subgraphs.end();
    from = slash + 1;
    if (definition == workflow.subgraphs.end()) continue;
    graph = &definition->second.graph;
    address.remove_prefix(from);
    from = 0;
  }
}

Addresses addresses(const Workflow& workflow) {
  Addresses found;
  collect(workflow, workflow.graph, {}, found);
  return found;
}

}  // namespace weft::runs
