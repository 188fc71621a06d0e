#include "cli/results.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>

#include "cli/terminal.h"

namespace weft::cli {

namespace {

bool is_plain(const Value& value) {
  return value.is<std::string>() || value.is<std::int64_t>() || value.is<double>() || value.is<bool>();
}

std::string value_text(const Value& value, const Registry& registry) {
  // Text of several lines (a list of files) stays on one: scripts read a line a result.
  if (value.is<std::string>()) {
    const std::string& text = value.as<std::string>();
    return text.find('\n') == std::string::npos ? one_line(text) : nlohmann::json(text).dump();
  }
  if (value.is<std::int64_t>()) return fmt::format("{}", value.as<std::int64_t>());
  if (value.is<double>()) return fmt::format("{}", value.as<double>());
  if (value.is<bool>()) return value.as<bool>() ? "true" : "false";
  const ValueType* type = registry.find_type(value.type());
  if (!type || !type->describe) return std::string(value.type());
  return fmt::format("{} {}", value.type(), type->describe(value).dump());
}

/// The outputs of a node that ran, by port name.
std::map<std::string, Value> outputs_of(const std::string& node, const Workflow& workflow,
                                        const Registry& registry, const RunResult& result) {
  std::map<std::string, Value> outputs;
  const auto it = result.nodes.find(node);
  const NodeInfo* info = registry.find(workflow.graph.node(node).type);
  if (it == result.nodes.end() || !info) return outputs;
  const std::size_t count = std::min(info->outputs.size(), it->second.outputs.size());
  for (std::size_t i = 0; i < count; ++i)
    if (it->second.outputs[i]) outputs[info->outputs[i].name] = it->second.outputs[i];
  return outputs;
}

}  // namespace

std::vector<std::string> result_lines(const Workflow& workflow, const Registry& registry,
                                      const std::vector<std::string>& wanted, const RunResult& result) {
  std::vector<std::string> lines;
  const auto add = [&](const std::string& name, const Value& value) {
    lines.push_back(fmt::format("{}: {}", one_line(name), value_text(value, registry)));
  };
  if (workflow.interface.outputs.empty()) {
    for (const std::string& node : wanted)
      for (const auto& [port, value] : outputs_of(node, workflow, registry, result))
        if (is_plain(value)) add(node + "." + port, value);
    return lines;
  }
  for (const auto& [name, ref] : workflow.interface.outputs)
    for (const auto& [port, value] : outputs_of(ref.node, workflow, registry, result))
      if (port == ref.port || (ref.port.empty() && is_plain(value)))
        add(ref.port.empty() ? name + "." + port : name, value);
  return lines;
}

}  // namespace weft::cli
