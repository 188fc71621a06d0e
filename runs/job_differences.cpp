#include "runs/job_differences.h"

#include <fmt/format.h>

#include <algorithm>

#include "graph/node_types.h"
#include "runs/node_difference.h"

namespace weft::runs {
namespace {

std::string short_text(const Literal& value) {
  constexpr std::size_t kLongest = 24;
  std::string text = value.is_string() ? value.get<std::string>()
      : value.is_number_float()        ? fmt::format("{:.6g}", value.get<double>())
                                       : value.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
  std::ranges::replace(text, '\n', ' ');
  if (text.size() <= kLongest) return text;
  std::size_t end = kLongest;
  while ((static_cast<unsigned char>(text[end]) & 0xc0) == 0x80) --end;  // not within a letter
  return text.substr(0, end) + "\u2026";
}

std::string title_of(const GraphNode& node, const NodeInfo* type, const Wording& wording) {
  return !node.title.empty() ? node.title : type ? wording.title(*type) : node.type;
}

void add_differences(const Graph& before, const Graph& now, const NodeTypes& types, const Wording& wording,
    std::vector<std::string>& lines) {
  for (const GraphNode* node : now.nodes()) {
    const GraphNode* old = before.find(node->id);
    const NodeInfo* type = types.find(node->type);
    if (old == node) continue;
    if (!old) {
      lines.push_back("+ " + title_of(*node, type, wording));
      continue;
    }
    if (old->state != node->state) lines.push_back(title_of(*node, type, wording) + " " + wording.state(node->state));
    for (const std::string& port : differing_ports(*old, *node, type)) {
      const InputValue value = effective(*node, type ? type->find_input(port) : nullptr, port);
      if (const Literal* literal = std::get_if<Literal>(&value))
        lines.push_back(wording.port(port) + " " + short_text(*literal));
      else
        for (const PortRef& source : std::get<Links>(value))
          lines.push_back(wording.port(port) + " \u2190 " + source.node);
    }
  }
  for (const GraphNode* old : before.nodes())
    if (!now.contains(old->id)) lines.push_back("\u2212 " + title_of(*old, types.find(old->type), wording));
}

}  // namespace

const char* state_in_english(NodeState state) {
  switch (state) {
    case NodeState::Active:
      return "on";
    case NodeState::Muted:
      return "muted";
    case NodeState::Bypassed:
      return "bypassed";
  }
  return "";
}

std::vector<std::string> job_differences(
    const Workflow& before, const Workflow& now, const Registry& registry, const Wording& wording) {
  constexpr std::size_t kMost = 6;
  const NodeTypes types(now.subgraphs, registry);
  std::vector<std::string> lines;
  add_differences(before.graph, now.graph, types, wording, lines);
  for (const auto& [name, definition] : now.subgraphs)
    if (const auto old = before.subgraphs.find(name); old != before.subgraphs.end())
      add_differences(old->second.graph, definition.graph, types, wording, lines);
  if (lines.size() > kMost) {
    lines.resize(kMost);
    lines.emplace_back("\u2026");
  }
  return lines;
}

}  // namespace weft::runs
