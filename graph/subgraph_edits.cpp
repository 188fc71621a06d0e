// Definitions and their ports: renamed, promoted and removed, with what instances everywhere have at them.
#include "graph/subgraph_edits.h"

#include <algorithm>

#include "base/spelling.h"
#include "graph/subgraph_scope.h"

namespace weft {
namespace {

/// Calls `change` with the body of every scope, the workflow's own first.
template <class Change>
void change_all_scopes(Workflow& workflow, const Change& change) {
  std::vector<std::string> scopes{""};
  for (const auto& [name, subgraph] : workflow.subgraphs) scopes.push_back(name);
  for (const std::string& scope : scopes) {
    Subgraph body = body_of(workflow, scope);
    change(body);
    put_body(workflow, scope, std::move(body));
  }
}

std::vector<std::string> instances_of(const Graph& graph, const std::string& type) {
  std::vector<std::string> ids;
  for (const GraphNode* node : graph.nodes())
    if (node->type == type) ids.push_back(node->id);
  return ids;
}

/// Changes a definition's interface; instances follow by `follow(body, instance)`.
template <class Change, class Follow>
Edit change_ports(const Workflow& workflow, const std::string& subgraph, const Change& change, const Follow& follow) {
  Workflow changed = workflow;
  Subgraph copy = definition(workflow, subgraph);
  change(copy.interface);
  check_definition(subgraph, copy);
  changed.subgraphs.insert_or_assign(subgraph, std::move(copy));
  change_all_scopes(changed, [&](Subgraph& body) {
    for (const std::string& instance : instances_of(body.graph, subgraph_type(subgraph))) follow(body, instance);
  });
  return SetWorkflow{std::move(changed)};
}

template <class Ports>
auto port_at(Ports& ports, const std::string& subgraph, const std::string& name) {
  const auto found = std::ranges::find(ports, name, [](const auto& port) { return port.name; });
  if (found == ports.end()) {
    std::vector<std::string> names;
    for (const auto& port : ports) names.push_back(port.name);
    throw GraphError(Problem{subgraph_type(subgraph), name, "the subgraph has no such port", suggestion(name, names)});
  }
  return found;
}

/// Gives readers of an output of `instance` what `replacement` says; nothing: they lose the link.
void change_links_to(Graph& graph, const PortRef& output, const std::optional<PortRef>& replacement) {
  for (const auto& [source, target] : graph.links_from(output.node)) {
    Links links = std::get<Links>(graph.node(target.node).inputs.find(target.port)->second);
    if (replacement)
      std::ranges::replace(links, output, *replacement);
    else
      std::erase(links, output);
    if (links.empty())
      graph.clear_input(target.node, target.port);
    else
      graph.set_input(target.node, target.port, std::move(links));
  }
}

}  // namespace

Edit rename_subgraph(const Workflow& workflow, const std::string& from, const std::string& to) {
  Subgraph subgraph = definition(workflow, from);
  check_definition(to, subgraph);
  if (from != to && workflow.subgraphs.contains(to))
    throw GraphError(
        Problem{.node = subgraph_type(to), .what = "another subgraph has this name", .remedy = "choose another name"});
  Workflow changed = workflow;
  changed.subgraphs.erase(from);
  changed.subgraphs.emplace(to, std::move(subgraph));
  change_all_scopes(changed, [&](Subgraph& body) {
    for (const std::string& instance : instances_of(body.graph, subgraph_type(from)))
      body.graph.set_type(instance, subgraph_type(to));
  });
  return SetWorkflow{std::move(changed)};
}

Edit promote_input(const Workflow& workflow, const std::string& subgraph, const PortRef& target, std::string port) {
  Subgraph changed = definition(workflow, subgraph);
  changed.graph.node(target.node);  // throws if there is none
  for (const SubgraphInput& input : changed.interface.inputs)
    if (std::ranges::count(input.targets, target) > 0)
      throw GraphError(Problem{address_in_subgraph(subgraph, target.node), target.port,
          fmt::format("this is the subgraph's input '{}' already", input.name), "rename that one"});
  if (port.empty())
    add_input(changed.interface, target);
  else
    changed.interface.inputs.push_back({std::move(port), {target}});
  return SetSubgraph{subgraph, std::move(changed)};
}

Edit promote_output(const Workflow& workflow, const std::string& subgraph, const PortRef& source, std::string port) {
  Subgraph changed = definition(workflow, subgraph);
  changed.graph.node(source.node);  // throws if there is none
  if (port.empty())
    add_output(changed.interface, source);
  else
    changed.interface.outputs.push_back({std::move(port), source});
  return SetSubgraph{subgraph, std::move(changed)};
}

Edit remove_subgraph_input(const Workflow& workflow, const std::string& subgraph, const std::string& port) {
  const auto change = [&](SubgraphInterface& interface) {
    interface.inputs.erase(port_at(interface.inputs, subgraph, port));
  };
  return change_ports(workflow, subgraph, change, [&](Subgraph& body, const std::string& instance) {
    body.graph.clear_input(instance, port);
    for (SubgraphInput& input : body.interface.inputs) std::erase(input.targets, PortRef{instance, port});
    std::erase_if(body.interface.inputs, [](const SubgraphInput& input) { return input.targets.empty(); });
  });
}

Edit remove_subgraph_output(const Workflow& workflow, const std::string& subgraph, const std::string& port) {
  const auto change = [&](SubgraphInterface& interface) {
    interface.outputs.erase(port_at(interface.outputs, subgraph, port));
  };
  return change_ports(workflow, subgraph, change, [&](Subgraph& body, const std::string& instance) {
    const PortRef gone{instance, port};
    change_links_to(body.graph, gone, std::nullopt);
    std::erase_if(body.interface.outputs, [&](const SubgraphOutput& output) { return output.source == gone; });
  });
}

Edit rename_subgraph_input(
    const Workflow& workflow, const std::string& subgraph, const std::string& from, const std::string& to) {
  const auto change = [&](SubgraphInterface& interface) { port_at(interface.inputs, subgraph, from)->name = to; };
  return change_ports(workflow, subgraph, change, [&](Subgraph& body, const std::string& instance) {
    const auto& inputs = body.graph.node(instance).inputs;
    if (const auto found = inputs.find(from); found != inputs.end() && from != to) {
      InputValue value = found->second;
      body.graph.clear_input(instance, from);
      body.graph.set_input(instance, to, std::move(value));
    }
    for (SubgraphInput& input : body.interface.inputs)
      std::ranges::replace(input.targets, PortRef{instance, from}, PortRef{instance, to});
  });
}

Edit rename_subgraph_output(
    const Workflow& workflow, const std::string& subgraph, const std::string& from, const std::string& to) {
  const auto change = [&](SubgraphInterface& interface) { port_at(interface.outputs, subgraph, from)->name = to; };
  return change_ports(workflow, subgraph, change, [&](Subgraph& body, const std::string& instance) {
    change_links_to(body.graph, {instance, from}, PortRef{instance, to});
    for (SubgraphOutput& output : body.interface.outputs)
      if (output.source == PortRef{instance, from}) output.source.port = to;
  });
}

}  // namespace weft
