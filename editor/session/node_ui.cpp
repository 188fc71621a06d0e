#include "editor/session/node_ui.h"

#include "editor/session/json_read.h"

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
