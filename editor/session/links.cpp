#include "editor/session/links.h"

#include <algorithm>
#include <tuple>

#include "editor/session/text.h"

namespace weft::editor {
namespace {

const NodeInfo* info_of(const Graph& graph, const NodeTypes& types, const std::string& node) {
  const GraphNode* found = graph.find(node);
  return found ? types.find(found->type) : nullptr;
}

/// How well two ports fit, smaller is better: what best_link() promises.
using Fit = std::tuple<bool, bool, bool, bool>;

Fit fit(const Graph& graph, const PortInfo& output, const PortInfo& input, const PortRef& target) {
  const bool occupied = !input.many && !links_at(graph, target).empty();
  return {output.type != input.type, occupied, input.kind == PortKind::Param, output.name != input.name};
}

struct Candidate {
  Link link;
  Fit fit;
};

std::optional<Candidate> best_candidate(
    const Graph& graph, const NodeTypes& types, const std::string& source, const std::string& target) {
  const NodeInfo* from = info_of(graph, types, source);
  const NodeInfo* to = info_of(graph, types, target);
  if (!from || !to) return std::nullopt;
  std::optional<Candidate> best;
  for (const PortInfo& output : from->outputs) {
    for (const PortInfo& input : to->inputs) {
      if (!types_match(output.type, input.type)) continue;
      const Link link{{source, output.name}, {target, input.name}};
      const Fit how = fit(graph, output, input, link.target);
      const LinkCheck check = !best || how < best->fit ? check_link(graph, types, link) : LinkCheck{.exists = true};
      if (check.ok() && !check.exists) best = Candidate{link, how};
    }
  }
  return best;
}

}  // namespace

LinkCheck check_link(const Graph& graph, const NodeTypes& types, const Link& link) {
  LinkCheck check;
  if (link.source.node == link.target.node) {
    check.problem =
        Problem{link.target.node, link.target.port, tr("a node cannot feed itself"), tr("link another node's output")};
    return check;
  }
  check.problem = why_not_link(graph, types, link.source, link.target);
  const Links& links = links_at(graph, link.target);
  if (links.empty()) return check;
  check.exists = std::ranges::find(links, link.source) != links.end();
  const NodeInfo* info = info_of(graph, types, link.target.node);
  const PortInfo* port = info ? info->find_input(link.target.port) : nullptr;
  if (!check.exists && !(port && port->many)) check.replaces = links.front();
  return check;
}

const Links& links_at(const GraphNode& node, std::string_view port) {
  static const Links kNone;
  const auto input = node.inputs.find(port);
  const Links* links = input == node.inputs.end() ? nullptr : std::get_if<Links>(&input->second);
  return links ? *links : kNone;
}

const Links& links_at(const Graph& graph, const PortRef& target) {
  static const Links kNone;
  const GraphNode* node = graph.find(target.node);
  return node ? links_at(*node, target.port) : kNone;
}

std::vector<Link> links_of(const Graph& graph) {
  std::vector<Link> all;
  for (const GraphNode* node : graph.nodes())
    for (const auto& [port, value] : node->inputs)
      if (const Links* links = std::get_if<Links>(&value))
        for (const PortRef& source : *links) all.push_back({source, {node->id, port}});
  return all;
}

std::string port_type(const Graph& graph, const NodeTypes& types, const LinkEnd& end) {
  const NodeInfo* info = info_of(graph, types, end.port.node);
  if (!info) return {};
  const PortInfo* port = end.is_output ? info->find_output(end.port.port) : info->find_input(end.port.port);
  return port ? port->type : std::string();
}

std::vector<const NodeInfo*> all_types(const Registry& registry, const NodeTypes& types, const Subgraphs& subgraphs) {
  std::vector<const NodeInfo*> all = registry.nodes();
  for (const auto& [name, subgraph] : subgraphs)
    if (const NodeInfo* info = types.find(subgraph_type(name))) all.push_back(info);
  return all;
}

std::vector<NodeChoice> nodes_for_link(
    const Graph& graph, const NodeTypes& types, const std::vector<const NodeInfo*>& known, const LinkEnd& end) {
  const std::string type = port_type(graph, types, end);
  std::vector<NodeChoice> exact, others;
  for (const NodeInfo* info : known) {
    const std::vector<PortInfo>& ports = end.is_output ? info->inputs : info->outputs;
    const auto fits = [&](const PortInfo& port) {
      if (type.empty()) return true;
      return end.is_output ? types_match(type, port.type) : types_match(port.type, type);
    };
    // An input of just this type is a better reason to be here than a param that could take it as well.
    const auto same = std::ranges::find_if(
        ports, [&](const PortInfo& port) { return port.type == type && port.kind != PortKind::Param; });
    const auto any = same != ports.end() ? same : std::ranges::find_if(ports, fits);
    if (any == ports.end()) continue;
    (same != ports.end() ? exact : others).push_back({info, any->name});
  }
  exact.insert(exact.end(), others.begin(), others.end());
  return exact;
}

std::optional<Link> best_link(const Graph& graph, const NodeTypes& types, const std::string& a, const std::string& b) {
  if (a == b) return std::nullopt;
  const std::optional<Candidate> forwards = best_candidate(graph, types, a, b);
  const std::optional<Candidate> backwards = best_candidate(graph, types, b, a);
  if (!forwards && !backwards) return std::nullopt;
  const bool back = !forwards || (backwards && backwards->fit < forwards->fit);
  return back ? backwards->link : forwards->link;
}

std::optional<Insertion> insertion(
    const Graph& graph, const NodeTypes& types, const std::string& node, const Link& link) {
  const NodeInfo* info = info_of(graph, types, node);
  if (!info || node == link.source.node || node == link.target.node) return std::nullopt;
  const std::string in_type = port_type(graph, types, {link.source, true});
  const std::string out_type = port_type(graph, types, {link.target, false});
  const auto input = std::ranges::find_if(info->inputs, [&](const PortInfo& port) {
    return port.kind == PortKind::Input && types_match(in_type, port.type) &&
        (port.many || links_at(graph, {node, port.name}).empty());
  });
  const auto output =
      std::ranges::find_if(info->outputs, [&](const PortInfo& port) { return types_match(port.type, out_type); });
  if (input == info->inputs.end() || output == info->outputs.end()) return std::nullopt;
  const Insertion found{{link.source, {node, input->name}}, {{node, output->name}, link.target}};
  if (!check_link(graph, types, found.in).ok() || !check_link(graph, types, found.out).ok()) return std::nullopt;
  return found;
}

}  // namespace weft::editor
