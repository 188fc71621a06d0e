// Gestures that make subgraphs and name ports for those who use a graph from outside.
#include <fmt/format.h>

#include "editor/session/gestures.h"
#include "editor/session/text.h"
#include "graph/subgraph_edits.h"

namespace weft::editor {
namespace {

std::string free_name(const std::map<std::string, PortRef>& names, const std::string& wanted) {
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

}  // namespace weft::editor
