#include "editor/session/node_ui.h"

#include <algorithm>

#include "editor/session/json_read.h"
#include "editor/session/links.h"

namespace weft::editor {

NodeUi node_ui(const GraphNode& node) {
  NodeUi ui;
  ui.at = read_point(node.ui);
  ui.width = read_number(node.ui, "width", 0);
  ui.collapsed = read_bool(node.ui, "collapsed", false);
  ui.colour = read_text(node.ui, "colour");
  for (const nlohmann::json& port : read_list(node.ui, "shown_ports"))
    if (port.is_string()) ui.shown_ports.insert(port.get<std::string>());
  return ui;
}

double node_width(const NodeUi& ui) { return ui.width > 0 ? std::clamp(ui.width, 120.0, 800.0) : metric::kWidth; }

bool is_field(const GraphNode& node, const NodeUi& ui, const PortInfo& port) {
  if (port.kind != PortKind::Param || ui.shown_ports.contains(port.name)) return false;
  return links_at(node, port.name).empty();
}

bool has_picture_room(const NodeInfo& type) {
  const auto has = [](const std::vector<PortInfo>& ports, std::string_view wanted) {
    return std::ranges::any_of(ports, [&](const PortInfo& port) { return port.type == wanted; });
  };
  const bool samples = has(type.inputs, "model") && has(type.inputs, "conditioning") && has(type.outputs, "latent");
  return samples || has(type.outputs, "image");
}

Size size_of_node(const GraphNode& node, const NodeInfo* type) {
  using namespace metric;
  const NodeUi ui = node_ui(node);
  const double width = node_width(ui);
  if (ui.collapsed) return {width, kTitle};
  if (!type) return {width, kTitle + kRow * static_cast<double>(node.inputs.size() + 1) + 16};
  std::size_t inputs = 0;
  double fields = 0;
  for (const PortInfo& port : type->inputs) {
    const bool field = is_field(node, ui, port);
    inputs += field ? 0 : 1;
    if (field) fields += (port.widget == Widget::Text ? kText : kField) + 2;
  }
  const double rows = static_cast<double>(std::max(inputs, type->outputs.size()));
  const double picture = has_picture_room(*type) ? kThumbnail + 8 : 0;
  return {width, kTitle + 6 + kRow * rows + fields + picture + 6};
}

nlohmann::json with_node_ui(const GraphNode& node, const NodeUi& ui) {
  nlohmann::json json = node.ui;
  const auto set = [&](const char* key, bool wanted, nlohmann::json value) {
    if (wanted)
      json[key] = std::move(value);
    else
      json.erase(key);
  };
  json["x"] = written(ui.at.x);
  json["y"] = written(ui.at.y);
  set("width", ui.width > 0, written(ui.width));
  set("collapsed", ui.collapsed, true);
  set("colour", !ui.colour.empty(), ui.colour);
  set("shown_ports", !ui.shown_ports.empty(), ui.shown_ports);
  return json;
}

}  // namespace weft::editor
