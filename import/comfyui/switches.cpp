#include "import/comfyui/switches.h"

#include <fmt/format.h>

#include <algorithm>

namespace weft::comfyui {
namespace {

using nlohmann::json;

bool is_switch(const Node& node) {
  return node.state == NodeState::Active && (node.type == "ComfySwitchNode" || node.type == "ComfySoftSwitchNode");
}

const Input* input_of(const Node& node, std::initializer_list<const char*> names) {
  for (const char* name : names)
    if (const auto found = node.inputs.find(name); found != node.inputs.end()) return &found->second;
  return nullptr;
}

/// The value of an input that is a yes or no; older files do not name the values of widgets.
std::optional<bool> position(const Sheet& sheet, const Node& node) {
  const Input* input = input_of(node, {"switch", "widget_0"});
  if (const auto* source = input ? std::get_if<Output>(input) : nullptr) {
    const auto found = std::ranges::find(sheet.nodes, source->node, &Node::id);
    if (found == sheet.nodes.end() || found->type != "PrimitiveBoolean") return std::nullopt;
    input = input_of(*found, {"value"});
  }
  const auto* value = input ? std::get_if<json>(input) : nullptr;
  return value && value->is_boolean() ? std::optional(value->get<bool>()) : std::nullopt;
}

}  // namespace

std::vector<std::string> resolve_switches(Sheet& sheet) {
  std::vector<std::string> remarks;
  for (std::size_t i = 0; i < sheet.nodes.size();) {
    const Node node = sheet.nodes[i];
    const auto chosen = is_switch(node) ? position(sheet, node) : std::nullopt;
    const Input* from = chosen ? input_of(node, {*chosen ? "on_true" : "on_false"}) : nullptr;
    const auto* source = from ? std::get_if<Output>(from) : nullptr;
    if (!from || (source && source->node == node.id)) {
      ++i;
      continue;
    }
    sheet.nodes.erase(sheet.nodes.begin() + static_cast<std::ptrdiff_t>(i));
    for (Node& reader : sheet.nodes)
      for (auto& [name, input] : reader.inputs)
        if (const auto* output = std::get_if<Output>(&input); output && output->node == node.id) input = *from;
    remarks.push_back(
        fmt::format("the switch {} stands at {}: its link is taken in its place", node.id, *chosen ? "true" : "false"));
  }
  return remarks;
}

}  // namespace weft::comfyui
