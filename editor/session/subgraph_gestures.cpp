// Gestures that make subgraphs and name ports for those who use a graph from outside.
#include <fmt/format.h>

#include <algorithm>

#include "editor/session/gestures.h"
#include "editor/session/text.h"
#include "graph/subgraph_edits.h"

namespace weft::editor {
namespace {

using Names = std::map<std::string, PortRef>;

Names& names_of(Interface& interface, Side side) {
  return side == Side::Input ? interface.inputs : interface.outputs;
}

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

std::string free_name(const Names& names, const std::string& wanted) {
  std::string name = wanted;
  for (int number = 2; names.contains(name); ++number) name = fmt::format("{}_{}", wanted, number);
  return name;
}

}  // namespace

std::string make_subgraph(Document& document, const Ids& nodes, const std::string& name) {
  const Workflow& workflow = document.workflow();
  std::string definition = name;
  for (int number = 2; workflow.subgraphs.contains(definition); ++number)
    definition = fmt::format("{}_{}", name, number);
  const std::string instance = free_id(document.graph(), definition);
  document.apply_to_workflow(
      tr_format("Make subgraph {}", definition),
      {weft::make_subgraph(workflow, document.scope(), {nodes.begin(), nodes.end()}, definition, instance)});
  document.select({.nodes = {instance}});
  return instance;
}

void unpack_subgraph(Document& document, const Registry& registry, const std::string& instance) {
  Ids before;
  for (const GraphNode* node : document.graph().nodes()) before.insert(node->id);
  document.apply_to_workflow(tr_format("Unpack {}", instance), {weft::unpack_subgraph(document.workflow(), registry,
                                                                          document.scope(), instance)});
  Selection unpacked;
  for (const GraphNode* node : document.graph().nodes())
    if (!before.contains(node->id)) unpacked.nodes.insert(node->id);
  document.select(std::move(unpacked));
}

void rename_subgraph(Document& document, const std::string& from, const std::string& to) {
  document.apply_to_workflow(tr_format("Rename subgraph {} to {}", from, to),
                             {weft::rename_subgraph(document.workflow(), from, to)});
}

std::size_t count_instances(const Workflow& workflow, const std::string& name) {
  const std::string type = subgraph_type(name);
  const auto in = [&](const Graph& graph) {
    return static_cast<std::size_t>(std::ranges::count(graph.nodes(), type, [](const GraphNode* node) { return node->type; }));
  };
  std::size_t count = in(workflow.graph);
  for (const auto& [other, subgraph] : workflow.subgraphs) count += in(subgraph.graph);
  return count;
}

void remove_subgraph(Document& document, const std::string& name) {
  if (const std::size_t count = count_instances(document.workflow(), name); count > 0)
    throw GraphError(Problem{.what = tr_format_n("{} node stands for the subgraph '{}'", "{} nodes stand for the subgraph '{}'",
                                                 count, name),
                             .remedy = tr("delete or unpack them first")});
  document.apply_to_workflow(tr_format("Remove subgraph {}", name), {SetSubgraph{name, std::nullopt}});
}

void promote(Document& document, const LinkEnd& end) {
  const std::string scope = document.scope();
  if (scope.empty())
    throw GraphError(Problem{end.port.node, end.port.port,
                             tr("only what is inside a subgraph can become its port"),
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
  document.apply_to_workflow(step, {SetInterface{interface}});
}

void rename_port(Document& document, Side side, const std::string& from, const std::string& to) {
  if (from == to) return;
  const std::string step = tr_format("Rename port {} to {}", from, to);
  const Workflow& workflow = document.workflow();
  if (const std::string scope = document.scope(); !scope.empty()) {
    document.apply_to_workflow(step, {side == Side::Input ? rename_subgraph_input(workflow, scope, from, to)
                                                          : rename_subgraph_output(workflow, scope, from, to)});
    return;
  }
  Interface interface = workflow.interface;
  Names& names = names_of(interface, side);
  const auto known = name_at(names, from);
  if (to.empty() || names.contains(to))
    throw GraphError(Problem{.what = to.empty() ? tr("a port needs a name")
                                                : tr_format("the workflow has a port '{}' already", to),
                             .remedy = tr("choose another name")});
  names.emplace(to, known->second);
  names.erase(known);
  set_interface(document, step, interface);
}

void remove_port(Document& document, Side side, const std::string& name) {
  const std::string step = tr_format("Remove port {}", name);
  const Workflow& workflow = document.workflow();
  if (const std::string scope = document.scope(); !scope.empty()) {
    document.apply_to_workflow(step, {side == Side::Input ? remove_subgraph_input(workflow, scope, name)
                                                          : remove_subgraph_output(workflow, scope, name)});
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
