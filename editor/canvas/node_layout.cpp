#include "editor/canvas/node_layout.h"

#include <algorithm>
#include <utility>

#include "editor/session/node_text.h"
#include "editor/widgets/draw.h"
#include "editor/widgets/param_field.h"

namespace weft::editor {

namespace {

using namespace metric;

bool is_linked(const GraphNode& node, const std::string& port) {
  const auto found = node.inputs.find(port);
  return found != node.inputs.end() && std::holds_alternative<Links>(found->second) &&
      !std::get<Links>(found->second).empty();
}

ShownPort shown(const PortInfo& info, bool is_output, bool linked) {
  ShownPort port;
  port.info = info;
  port.label = port_label(info.name);
  port.is_output = is_output;
  port.linked = linked;
  return port;
}

/// What the file says of a node whose type nobody knows.
std::vector<ShownPort> guessed_ports(const LayoutInput& input) {
  std::vector<ShownPort> ports;
  for (const auto& [name, value] : input.node.inputs)
    if (std::holds_alternative<Links>(value)) ports.push_back(shown({.name = name, .type = "any"}, false, true));
  for (const std::string& name : input.linked_outputs)
    ports.push_back(shown({.kind = PortKind::Output, .name = name, .type = "any"}, true, true));
  return ports;
}

std::vector<ShownPort> declared_ports(const LayoutInput& input, const NodeUi& ui) {
  std::vector<ShownPort> ports;
  for (const PortInfo& info : input.type->inputs) {
    ShownPort port = shown(info, false, is_linked(input.node, info.name));
    port.field = is_field(input.node, ui, info);
    ports.push_back(std::move(port));
  }
  for (const PortInfo& info : input.type->outputs)
    ports.push_back(
        shown(info, true, std::ranges::find(input.linked_outputs, info.name) != input.linked_outputs.end()));
  return ports;
}

/// Inputs on the left and outputs on the right share rows; fields follow below.
float place_ports(std::vector<ShownPort>& ports, float width) {
  float left = kTitle + 6, right = left;
  for (ShownPort& port : ports) {
    if (port.field) continue;
    float& y = port.is_output ? right : left;
    port.pin = {port.is_output ? width : 0, y + kRow / 2};
    y += kRow;
  }
  float y = std::max(left, right);
  for (ShownPort& port : ports) {
    if (!port.field) continue;
    const float height = port.info.widget == Widget::Text ? kText : kField;
    port.field_min = {kPad + 2, y + 1};
    port.field_size = {width - 2 * kPad - 4, height};
    port.pin = {0, y + 1 + std::min(height, kField) / 2};
    y += height + 2;
  }
  return y;
}

}  // namespace

NodeLayout lay_out(const LayoutInput& input, bool with_thumbnail) {
  const NodeUi ui = node_ui(input.node);
  const auto width = static_cast<float>(node_width(ui));
  NodeLayout layout;
  const std::string title = !input.node.title.empty() ? input.node.title
      : input.type                                    ? shown_title(*input.type)
                                                      : input.node.type;
  layout.title = elided(title, width - 84);
  layout.full_title = title;
  layout.ports = input.type ? declared_ports(input, ui) : guessed_ports(input);
  if (ui.collapsed) {
    for (ShownPort& port : layout.ports) {
      port.field = false;
      port.pin = {port.is_output ? width : 0, kTitle / 2};
    }
    layout.size = {width, kTitle};
    layout.thumbnail_top = layout.wanted_height = kTitle;
    return layout;
  }
  float y = place_ports(layout.ports, width);
  if (!input.type) y += kRow;  // for what is missing
  layout.thumbnail_top = y + 4;
  const bool picture = with_thumbnail || (input.type && has_picture_room(*input.type));
  layout.size = {width, y + 6};
  if (picture) limit_picture(layout, kThumbnail);
  layout.wanted_height = layout.size.y;
  return layout;
}

void limit_picture(NodeLayout& layout, float height) {
  constexpr float kLeast = 44, kSpace = 8;
  const float before = std::exchange(layout.picture_height, height < kLeast ? 0 : std::min(height, kThumbnail));
  if (before > 0) layout.size.y -= before + kSpace;
  if (layout.picture_height > 0) layout.size.y += layout.picture_height + kSpace;
}

NodeLayout lay_out_new(const NodeInfo& type) {
  const GraphNode node{.id = type.id, .type = type.id};
  const std::vector<std::string> none;
  return lay_out({node, &type, none}, false);
}

}  // namespace weft::editor
