#include "graph/port.h"

#include "base/enum_names.h"

namespace weft {
namespace {

constexpr EnumNames<PortKind, 3> kKinds{
    {{PortKind::Input, "input"}, {PortKind::Param, "param"}, {PortKind::Output, "output"}}};
constexpr EnumNames<Widget, 7> kWidgets{{{Widget::Plain, "plain"}, {Widget::Text, "text"}, {Widget::Seed, "seed"},
    {Widget::Choice, "choice"}, {Widget::Model, "model"}, {Widget::File, "file"}, {Widget::Color, "color"}}};
constexpr EnumNames<PortRole, 15> kRoles{{{PortRole::None, ""}, {PortRole::RegionX, "region.x"},
    {PortRole::RegionY, "region.y"}, {PortRole::RegionWidth, "region.width"}, {PortRole::RegionHeight, "region.height"},
    {PortRole::RegionLeft, "region.left"}, {PortRole::RegionTop, "region.top"}, {PortRole::RegionRight, "region.right"},
    {PortRole::RegionBottom, "region.bottom"}, {PortRole::Painting, "painting"}, {PortRole::PaintingAs, "painting.as"},
    {PortRole::PaintingBrush, "painting.brush"}, {PortRole::PaintingWidth, "painting.width"},
    {PortRole::PaintingHeight, "painting.height"}, {PortRole::PictureFile, "picture_file"}}};

std::optional<double> number(const nlohmann::json& json, const char* key) {
  return json.contains(key) ? std::optional(json.at(key).get<double>()) : std::nullopt;
}

}  // namespace

void to_json(nlohmann::json& json, const PortInfo& port) {
  // What is as usual is left out: a catalogue of some hundred nodes stays readable.
  json = {{"kind", name_of(kKinds, port.kind)}, {"name", port.name}, {"type", port.type}};
  if (!port.tip.empty()) json["tip"] = port.tip;
  if (port.optional) json["optional"] = true;
  if (port.many) json["many"] = true;
  if (!port.init.is_null()) json["default"] = port.init;
  if (port.min) json["min"] = *port.min;
  if (port.max) json["max"] = *port.max;
  if (port.step) json["step"] = *port.step;
  if (!port.choices.empty()) json["choices"] = port.choices;
  if (port.widget != Widget::Plain) json["widget"] = name_of(kWidgets, port.widget);
  if (port.role != PortRole::None) json["role"] = name_of(kRoles, port.role);
  if (!port.folder.empty()) json["folder"] = port.folder;
  if (!port.old_names.empty()) json["old_names"] = port.old_names;
}

void from_json(const nlohmann::json& json, PortInfo& port) {
  port = {.kind = value_of(kKinds, json.at("kind").get<std::string>(), "port kind"),
      .name = json.at("name"),
      .type = json.at("type"),
      .tip = json.value("tip", ""),
      .optional = json.value("optional", false),
      .many = json.value("many", false),
      .init = json.value("default", nlohmann::json()),
      .min = number(json, "min"),
      .max = number(json, "max"),
      .step = number(json, "step"),
      .choices = json.value("choices", std::vector<std::string>{}),
      .widget = value_of(kWidgets, json.value("widget", "plain"), "widget"),
      .role = value_of(kRoles, json.value("role", ""), "role"),
      .folder = json.value("folder", ""),
      .old_names = json.value("old_names", std::vector<std::string>{})};
}

}  // namespace weft
