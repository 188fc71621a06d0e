#include "graph/workflow.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>

#include "base/spelling.h"
#include "base/strict_json.h"
#include "base/utf8.h"
#include "graph/node_types.h"
#include "graph/settable.h"
#include "graph/validate.h"

namespace weft {
namespace {

const PortInfo* find_by_old_name(const std::vector<PortInfo>& ports, std::string_view old_name) {
  const auto found = std::ranges::find_if(
      ports, [&](const PortInfo& port) { return std::ranges::count(port.old_names, old_name) > 0; });
  return found == ports.end() ? nullptr : &*found;
}

/// The name that the port bears now; `name` itself where it is current, or not known at all.
std::string current_name(const std::vector<PortInfo>& ports, const std::string& name) {
  if (std::ranges::find(ports, name, &PortInfo::name) != ports.end()) return name;
  const PortInfo* renamed = find_by_old_name(ports, name);
  return renamed ? renamed->name : name;
}

/// What a graph's nodes and ports are called now. Types are asked for by node, so of the nodes as the file
/// has them.
class Renames {
 public:
  /// Keeps the graph as it is now.
  Renames(Graph graph, const Registry& registry) : graph_(std::move(graph)), registry_(registry) {}

  std::string input(const PortRef& ref) const {
    const NodeInfo* info = info_of(ref.node);
    return info ? current_name(info->inputs, ref.port) : ref.port;
  }
  std::string output(const PortRef& ref) const {
    const NodeInfo* info = info_of(ref.node);
    return info ? current_name(info->outputs, ref.port) : ref.port;
  }

  GraphNode node(GraphNode node) const {
    if (const NodeInfo* info = registry_.find(node.type)) node.type = info->id;
    std::map<std::string, InputValue, std::less<>> inputs;
    for (auto& [port, value] : node.inputs) {
      if (Links* links = std::get_if<Links>(&value))
        for (PortRef& source : *links) source.port = output(source);
      const std::string name = input({node.id, port});
      // Where the file has the new name as well, the old one stays what it is: unknown.
      const bool taken = name != port && node.inputs.contains(name);
      inputs.emplace(taken ? port : name, std::move(value));
    }
    node.inputs = std::move(inputs);
    return node;
  }

 private:
  const NodeInfo* info_of(std::string_view id) const {
    const GraphNode* node = graph_.find(id);
    return node ? registry_.find(node->type) : nullptr;
  }

  const Graph graph_;
  const Registry& registry_;
};

void upgrade_nodes(Graph& graph, const Renames& renames) {
  bool changed = false;
  std::vector<GraphNode> nodes;
  nodes.reserve(graph.size());
  for (const GraphNode* node : graph.nodes()) {
    nodes.push_back(renames.node(*node));
    changed = changed || nodes.back() != *node;
  }
  if (!changed) return;
  Graph upgraded;
  upgraded.add_all(std::move(nodes));
  graph = std::move(upgraded);
}

[[noreturn]] void refuse(const PortRef& ref, std::string what, std::string remedy) {
  throw GraphError(Problem{ref.node, ref.port, std::move(what), std::move(remedy)});
}

/// Everything that set_by_name() takes: the interface's names, then each node's params.
std::vector<std::string> settable(const Workflow& workflow, const NodeTypes& types) {
  std::vector<std::string> names;
  for (const auto& [name, ref] : workflow.interface.inputs) names.push_back(name);
  for (const GraphNode* node : workflow.graph.nodes()) {
    if (const NodeInfo* info = types.find(node->type)) {
      for (const PortInfo& port : info->inputs)
        if (port.kind == PortKind::Param) names.push_back(node->id + "." + port.name);
    } else {
      for (const auto& [port, value] : node->inputs) names.push_back(node->id + "." + port);
    }
  }
  return names;
}

/// The port that a name means; no node if it means none.
PortRef port_named(const Workflow& workflow, const std::string& name) {
  const auto named = workflow.interface.inputs.find(name);
  if (named != workflow.interface.inputs.end()) return named->second;
  const std::size_t dot = name.rfind('.');
  return dot == std::string::npos ? PortRef{} : PortRef{name.substr(0, dot), name.substr(dot + 1)};
}

template <class Number>
std::optional<Number> whole_text_as(std::string_view text) {
  Number number{};
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  return error == std::errc() && end == text.data() + text.size() ? std::optional(number) : std::nullopt;
}

Literal number_from_text(const PortInfo& port, const std::string& text) {
  if (const auto number = whole_text_as<std::int64_t>(text)) return *number;
  if (const auto number = whole_text_as<std::uint64_t>(text)) return *number;
  if (const auto number = whole_text_as<double>(text)) return *number;
  refuse({"", port.name}, fmt::format("'{}' is not a number", printable(text)), "give a number");
}

Literal bool_from_text(const PortInfo& port, std::string text) {
  std::ranges::transform(text, text.begin(), [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  if (text == "true" || text == "on" || text == "1") return true;
  if (text == "false" || text == "off" || text == "0") return false;
  refuse({"", port.name}, fmt::format("'{}' is neither true nor false", printable(text)),
      "give true or false, on or off, 1 or 0");
}

/// Without a declaration: JSON if it is that, else text.
Literal literal_of_any_type(const std::string& text) {
  try {
    return read_json(text, "the value");
  } catch (const GraphError&) {
    return text;
  }
}

}  // namespace

void upgrade(Workflow& workflow, const Registry& registry) {
  const Renames renames(workflow.graph, registry);
  for (auto& [name, ref] : workflow.interface.inputs) ref.port = renames.input(ref);
  for (auto& [name, ref] : workflow.interface.outputs) ref.port = renames.output(ref);
  upgrade_nodes(workflow.graph, renames);
  for (auto& [name, subgraph] : workflow.subgraphs) {
    const Renames inner(subgraph.graph, registry);
    for (SubgraphInput& input : subgraph.interface.inputs)
      for (PortRef& target : input.targets) target.port = inner.input(target);
    for (SubgraphOutput& output : subgraph.interface.outputs) output.source.port = inner.output(output.source);
    upgrade_nodes(subgraph.graph, inner);
  }
}

Settable find_settable(const Workflow& workflow, const Registry& registry, const std::string& name) {
  const NodeTypes types(workflow.subgraphs, registry);
  const PortRef target = port_named(workflow, name);
  const GraphNode* node = workflow.graph.find(target.node);
  const NodeInfo* info = node ? types.find(node->type) : nullptr;
  const PortInfo* port = info ? info->find_input(target.port) : nullptr;
  if (!node || (info && !port)) {
    const std::vector<std::string> names = settable(workflow, types);
    const std::vector<std::string> nearest = nearest_names(name, names);
    refuse({}, fmt::format("there is nothing named '{}' to set", printable(name)),
        fmt::format("{}there is: {}", nearest.empty() ? "" : fmt::format("did you mean '{}'? ", nearest.front()),
            name_list(names)));
  }
  return {target, port ? std::optional(*port) : std::nullopt};
}

Literal literal_from_text(const PortInfo& port, const std::string& text) {
  Literal literal = text;
  if (port.type == "bool") literal = bool_from_text(port, text);
  if (port.type == "int" || port.type == "float") literal = number_from_text(port, text);
  literal_value(port, literal);  // refuses what the param does not take
  return literal;
}

void set_by_name(Workflow& workflow, const Registry& registry, const std::string& name, const std::string& text) {
  if (!is_utf8(text)) refuse({}, fmt::format("the text for '{}' is not valid UTF-8", name), "write it in UTF-8");
  const auto [target, port] = find_settable(workflow, registry, name);
  try {
    workflow.graph.set_input(target.node, target.port,
        port && !port->type.empty() ? literal_from_text(*port, text) : literal_of_any_type(text));
  } catch (const GraphError& error) {
    std::vector<Problem> problems = error.problems();
    for (Problem& problem : problems) problem.node = target.node;
    throw GraphError(std::move(problems));
  }
}

}  // namespace weft
