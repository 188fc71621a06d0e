#include "graph/node_types.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/spelling.h"

namespace weft {
namespace {

/// Makes `port` one that takes what both take.
void narrow(PortInfo& port, const PortInfo& other) {
  if (other.kind == PortKind::Input) port.kind = PortKind::Input;
  port.optional = port.optional && other.optional;
  port.many = port.many && other.many;
  if (other.min) port.min = port.min ? std::max(*port.min, *other.min) : other.min;
  if (other.max) port.max = port.max ? std::min(*port.max, *other.max) : other.max;
  std::erase_if(port.choices, [&](const std::string& choice) {
    return !other.choices.empty() && std::ranges::count(other.choices, choice) == 0;
  });
}

/// The port as an instance that gives nothing leaves it: what the definition has there stands.
PortInfo with_own_value(PortInfo port, const GraphNode& node) {
  const auto found = node.inputs.find(port.name);
  if (found == node.inputs.end()) return port;
  if (const Literal* literal = std::get_if<Literal>(&found->second)) {
    if (!literal->is_null()) port.init = *literal;
  } else if (!std::get<Links>(found->second).empty()) {
    port.optional = true;
  }
  return port;
}

}  // namespace

NodeTypes::NodeTypes(const Subgraphs& subgraphs, const Registry& registry) : registry_(registry) {
  for (const std::string& name : innermost_first(subgraphs))
    subgraphs_.emplace(subgraph_type(name), describe(name, subgraphs.find(name)->second));
}

const NodeInfo* NodeTypes::find(std::string_view type) const {
  if (const auto found = subgraphs_.find(type); found != subgraphs_.end()) return &found->second;
  return registry_.find(type);
}

Problem NodeTypes::unknown(const std::string& node, std::string_view type) const {
  if (const auto name = subgraph_of_type(type)) {
    std::vector<std::string> names;
    for (const auto& [known, info] : subgraphs_) names.emplace_back(*subgraph_of_type(known));
    const std::string remedy = suggestion(*name, names);
    return {.node = node,
        .what = fmt::format("there is no subgraph '{}' in this workflow", *name),
        .remedy = remedy.empty() ? "add its definition, or remove the node" : remedy};
  }
  const std::vector<std::string> nearest = registry_.nearest(type);
  const std::string install = "install the plugin that brings it";
  return {.node = node,
      .what = fmt::format("no plugin brings the node type '{}'", type),
      .remedy =
          nearest.empty() ? install : fmt::format("did you mean '{}'? Else {}", fmt::join(nearest, "' or '"), install)};
}

NodeInfo NodeTypes::describe(const std::string& name, const Subgraph& subgraph) const {
  NodeInfo info{.id = subgraph_type(name),
      .options = {.title = subgraph.title.empty() ? name : subgraph.title, .menu = "Subgraphs"}};
  for (const GraphNode* node : subgraph.graph.nodes()) {
    const NodeInfo* inner = node->state == NodeState::Active ? find(node->type) : nullptr;
    if (!inner) continue;
    if (inner->options.lane == Lane::Device) info.options.lane = Lane::Device;
    if (inner->options.cache == Cache::Never) info.options.cache = Cache::Never;
    info.options.result = info.options.result || inner->options.result;
  }
  for (const SubgraphInput& port : subgraph.interface.inputs) info.inputs.push_back(input_port(subgraph.graph, port));
  for (const SubgraphOutput& port : subgraph.interface.outputs)
    info.outputs.push_back(output_port(subgraph.graph, port));
  return info;
}

PortInfo NodeTypes::input_port(const Graph& graph, const SubgraphInput& port) const {
  std::optional<PortInfo> known;
  for (const PortRef& target : port.targets) {
    const GraphNode* node = graph.find(target.node);
    const NodeInfo* type = node ? find(node->type) : nullptr;
    const PortInfo* inner = type ? type->find_input(target.port) : nullptr;
    if (!inner) continue;
    const PortInfo seen = with_own_value(*inner, *node);
    if (known)
      narrow(*known, seen);
    else
      known = seen;
  }
  if (!known) return {.kind = PortKind::Input, .name = port.name, .type = "", .optional = true};
  known->name = port.name;
  known->old_names.clear();
  return *known;
}

PortInfo NodeTypes::output_port(const Graph& graph, const SubgraphOutput& port) const {
  const GraphNode* node = graph.find(port.source.node);
  const NodeInfo* type = node ? find(node->type) : nullptr;
  const PortInfo* inner = type ? type->find_output(port.source.port) : nullptr;
  PortInfo info = inner ? *inner : PortInfo{.kind = PortKind::Output, .type = ""};
  info.name = port.name;
  info.old_names.clear();
  return info;
}

}  // namespace weft
