#include "editor/session/remedies.h"

#include <algorithm>

#include "editor/session/links.h"
#include "editor/session/node_text.h"
#include "editor/session/picture_params.h"
#include "editor/session/text.h"

namespace weft::editor {
namespace {

constexpr std::size_t kMostLinks = 3;  // more are no help: the user has to look

/// "Load Checkpoint.VAE"; of two nodes with one title also the id.
std::string name_of(const Graph& graph, const NodeTypes& types, const PortRef& output) {
  const std::string title = title_of(graph.node(output.node), types);
  const auto same =
      std::ranges::count_if(graph.nodes(), [&](const GraphNode* each) { return title_of(*each, types) == title; });
  return (same > 1 ? fmt::format("{} ({})", title, output.node) : title) + "." + port_label(output.port);
}

/// Outputs that the input may be linked to, those of its name first; no more than it is worth to show.
std::vector<Link> fitting_links(
    const Graph& graph, const NodeTypes& types, const PortRef& input, const PortInfo& port) {
  std::vector<Link> links;
  for (const GraphNode* node : graph.nodes()) {
    const NodeInfo* info = node->id == input.node ? nullptr : types.find(node->type);
    if (!info) continue;
    for (const PortInfo& output : info->outputs)
      if (output.type == port.type && check_link(graph, types, {{node->id, output.name}, input}).ok())
        links.push_back({{node->id, output.name}, input});
  }
  std::ranges::stable_sort(links, {}, [&](const Link& link) { return link.source.port != port.name; });
  if (links.size() > kMostLinks) links.clear();
  return links;
}

bool has_nothing(const GraphNode& node, const PortInfo& port) {
  const auto value = node.inputs.find(port.name);
  if (value == node.inputs.end()) return true;
  const Links* links = std::get_if<Links>(&value->second);
  const Literal* literal = std::get_if<Literal>(&value->second);
  return (links && links->empty()) || (literal && literal->is_null());
}

void tell_unlinked(ToldProblem& told, const Graph& graph, const NodeTypes& types, const PortInfo& port) {
  told.what = tr("nothing is linked to this input");
  told.advice.clear();
  for (const Link& link : fitting_links(graph, types, {told.spot->node, port.name}, port))
    told.remedies.push_back({Remedy::Kind::Link, tr_format("Link {}", name_of(graph, types, link.source)), link});
  if (told.remedies.empty()) told.remedies.push_back({Remedy::Kind::AddNode, tr("Add a node for it\u2026"), {}});
}

void tell_model(ToldProblem& told, bool none) {
  if (none) told.what = tr("no model is chosen");
  told.advice.clear();
  told.remedies.push_back({Remedy::Kind::ChooseModel, tr("Choose a model\u2026"), {}});
  told.remedies.push_back({Remedy::Kind::AddModelFolder, tr("Add a model folder\u2026"), {}});
}

void tell_file(ToldProblem& told, bool none) {
  if (none) told.what = tr("no file is chosen");
  if (none) told.advice.clear();
  told.remedies.push_back({Remedy::Kind::ChooseFile, tr("Choose a file\u2026"), {}});
}

}  // namespace

ToldProblem tell(const Document& document, const Registry& registry, const Problem& problem) {
  ToldProblem told{.problem = problem,
      .failed = false,
      .spot = spot_of(document.workflow(), problem),
      .title = problem.node,
      .what = problem.what,
      .advice = problem.remedy,
      .remedies = {}};
  if (!told.spot) return told;
  const NodeTypes& types = document.types(registry);
  const Graph& graph = graph_at(document.workflow(), *told.spot);
  const GraphNode& node = graph.node(told.spot->node);
  const NodeInfo* info = types.find(node.type);
  told.title = title_of(node, types);
  if (!info) {
    told.what = tr_format("there is no node type '{}'", node.type);
    told.remedies.push_back({Remedy::Kind::Replace, tr("Replace\u2026"), {}});
    told.remedies.push_back({Remedy::Kind::Bypass, tr("Bypass"), {}});
    return told;
  }
  const PortInfo* port = info->find_input(told.spot->port);
  if (!port) return told;
  const bool none = has_nothing(node, *port);
  if (port->kind == PortKind::Input && none && !port->optional)
    tell_unlinked(told, graph, types, *port);
  else if (port->widget == Widget::Model)
    tell_model(told, none && port->init.is_null());
  else if (port->widget == Widget::File)
    tell_file(told, none && port->init.is_null());
  return told;
}

std::vector<ToldProblem> tell_all(const Document& document, const Registry& registry,
    const std::vector<Problem>& failed, const std::vector<Problem>& found) {
  std::vector<ToldProblem> all;
  const auto add = [&](const Problem& problem, bool by_run) {
    const bool known = std::ranges::any_of(all, [&](const ToldProblem& each) { return each.problem == problem; });
    if (known || (by_run && std::ranges::find(found, problem) != found.end())) return;
    all.push_back(tell(document, registry, problem));
    all.back().failed = by_run;
  };
  for (const Problem& problem : failed) add(problem, true);
  for (const Problem& problem : found) add(problem, false);
  return all;
}

void make_link(Document& document, const Registry& registry, const Spot& spot, const Link& link) {
  const NodeTypes& types = document.types(registry);
  const LinkCheck check = check_link(graph_at(document.workflow(), spot), types, link);
  if (check.problem) throw GraphError(*check.problem);
  const Edit edit = SetInput{link.target.node, link.target.port, Links{link.source}};
  document.apply_to_workflow(tr_format("Link {} to {}", link.source.node, link.target.node),
      {spot.scope.empty() ? edit : Edit{EditSubgraph{spot.scope, {edit}}}});
}

}  // namespace weft::editor
