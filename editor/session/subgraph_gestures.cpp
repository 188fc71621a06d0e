// Gestures that make subgraphs and name ports for those who use a graph from outside.
#include <fmt/format.h>

#include <algorithm>

#include "editor/session/gestures.h"
#include "editor/session/sweeps.h"
#include "editor/session/text.h"
#include "graph/subgraph_edits.h"

namespace weft::editor {
namespace {

using Names = std::map<std::string, PortRef>;

Names& names_of(Interface& interface, Side side) { return side == Side::Input ? interface.inputs : interface.outputs; }

Names::iterator name_at(Names& names, const std::string& name) {
  const auto found = names.find(name);
  if (found == names.end())
    throw GraphError(Problem{.what = tr_format("the workflow has no port '{}' for callers", name)});
  return found;
}

template <class Ports>
void move_in(Ports& ports, const std::string& name, int by) {
  const auto at = std::ranges::find(ports, name, [](const auto& port) { return port.name; });
  if (at == ports.end()) throw GraphError(Problem{.what = tr_format("the subgraph has no port '{}'", name)});
  const auto from = at - ports.begin();
  const auto to = std::clamp<std::ptrdiff_t>(from + by, 0, std::ssize(ports) - 1);
  auto port = std::move(*at);
  ports.erase(at);
  ports.insert(ports.begin() + to, std::move(port));
}

/// The port of a definition that leads to this param inside; null: it has none.
const SubgraphInput* port_to(const Subgraph& definition, const PortRef& inner) {
  for (const SubgraphInput& input : definition.interface.inputs)
    if (std::ranges::find(input.targets, inner) != input.targets.end()) return &input;
  return nullptr;
}

/// For with_sweep_following() where only names of the interface change.
std::optional<PortRef> as_it_was(const Workflow&, const PortRef& param) { return param; }

/// "sampler" of "subgraph:NAME/sampler"; nothing: the node is none of this definition.
std::optional<std::string> inside(const std::string& definition, const std::string& node) {
  const std::string before = address_in_subgraph(definition, "");
  return node.starts_with(before) ? std::optional(node.substr(before.size())) : std::nullopt;
}

/// For with_sweep_following(): a port of the definition that is shown has another name on its instances, or (empty) is gone.
ParamMove port_renamed(const Document& document, const std::string& from, const std::string& to) {
  const Workflow before = document.workflow();
  const std::string type = subgraph_type(document.scope());
  return [=](const Workflow&, const PortRef& param) -> std::optional<PortRef> {
    const auto is_instance = [&](const Graph& graph, const std::string& id) {
      const GraphNode* node = graph.find(id);
      return node && node->type == type;
    };
    bool meant = is_instance(before.graph, param.node);
    for (const auto& [name, subgraph] : before.subgraphs)
      if (const auto id = inside(name, param.node)) meant = meant || is_instance(subgraph.graph, *id);
    if (!meant || param.port != from) return param;
    return to.empty() ? std::nullopt : std::optional(PortRef{param.node, to});
  };
}

/// The ports of a new definition as a reader of its nodes would list them: node by node, each one's as its type declares
/// them. The engine, which knows no types, gives those of a node by their names.
void put_in_order(Subgraph& definition, const NodeTypes& types) {
  const std::vector<const GraphNode*> nodes = definition.graph.nodes();
  const auto place = [&](const PortRef& inner, bool output) {
    const auto node = std::ranges::find(nodes, inner.node, &GraphNode::id);
    const NodeInfo* type = node == nodes.end() ? nullptr : types.find((*node)->type);
    std::ptrdiff_t port = 0;
    if (type) {
      const std::vector<PortInfo>& ports = output ? type->outputs : type->inputs;
      port = std::ranges::find(ports, inner.port, &PortInfo::name) - ports.begin();
    }
    return std::pair(node - nodes.begin(), port);
  };
  std::ranges::stable_sort(
      definition.interface.inputs, {}, [&](const SubgraphInput& input) { return place(input.targets.front(), false); });
  std::ranges::stable_sort(
      definition.interface.outputs, {}, [&](const SubgraphOutput& output) { return place(output.source, true); });
}

std::string free_name(const Names& names, const std::string& wanted) {
  std::string name = wanted;
  for (int number = 2; names.contains(name); ++number) name = fmt::format("{}_{}", wanted, number);
  return name;
}

}  // namespace

std::string make_subgraph(Document& document, const Registry& registry, const Ids& nodes, const std::string& name) {
  const Workflow& workflow = document.workflow();
  std::string definition = name;
  for (int number = 2; workflow.subgraphs.contains(definition); ++number)
    definition = fmt::format("{}_{}", name, number);
  const std::string instance = free_id(document.graph(), definition);
  const auto move = [&](const Workflow& after, const PortRef& param) -> std::optional<PortRef> {
    for (const std::string& node : nodes) {
      if (param.node != node_in_sweep(document, node)) continue;
      const SubgraphInput* port = port_to(after.subgraphs.at(definition), {node, param.port});
      return port ? PortRef{node_in_sweep(document, instance), port->name}
                  : PortRef{address_in_subgraph(definition, node), param.port};
    }
    return param;
  };
  std::vector<Edit> edits{
      weft::make_subgraph(workflow, document.scope(), {nodes.begin(), nodes.end()}, definition, instance)};
  Workflow made = workflow;
  weft::apply(made, edits.front());
  Subgraph& ordered = made.subgraphs.at(definition);
  put_in_order(ordered, document.types(registry));
  edits.push_back(SetSubgraph{definition, std::move(ordered)});
  document.apply_to_workflow(
      tr_format("Make subgraph {}", definition), with_sweep_following(document, std::move(edits), move));
  document.select({.nodes = {instance}});
  return instance;
}

void unpack_subgraph(Document& document, const Registry& registry, const std::string& instance) {
  Ids before;
  for (const GraphNode* node : document.graph().nodes()) before.insert(node->id);
  const std::string definition(subgraph_of_type(document.graph().node(instance).type).value_or(""));
  const std::string scope = document.scope();
  // The ids of the nodes once they are unpacked, which come in their order.
  const auto unpacked_id = [&](const Workflow& after, const std::string& inner) -> std::string {
    const Graph& graph = scope.empty() ? after.graph : after.subgraphs.at(scope).graph;
    const auto packed = after.subgraphs.at(definition).graph.nodes();
    auto place = std::ranges::find(packed, inner, &GraphNode::id) - packed.begin();
    for (const GraphNode* node : graph.nodes())
      if ((!before.contains(node->id) || node->id == instance) && place-- == 0)
        return node_in_sweep(document, node->id);
    return {};
  };
  const auto move = [&](const Workflow& after, const PortRef& param) -> std::optional<PortRef> {
    if (param.node == node_in_sweep(document, instance)) {
      const SubgraphInput* port = after.subgraphs.at(definition).interface.find_input(param.port);
      if (!port) return std::nullopt;
      return PortRef{unpacked_id(after, port->targets.front().node), port->targets.front().port};
    }
    const auto inner = inside(definition, param.node);
    if (!inner || count_instances(after, definition) > 0) return param;
    return PortRef{unpacked_id(after, *inner), param.port};
  };
  document.apply_to_workflow(tr_format("Unpack {}", instance),
      with_sweep_following(document, {weft::unpack_subgraph(document.workflow(), registry, scope, instance)}, move));
  Selection unpacked;
  for (const GraphNode* node : document.graph().nodes())
    if (!before.contains(node->id)) unpacked.nodes.insert(node->id);
  document.select(std::move(unpacked));
}

void rename_subgraph(Document& document, const std::string& from, const std::string& to) {
  const auto move = [&](const Workflow&, PortRef param) {
    if (const auto node = inside(from, param.node)) param.node = address_in_subgraph(to, *node);
    return std::optional(std::move(param));
  };
  document.apply_to_workflow(tr_format("Rename subgraph {} to {}", from, to),
      with_sweep_following(document, {weft::rename_subgraph(document.workflow(), from, to)}, move));
}

std::size_t count_instances(const Workflow& workflow, const std::string& name) {
  const std::string type = subgraph_type(name);
  const auto in = [&](const Graph& graph) {
    return static_cast<std::size_t>(
        std::ranges::count(graph.nodes(), type, [](const GraphNode* node) { return node->type; }));
  };
  std::size_t count = in(workflow.graph);
  for (const auto& [other, subgraph] : workflow.subgraphs) count += in(subgraph.graph);
  return count;
}

void remove_subgraph(Document& document, const std::string& name) {
  if (const std::size_t count = count_instances(document.workflow(), name); count > 0)
    throw GraphError(Problem{.what = tr_format_n("{} node stands for the subgraph '{}'",
                                 "{} nodes stand for the subgraph '{}'", count, name),
        .remedy = tr("delete or unpack them first")});
  const auto move = [&](const Workflow&, const PortRef& param) {
    return inside(name, param.node) ? std::nullopt : std::optional(param);
  };
  document.apply_to_workflow(
      tr_format("Remove subgraph {}", name), with_sweep_following(document, {SetSubgraph{name, std::nullopt}}, move));
}

void promote(Document& document, const LinkEnd& end) {
  const std::string scope = document.scope();
  if (scope.empty())
    throw GraphError(Problem{end.port.node, end.port.port, tr("only what is inside a subgraph can become its port"),
        tr("make a subgraph of the node first, or name the port in the interface")});
  document.apply_to_workflow(tr_format("Promote {}", end.port.port),
      {end.is_output ? promote_output(document.workflow(), scope, end.port)
                     : promote_input(document.workflow(), scope, end.port)});
}

std::string expose_input(Document& document, const PortRef& port, const std::string& wanted) {
  Interface interface = document.workflow().interface;
  const std::string name = free_name(interface.inputs, wanted);
  interface.inputs[name] = port;
  set_interface(document, tr_format("Expose {}", name), interface);
  return name;
}

std::string expose_output(Document& document, const PortRef& port, const std::string& wanted) {
  Interface interface = document.workflow().interface;
  const std::string name = free_name(interface.outputs, wanted);
  interface.outputs[name] = port;
  set_interface(document, tr_format("Expose {}", name), interface);
  return name;
}

void set_interface(Document& document, const std::string& step, const Interface& interface) {
  document.apply_to_workflow(step, with_sweep_following(document, {SetInterface{interface}}, as_it_was));
}

void rename_port(Document& document, Side side, const std::string& from, const std::string& to) {
  if (from == to) return;
  const std::string step = tr_format("Rename port {} to {}", from, to);
  const Workflow& workflow = document.workflow();
  if (const std::string scope = document.scope(); !scope.empty()) {
    if (side == Side::Input)
      document.apply_to_workflow(step,
          with_sweep_following(
              document, {rename_subgraph_input(workflow, scope, from, to)}, port_renamed(document, from, to)));
    else
      document.apply_to_workflow(step, {rename_subgraph_output(workflow, scope, from, to)});
    return;
  }
  Interface interface = workflow.interface;
  Names& names = names_of(interface, side);
  const auto known = name_at(names, from);
  if (to.empty() || names.contains(to))
    throw GraphError(
        Problem{.what = to.empty() ? tr("a port needs a name") : tr_format("the workflow has a port '{}' already", to),
            .remedy = tr("choose another name")});
  names.emplace(to, known->second);
  names.erase(known);
  set_interface(document, step, interface);
}

void remove_port(Document& document, Side side, const std::string& name) {
  const std::string step = tr_format("Remove port {}", name);
  const Workflow& workflow = document.workflow();
  if (const std::string scope = document.scope(); !scope.empty()) {
    if (side == Side::Input)
      document.apply_to_workflow(step,
          with_sweep_following(
              document, {remove_subgraph_input(workflow, scope, name)}, port_renamed(document, name, "")));
    else
      document.apply_to_workflow(step, {remove_subgraph_output(workflow, scope, name)});
    return;
  }
  Interface interface = workflow.interface;
  Names& names = names_of(interface, side);
  names.erase(name_at(names, name));
  set_interface(document, step, interface);
}

void move_port(Document& document, Side side, const std::string& name, int by) {
  const std::string scope = document.scope();
  if (scope.empty()) return;
  Subgraph changed = document.workflow().subgraphs.at(scope);
  if (side == Side::Input)
    move_in(changed.interface.inputs, name, by);
  else
    move_in(changed.interface.outputs, name, by);
  document.apply_to_workflow(tr_format("Move port {}", name), {SetSubgraph{scope, std::move(changed)}});
}

}  // namespace weft::editor
