#include "editor/session/picture_params.h"

#include <algorithm>
#include <array>
#include <cmath>

#include "editor/session/text.h"

namespace weft::editor {
namespace {

using Form = RegionParams::Form;

const PortInfo* find_role(const NodeInfo& type, PortRole role) {
  const auto found = std::ranges::find(type.inputs, role, &PortInfo::role);
  return found == type.inputs.end() ? nullptr : &*found;
}

/// The ports of these roles, if all are there and are numbers of one type.
std::vector<const PortInfo*> numbers_of(const NodeInfo& type, const std::vector<PortRole>& roles) {
  std::vector<const PortInfo*> found;
  for (const PortRole role : roles) {
    const PortInfo* port = find_role(type, role);
    if (!port || port->kind != PortKind::Param || (port->type != "int" && port->type != "float")) return {};
    if (!found.empty() && port->type != found.front()->type) return {};
    found.push_back(port);
  }
  return found;
}

/// Of the picture's size that the port's numbers are parts of: across for x, down for y.
double unit_of(std::size_t index, const RegionParams& params, Size picture) {
  if (!params.parts) return 1;
  return index % 2 == 0 ? picture.width : picture.height;
}

nlohmann::json fitting(const PortInfo& port, double value) {
  if (port.min) value = std::max(value, *port.min);
  if (port.max) value = std::min(value, *port.max);
  if (port.type == "int") return std::llround(value);
  constexpr double kDigits = 1e4;
  return std::round(value * kDigits) / kDigits;
}

double number_of(const GraphNode& node, const PortInfo& port) {
  const nlohmann::json value = effective_value(node, port);
  return value.is_number() ? value.get<double>() : 0;
}

}  // namespace

nlohmann::json effective_value(const GraphNode& node, const PortInfo& port) {
  const auto found = node.inputs.find(port.name);
  const bool literal = found != node.inputs.end() && std::holds_alternative<Literal>(found->second);
  return literal ? std::get<Literal>(found->second) : port.init;
}

std::optional<PortRef> source_of(const GraphNode& node, std::string_view input) {
  const auto found = node.inputs.find(input);
  if (found == node.inputs.end() || !std::holds_alternative<Links>(found->second)) return std::nullopt;
  const Links& links = std::get<Links>(found->second);
  return links.empty() ? std::nullopt : std::optional(links.front());
}

std::optional<RegionParams> region_params(const NodeInfo& type) {
  using enum PortRole;
  const std::pair<Form, std::vector<PortRole>> forms[] = {{Form::Box, {RegionX, RegionY, RegionWidth, RegionHeight}},
      {Form::Edges, {RegionLeft, RegionTop, RegionRight, RegionBottom}}, {Form::Corner, {RegionX, RegionY}}};
  for (const auto& [form, roles] : forms) {
    std::vector<const PortInfo*> ports = numbers_of(type, roles);
    if (ports.empty()) continue;
    const bool parts = ports.front()->type == "float" && ports.front()->max.value_or(2) <= 1;
    return RegionParams{form, std::move(ports), parts};
  }
  return std::nullopt;
}

Rect region_of(const GraphNode& node, const RegionParams& params, Size picture) {
  std::array<double, 4> said{0, 0, picture.width, picture.height};
  for (std::size_t i = 0; i < params.ports.size(); ++i)
    said[i] = number_of(node, *params.ports[i]) * unit_of(i, params, picture);
  if (params.form == Form::Edges) said = {said[0], said[1], said[2] - said[0], said[3] - said[1]};
  return {{said[0], said[1]}, {said[2], said[3]}};
}

void set_region(
    Document& document, const std::string& node, const RegionParams& params, const Rect& region, Size picture) {
  std::array<double, 4> said{region.at.x, region.at.y, region.size.width, region.size.height};
  if (params.form == Form::Edges) said = {said[0], said[1], region.right(), region.bottom()};
  const GraphNode& now = document.graph().node(node);
  std::vector<Edit> edits;
  for (std::size_t i = 0; i < params.ports.size(); ++i) {
    const PortInfo& port = *params.ports[i];
    if (source_of(now, port.name)) continue;
    edits.push_back(SetInput{node, port.name, fitting(port, said[i] / unit_of(i, params, picture))});
  }
  document.apply(tr("Change the area"), std::move(edits), "area " + node);
}

const PortInfo* painting_param(const NodeInfo& type) { return find_role(type, PortRole::Painting); }

painting::Manner painting_manner(const GraphNode& node, const NodeInfo& type) {
  painting::Manner manner;
  if (const PortInfo* as = find_role(type, PortRole::PaintingAs))
    manner.polygons = effective_value(node, *as) == "polygons";
  if (const PortInfo* brush = find_role(type, PortRole::PaintingBrush)) manner.brush = number_of(node, *brush);
  return manner;
}

Size painting_size(const GraphNode& node, const NodeInfo& type) {
  constexpr Size kUsual{512, 512};
  const PortInfo* width = find_role(type, PortRole::PaintingWidth);
  const PortInfo* height = find_role(type, PortRole::PaintingHeight);
  if (!width || !height) return kUsual;
  const Size size{number_of(node, *width), number_of(node, *height)};
  return size.width >= 1 && size.height >= 1 ? size : kUsual;
}

void set_painting(Document& document, const std::string& node, const PortInfo& port, const std::string& step,
    const std::vector<painting::Stroke>& strokes) {
  document.apply(step, {SetInput{node, port.name, painting::to_text(strokes)}});
  document.end_gesture();
}

}  // namespace weft::editor
