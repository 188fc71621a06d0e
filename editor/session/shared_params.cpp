#include "editor/session/shared_params.h"

#include <algorithm>

#include "editor/session/picture_params.h"

namespace weft::editor {

namespace {

bool is_same(const PortInfo& a, const PortInfo& b) {
  return a.name == b.name && a.type == b.type && a.widget == b.widget && a.choices == b.choices && a.folder == b.folder;
}

/// The narrower limits: a value that is typed fits all.
void narrow(PortInfo& port, const PortInfo& other) {
  if (other.min) port.min = port.min ? std::max(*port.min, *other.min) : *other.min;
  if (other.max) port.max = port.max ? std::min(*port.max, *other.max) : *other.max;
}

void add(std::vector<SharedParam>& params, const GraphNode& node, const PortInfo& port) {
  if (port.kind != PortKind::Param || source_of(node, port.name)) return;
  const auto found = std::ranges::find_if(params, [&](const SharedParam& each) { return is_same(each.port, port); });
  if (found == params.end()) {
    params.push_back({port, {node.id}, effective_value(node, port)});
    return;
  }
  found->nodes.push_back(node.id);
  found->mixed |= effective_value(node, port) != found->value;
  narrow(found->port, port);
}

}  // namespace

std::vector<SharedParam> shared_params(const Graph& graph, const NodeTypes& types, const Ids& nodes) {
  std::vector<SharedParam> params;
  for (const std::string& id : nodes)
    if (const GraphNode* node = graph.find(id))
      if (const NodeInfo* type = types.find(node->type))
        for (const PortInfo& port : type->inputs) add(params, *node, port);
  std::erase_if(params, [](const SharedParam& each) { return each.nodes.size() < 2; });
  return params;
}

}  // namespace weft::editor
