#include "host/missing_files.h"

#include <optional>
#include <unordered_set>

#include "assets/input_files.h"
#include "assets/model_files.h"

namespace weft::host {
namespace {

/// The literal text that a param has: what the workflow says, or the default; nothing if it comes by a link.
std::optional<std::string> literal_text(const GraphNode& node, const PortInfo& port) {
  const auto it = node.inputs.find(port.name);
  const Literal* literal = it == node.inputs.end() ? &port.init : std::get_if<Literal>(&it->second);
  if (!literal || !literal->is_string()) return {};
  return literal->get<std::string>();
}

std::optional<Problem> missing_file(const GraphNode& node, const PortInfo& port, const RunEnvironment& environment) {
  if (port.widget != Widget::Model && port.widget != Widget::File) return {};
  const std::optional<std::string> name = literal_text(node, port);
  if (!name || name->empty()) return {};
  const std::vector<std::filesystem::path>& roots = environment.model_folders;
  if (port.widget == Widget::Model && !find_asset(roots, port.folder, *name))
    return Problem{
        node.id, port.name, missing_model_text(port.folder, *name), missing_model_remedy(roots, port.folder, *name)};
  if (port.widget == Widget::File && !find_input_file(environment, *name))
    return Problem{node.id, port.name, missing_input_text(*name), missing_input_remedy(environment)};
  return {};
}

/// The ids of the wanted nodes that exist, and of all that they need.
std::unordered_set<std::string> needed_ids(const Graph& graph, std::span<const std::string> wanted) {
  std::vector<std::string> existing;
  for (const std::string& id : wanted)
    if (graph.contains(id)) existing.push_back(id);
  const std::vector<std::string> needed = graph.with_ancestors(existing);
  return {needed.begin(), needed.end()};
}

}  // namespace

std::vector<Problem> missing_files(const Graph& graph, const Registry& registry, const RunEnvironment& environment,
    std::span<const std::string> wanted) {
  const std::unordered_set<std::string> needed = needed_ids(graph, wanted);
  std::vector<Problem> problems;
  for (const GraphNode* node : graph.nodes()) {
    const NodeInfo* info = needed.contains(node->id) ? registry.find(node->type) : nullptr;
    if (!info) continue;
    for (const PortInfo& port : info->inputs)
      if (std::optional<Problem> problem = missing_file(*node, port, environment)) problems.push_back(*problem);
  }
  return problems;
}

}  // namespace weft::host
