#include "runs/run_changes.h"

#include <algorithm>

#include "graph/node_types.h"
#include "runs/node_difference.h"
#include "runs/seeds.h"

namespace weft::runs {
namespace {

bool is_drawn_anew(const GraphNode& node, const NodeInfo* type, const std::string& port) {
  const PortInfo* info = type ? type->find_input(port) : nullptr;
  return info && info->widget == Widget::Seed && seed_mode(node, port) != SeedMode::Fixed;
}

/// Finds what has changed, graph by graph: a definition once for each of its instances.
class Comparison {
 public:
  Comparison(const Workflow& then, const Workflow& now, const Registry& registry)
      : then_(then), now_(now), types_(now.subgraphs, registry) {}

  Addresses changed;

  /// `given`: nodes of a definition that get something else from outside.
  void compare(const Graph& then, const Graph& now, const std::string& path, const Addresses& given) {
    Addresses own = given;
    for (const GraphNode* node : now.nodes())
      if (differs(then.find(node->id), *node)) own.insert(node->id);
    const bool holds_instances = std::ranges::any_of(
        now.nodes(), [](const GraphNode* node) { return subgraph_of_type(node->type).has_value(); });
    if (own.empty() && !holds_instances) return;
    for (const std::string& id : now.topological_order()) {
      const GraphNode& node = now.node(id);
      if (const auto definition = subgraph_of_type(node.type))
        compare_instance(then.find(id), node, std::string(*definition), now, path, own.contains(id));
      else if (own.contains(id) || gets_something_else(now, node, path))
        changed.insert(path + id);
    }
  }

 private:
  bool differs(const GraphNode* then, const GraphNode& now) const {
    if (then == &now) return false;  // unchanged nodes are shared
    if (!then || then->type != now.type || then->state != now.state) return true;
    const NodeInfo* type = types_.find(now.type);
    return std::ranges::any_of(
        differing_ports(*then, now, type), [&](const std::string& port) { return !is_drawn_anew(now, type, port); });
  }

  bool gets_something_else(const Graph& graph, const GraphNode& node, const std::string& path) const {
    return std::ranges::any_of(node.inputs, [&](const auto& input) {
      const Links* links = std::get_if<Links>(&input.second);
      return links &&
          std::ranges::any_of(*links, [&](const PortRef& source) { return has_changed(graph, source, path); });
    });
  }

  /// Of an instance it depends on the output.
  bool has_changed(const Graph& graph, const PortRef& source, const std::string& path) const {
    const GraphNode* node = graph.find(source.node);
    const auto definition = node ? subgraph_of_type(node->type) : std::nullopt;
    const auto found = definition ? now_.subgraphs.find(*definition) : now_.subgraphs.end();
    const SubgraphOutput* output =
        found == now_.subgraphs.end() ? nullptr : found->second.interface.find_output(source.port);
    if (!output || wholly_.contains(path + source.node)) return changed.contains(path + source.node);
    return has_changed(found->second.graph, output->source, path + source.node + "/");
  }

  /// The instance has changed where one of its nodes has.
  void compare_instance(const GraphNode* then, const GraphNode& now, const std::string& name, const Graph& graph,
      const std::string& path, bool differs) {
    const auto old = then_.subgraphs.find(name), held = now_.subgraphs.find(name);
    if (held == now_.subgraphs.end()) return;
    const Subgraph& definition = held->second;
    const std::string inside = path + now.id + "/";
    const bool comparable = then && old != then_.subgraphs.end() && then->type == now.type &&
        then->state == now.state && old->second.interface == definition.interface && now.state == NodeState::Active;
    Addresses given;
    for (const SubgraphInput& input : definition.interface.inputs)
      if (!comparable || input_differs(*then, now, input.name, graph, path, differs))
        for (const PortRef& target : input.targets) given.insert(target.node);
    if (!comparable && (differs || gets_something_else(graph, now, path))) wholly_.insert(path + now.id);
    static const Graph kNothing;
    compare(old == then_.subgraphs.end() ? kNothing : old->second.graph, definition.graph, inside, given);
    const auto first = changed.lower_bound(inside);
    const bool within = first != changed.end() && first->starts_with(inside);
    if (within || wholly_.contains(path + now.id)) changed.insert(path + now.id);
  }

  bool input_differs(const GraphNode& then, const GraphNode& now, const std::string& port, const Graph& graph,
      const std::string& path, bool differs) const {
    const InputValue* value = value_at(now, port);
    const InputValue* before = value_at(then, port);
    if (differs && (!value != !before || (value && *value != *before))) return true;
    const Links* links = value ? std::get_if<Links>(value) : nullptr;
    return links &&
        std::ranges::any_of(*links, [&](const PortRef& source) { return has_changed(graph, source, path); });
  }

  const Workflow& then_;
  const Workflow& now_;
  const NodeTypes types_;
  Addresses wholly_;  // instances of which every output counts as changed
};

}  // namespace

Addresses changed_nodes(const Workflow& then, const Workflow& now, const Registry& registry) {
  Comparison comparison(then, now, registry);
  comparison.compare(then.graph, now.graph, "", {});
  return std::move(comparison.changed);
}

}  // namespace weft::runs
