#include "graph/subgraph_scope.h"

#include <algorithm>

#include "base/spelling.h"

namespace weft {
namespace {

std::string as_port_name(std::string name) {
  std::ranges::replace_if(name, [](unsigned char c) { return c < 0x20 || c == 0x7f || c == '.'; }, '_');
  return name;
}

}  // namespace

const Subgraph& definition(const Workflow& workflow, const std::string& name) {
  if (const auto found = workflow.subgraphs.find(name); found != workflow.subgraphs.end()) return found->second;
  std::vector<std::string> names;
  for (const auto& [known, subgraph] : workflow.subgraphs) names.push_back(known);
  throw GraphError(
      Problem{.node = subgraph_type(name), .what = "there is no such subgraph", .remedy = suggestion(name, names)});
}

/// The graph that a scope means with the names that lead into it; the workflow's own in the form of a
/// definition.
Subgraph body_of(const Workflow& workflow, const std::string& scope) {
  if (!scope.empty()) return definition(workflow, scope);
  Subgraph body{.graph = workflow.graph};
  for (const auto& [name, target] : workflow.interface.inputs) body.interface.inputs.push_back({name, {target}});
  for (const auto& [name, source] : workflow.interface.outputs) body.interface.outputs.push_back({name, source});
  return body;
}

void put_body(Workflow& workflow, const std::string& scope, Subgraph body) {
  if (!scope.empty()) {
    workflow.subgraphs.insert_or_assign(scope, std::move(body));
    return;
  }
  workflow.graph = std::move(body.graph);
  workflow.interface.inputs.clear();
  workflow.interface.outputs.clear();
  for (SubgraphInput& input : body.interface.inputs) {
    if (input.targets.size() > 1)
      throw GraphError(Problem{
          .what = fmt::format("the interface's input '{}' would lead to {} ports", input.name, input.targets.size()),
          .remedy = "remove it from the workflow's interface first"});
    workflow.interface.inputs.emplace(input.name, std::move(input.targets.front()));
  }
  for (SubgraphOutput& output : body.interface.outputs)
    workflow.interface.outputs.emplace(output.name, std::move(output.source));
}

std::string add_input(SubgraphInterface& interface, const PortRef& target, const std::string& wanted) {
  std::string name = free_name(
      as_port_name(wanted.empty() ? target.port : wanted), [&](const auto& n) { return interface.find_input(n); });
  interface.inputs.push_back({name, {target}});
  return name;
}

std::string add_output(SubgraphInterface& interface, const PortRef& source, const std::string& wanted) {
  std::string name = free_name(
      as_port_name(wanted.empty() ? source.port : wanted), [&](const auto& n) { return interface.find_output(n); });
  interface.outputs.push_back({name, source});
  return name;
}

std::optional<Point> position(const GraphNode& node) {
  const auto x = node.ui.find("x"), y = node.ui.find("y");
  if (x == node.ui.end() || y == node.ui.end() || !x->is_number() || !y->is_number()) return std::nullopt;
  return Point{x->get<double>(), y->get<double>()};
}

std::optional<Point> centre(const std::vector<GraphNode>& nodes) {
  Point sum;
  int count = 0;
  for (const GraphNode& node : nodes) {
    if (const auto at = position(node)) {
      sum = {sum.x + at->x, sum.y + at->y};
      ++count;
    }
  }
  if (count == 0) return std::nullopt;
  return Point{sum.x / count, sum.y / count};
}

}  // namespace weft
