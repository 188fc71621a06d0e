#include "graph/placeholder.h"

#include <algorithm>

#include "graph/registry.h"

namespace weft {
namespace {

using nlohmann::json;

constexpr const char* kKey = "ports";

json listed(const std::vector<StatedPort>& ports) {
  json list = json::array();
  for (const StatedPort& port : ports) list.push_back({{"name", port.name}, {"type", port.type}});
  return list;
}

std::string text_at(const json& object, const char* key) {
  const auto found = object.is_object() ? object.find(key) : object.end();
  return object.is_object() && found != object.end() && found->is_string() ? found->get<std::string>() : "";
}

std::vector<StatedPort> ports_at(const json& all, const char* key) {
  std::vector<StatedPort> ports;
  const auto list = all.find(key);
  if (list == all.end() || !list->is_array()) return ports;
  for (const json& port : *list)
    if (std::string name = text_at(port, "name"); !name.empty())
      ports.push_back({std::move(name), text_at(port, "type")});
  return ports;
}

bool is_any(std::string_view type) { return type.empty() || type == "any"; }

/// Takes the first of "image,mask" off.
std::string_view next_type(std::string_view& types) {
  const std::size_t comma = std::min(types.find(','), types.size());
  const std::string_view first = types.substr(0, comma);
  types.remove_prefix(std::min(comma + 1, types.size()));
  return first;
}

}  // namespace

void state_ports(GraphNode& node, const StatedPorts& ports) {
  node.extra[kKey] = {{"inputs", listed(ports.inputs)}, {"outputs", listed(ports.outputs)}};
}

std::optional<StatedPorts> stated_ports(const GraphNode& node) {
  const auto found = node.extra.is_object() ? node.extra.find(kKey) : node.extra.end();
  if (!node.extra.is_object() || found == node.extra.end() || !found->is_object()) return std::nullopt;
  return StatedPorts{ports_at(*found, "inputs"), ports_at(*found, "outputs")};
}

bool stated_types_fit(std::string_view from, std::string_view to) {
  if (is_any(from) || is_any(to)) return true;
  while (!from.empty()) {
    const std::string_view one = next_type(from);
    for (std::string_view rest = to; !rest.empty();)
      if (types_match(one, next_type(rest))) return true;
  }
  return false;
}

}  // namespace weft
