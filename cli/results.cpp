#include "cli/results.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <sstream>

#include "cli/terminal.h"
#include "graph/node_types.h"

namespace weft::cli {

namespace {

/// A description that fits a line: curves, histograms and tables are for windows.
nlohmann::json in_short(const nlohmann::json& said) {
  constexpr std::size_t kMostNumbers = 8;
  const auto is_long = [](const nlohmann::json& part) {
    return (part.is_array() && part.size() > kMostNumbers) ||
        (part.is_object() && std::ranges::any_of(part, [](const auto& each) { return each.is_structured(); }));
  };
  nlohmann::json kept = said;
  if (said.is_object()) {
    kept.clear();
    for (const auto& [key, part] : said.items())
      if (!is_long(part)) kept[key] = part;
  } else if (said.is_array()) {
    for (nlohmann::json& each : kept) each = in_short(each);
  }
  return kept;
}

/// The value as lines of text: one, except for text that has several, such as a list of files.
std::vector<std::string> value_lines(const Value& value, const Registry& registry) {
  if (value.is<std::string>()) {
    std::vector<std::string> lines;
    std::istringstream text(value.as<std::string>());
    for (std::string line; std::getline(text, line);) lines.push_back(one_line(line));
    return lines.empty() ? std::vector<std::string>{""} : lines;
  }
  if (value.is<std::int64_t>()) return {fmt::format("{}", value.as<std::int64_t>())};
  if (value.is<double>()) return {fmt::format("{}", value.as<double>())};
  if (value.is<bool>()) return {value.as<bool>() ? "true" : "false"};
  const ValueType* type = registry.find_type(value.type());
  if (!type || !type->describe) return {std::string(value.type())};
  const std::string said =
      in_short(type->describe(value)).dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
  return {fmt::format("{} {}", value.type(), one_line(said))};
}

/// The outputs of a node that ran, by port name.
std::map<std::string, Value> outputs_of(
    const std::string& node, const Workflow& workflow, const NodeTypes& types, const RunResult& result) {
  std::map<std::string, Value> outputs;
  const auto it = result.nodes.find(node);
  const NodeInfo* info = types.find(workflow.graph.node(node).type);
  if (it == result.nodes.end() || !info) return outputs;
  const std::size_t count = std::min(info->outputs.size(), it->second.outputs.size());
  for (std::size_t i = 0; i < count; ++i)
    if (it->second.outputs[i]) outputs[info->outputs[i].name] = it->second.outputs[i];
  return outputs;
}

}  // namespace

bool is_plain(const Value& value) {
  return value.is<std::string>() || value.is<std::int64_t>() || value.is<double>() || value.is<bool>();
}

std::string result_name(const Workflow& workflow, const std::string& node) {
  for (const auto& [name, ref] : workflow.interface.outputs)
    if (ref.node == node) return name;
  return node;
}

std::vector<std::string> result_lines(const Workflow& workflow, const Registry& registry,
    const std::vector<std::string>& wanted, const RunResult& result) {
  const NodeTypes types(workflow.subgraphs, registry);
  std::vector<std::string> lines;
  const auto add = [&](const std::string& name, const Value& value) {
    for (const std::string& line : value_lines(value, registry))
      lines.push_back(fmt::format("{}: {}", one_line(name), line));
  };
  if (workflow.interface.outputs.empty()) {
    for (const std::string& node : wanted)
      for (const auto& [port, value] : outputs_of(node, workflow, types, result))
        if (is_plain(value)) add(node + "." + port, value);
    return lines;
  }
  for (const auto& [name, ref] : workflow.interface.outputs)
    for (const auto& [port, value] : outputs_of(ref.node, workflow, types, result))
      if (port == ref.port || (ref.port.empty() && is_plain(value)))
        add(ref.port.empty() ? name + "." + port : name, value);
  return lines;
}

}  // namespace weft::cli
