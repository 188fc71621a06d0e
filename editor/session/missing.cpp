#include "editor/session/missing.h"

#include <algorithm>
#include <map>

#include "editor/session/links.h"
#include "editor/session/node_text.h"
#include "editor/session/picture_params.h"
#include "editor/session/text.h"
#include "graph/node_types.h"
#include "graph/placeholder.h"

namespace weft::editor {
namespace {

Edit within(const std::string& scope, Edit edit) {
  return scope.empty() ? std::move(edit) : Edit{EditSubgraph{scope, {std::move(edit)}}};
}

/// An address that begins with a definition's name, "subgraph:NAME/NODE".
std::optional<Spot> in_definition(const Workflow& workflow, const std::string& address) {
  for (const auto& [name, subgraph] : workflow.subgraphs) {
    const std::string prefix = address_in_subgraph(name, "");
    if (address.starts_with(prefix) && subgraph.graph.contains(address.substr(prefix.size())))
      return Spot{name, address.substr(prefix.size()), {}};
  }
  return std::nullopt;
}

/// Ids may hold '/' themselves: the shortest that is an instance leads on.
std::optional<Spot> by_path(const Workflow& workflow, const std::string& scope, const std::string& path) {
  const Graph& graph = graph_at(workflow, {.scope = scope, .node = {}, .port = {}});
  if (graph.contains(path)) return Spot{scope, path, {}};
  for (std::size_t slash = path.find('/'); slash != path.npos; slash = path.find('/', slash + 1)) {
    const GraphNode* instance = graph.find(path.substr(0, slash));
    const auto name = instance ? subgraph_of_type(instance->type) : std::nullopt;
    if (name && workflow.subgraphs.contains(*name))
      return by_path(workflow, std::string(*name), path.substr(slash + 1));
  }
  return std::nullopt;
}

/// "LoraLoader" of "comfyui.LoraLoader".
std::string shown_type(const std::string& type) {
  constexpr std::string_view kForeign = "comfyui.";
  return type.starts_with(kForeign) ? type.substr(kForeign.size()) : type;
}

/// What the problem misses, if that is what it is about.
std::optional<Missing> missing_at(const GraphNode& node, const NodeInfo* info, const std::string& port_name) {
  Missing missing;
  if (!info) {
    missing.name = node.type;
    missing.title = shown_type(node.type);
    return node.state == NodeState::Active ? std::optional(missing) : std::nullopt;
  }
  const PortInfo* port = info->find_input(port_name);
  if (!port || (port->widget != Widget::Model && port->widget != Widget::File)) return std::nullopt;
  const nlohmann::json value = effective_value(node, *port);
  if (!value.is_string() || value.get_ref<const std::string&>().empty()) return std::nullopt;
  missing.kind = port->widget == Widget::Model ? Missing::Kind::Model : Missing::Kind::File;
  missing.name = missing.title = value.get<std::string>();
  missing.folder = port->folder;
  return missing;
}

/// A port as far as its name and type are known.
struct Need {
  std::string port;
  std::string type;  ///< at the other end
};

/// What is linked to a node's inputs and what its outputs feed, each port once.
std::vector<Need> needed_inputs(const Graph& graph, const NodeTypes& types, const GraphNode& node) {
  std::vector<Need> needs;
  for (const auto& [port, value] : node.inputs)
    if (const Links* links = std::get_if<Links>(&value); links && !links->empty())
      needs.push_back({port, port_type(graph, types, {links->front(), true})});
  return needs;
}

std::vector<Need> needed_outputs(const Graph& graph, const NodeTypes& types, const std::string& node) {
  std::vector<Need> needs;
  for (const auto& [source, target] : graph.links_from(node))
    if (std::ranges::find(needs, source.port, &Need::port) == needs.end())
      needs.push_back({source.port, port_type(graph, types, {target, false})});
  return needs;
}

/// Which port of the new type stands for each that was needed; the same name first, then the first free one of the type.
std::map<std::string, std::string> assigned(
    const std::vector<Need>& needs, const std::vector<PortInfo>& ports, bool are_inputs) {
  std::map<std::string, std::string> chosen;
  std::vector<std::string> taken;
  const auto fits = [&](const Need& need, const PortInfo& port) {
    if (port.kind == PortKind::Param) return false;
    return need.type.empty() || (are_inputs ? types_match(need.type, port.type) : types_match(port.type, need.type));
  };
  const auto take = [&](const Need& need, const PortInfo& port) {
    chosen[need.port] = port.name;
    if (are_inputs && !port.many) taken.push_back(port.name);
  };
  for (const Need& need : needs)
    for (const PortInfo& port : ports)
      if (port.name == need.port && (port.kind == PortKind::Param || fits(need, port))) take(need, port);
  for (const Need& need : needs)
    for (const PortInfo& port : ports)
      if (!chosen.contains(need.port) && !need.type.empty() && fits(need, port) &&
          std::ranges::find(taken, port.name) == taken.end())
        take(need, port);
  return chosen;
}

/// Edits of one graph that make the node one of the type `info`.
std::vector<Edit> replacing(const Graph& graph, const NodeTypes& types, const std::string& id, const NodeInfo& info) {
  const GraphNode& node = graph.node(id);
  const auto inputs = assigned(needed_inputs(graph, types, node), info.inputs, true);
  const auto outputs = assigned(needed_outputs(graph, types, id), info.outputs, false);
  std::vector<Edit> edits{SetType{id, info.id}};
  for (const auto& [port, value] : node.inputs) {
    const bool linked = std::holds_alternative<Links>(value);
    const auto to = inputs.find(port);
    if (linked ? to == inputs.end() || to->second != port : !info.find_input(port))
      edits.push_back(ClearInput{id, port});
  }
  for (const auto& [from, to] : inputs)
    if (from != to) edits.push_back(SetInput{id, to, node.inputs.at(from)});
  std::map<PortRef, Links> targets;
  for (const auto& [source, target] : graph.links_from(id))
    targets.try_emplace(target, std::get<Links>(graph.node(target.node).inputs.at(target.port)));
  for (auto& [target, links] : targets) {
    std::erase_if(links, [&](const PortRef& source) { return source.node == id && !outputs.contains(source.port); });
    for (PortRef& source : links)
      if (source.node == id) source.port = outputs.at(source.port);
    if (links.empty())
      edits.push_back(ClearInput{target.node, target.port});
    else
      edits.push_back(SetInput{target.node, target.port, links});
  }
  return edits;
}

}  // namespace

std::optional<Spot> spot_of(const Workflow& workflow, const Problem& problem) {
  std::optional<Spot> spot = in_definition(workflow, problem.node);
  if (!spot) spot = by_path(workflow, {}, problem.node);
  if (spot) spot->port = problem.port;
  return spot;
}

const Graph& graph_at(const Workflow& workflow, const Spot& spot) {
  return spot.scope.empty() ? workflow.graph : workflow.subgraphs.at(spot.scope).graph;
}

const GraphNode& node_at(const Workflow& workflow, const Spot& spot) {
  return graph_at(workflow, spot).node(spot.node);
}

std::vector<Missing> what_is_missing(
    const Document& document, const Registry& registry, const std::vector<Problem>& problems) {
  const NodeTypes& types = document.types(registry);
  std::vector<Missing> all;
  for (const Problem& problem : problems) {
    const std::optional<Spot> spot = spot_of(document.workflow(), problem);
    if (!spot) continue;
    const GraphNode& node = node_at(document.workflow(), *spot);
    std::optional<Missing> one = missing_at(node, types.find(node.type), spot->port);
    if (!one) continue;
    auto known = std::ranges::find_if(all, [&](const Missing& each) {
      return each.kind == one->kind && each.name == one->name && each.folder == one->folder;
    });
    if (known == all.end()) known = all.insert(all.end(), *std::move(one));
    if (std::ranges::find(known->spots, *spot) == known->spots.end()) known->spots.push_back(*spot);
  }
  std::ranges::stable_sort(all, {}, &Missing::kind);
  return all;
}

void bypass_all(Document& document, const std::vector<Spot>& nodes) {
  std::vector<Edit> edits;
  for (const Spot& each : nodes) edits.push_back(within(each.scope, SetState{each.node, NodeState::Bypassed}));
  document.apply_to_workflow(tr_format_n("Bypass {} node", "Bypass {} nodes", nodes.size()), std::move(edits));
}

void set_all(Document& document, const std::vector<Spot>& params, const nlohmann::json& value) {
  if (params.empty()) return;
  std::vector<Edit> edits;
  for (const Spot& each : params) edits.push_back(within(each.scope, SetInput{each.node, each.port, value}));
  document.apply_to_workflow(tr_format("Change {}", params.front().port), std::move(edits));
}

void replace_all(
    Document& document, const Registry& registry, const std::vector<Spot>& nodes, const std::string& type) {
  Workflow changed = document.workflow();
  const NodeTypes types(changed.subgraphs, registry);
  const NodeInfo* info = types.find(type);
  if (!info) throw GraphError(types.unknown({}, type));
  for (const Spot& each : nodes)
    for (Edit& edit : replacing(graph_at(changed, each), types, each.node, *info))
      weft::apply(changed, within(each.scope, std::move(edit)));
  document.apply_to_workflow(tr_format("Replace by {}", shown_title(*info)), {SetWorkflow{std::move(changed)}});
}

std::vector<const NodeInfo*> types_like(const Document& document, const Registry& registry, const Spot& node) {
  const NodeTypes& types = document.types(registry);
  const Graph& graph = graph_at(document.workflow(), node);
  const std::vector<Need> inputs = needed_inputs(graph, types, graph.node(node.node));
  const std::vector<Need> outputs = needed_outputs(graph, types, node.node);
  std::vector<const NodeInfo*> known = all_types(registry, types, document.workflow().subgraphs);
  std::erase_if(known, [&](const NodeInfo* info) { return info->id == graph.node(node.node).type; });
  const auto misfits = [&](const NodeInfo* info) {
    return inputs.size() + outputs.size() - assigned(inputs, info->inputs, true).size() -
        assigned(outputs, info->outputs, false).size();
  };
  std::ranges::stable_sort(known, {}, misfits);
  return known;
}

std::string title_of(const GraphNode& node, const NodeTypes& types) {
  if (!node.title.empty()) return node.title;
  const NodeInfo* info = types.find(node.type);
  if (info) return shown_title(*info);
  return shown_type(node.type);
}

}  // namespace weft::editor
