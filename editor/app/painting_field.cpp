#include "editor/app/painting_field.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <functional>

#include "editor/app/app.h"
#include "editor/app/shown_pictures.h"
#include "editor/session/picture_params.h"
#include "editor/widgets/draw.h"
#include "editor/window/icons.h"

namespace weft::editor {

namespace {

struct Mask {
  int width = 0, height = 0;
  std::vector<float> pixels;
};

/// Small: it is as large as a field. Empty where the text is no painting.
Mask mask_of(const std::string& text, const painting::Manner& manner, int width, int height) {
  Mask mask{
      width, height, std::vector<float>(static_cast<std::size_t>(width) * static_cast<std::size_t>(height), 0.0f)};
  try {
    for (const painting::Stroke& stroke : painting::parse(text))
      painting::apply(stroke, manner, {width, height, mask.pixels});
  } catch (const painting::Misread&) {
    std::ranges::fill(mask.pixels, 0.0f);
  }
  return mask;
}

/// What comes in at the node's picture input, as far as it was made.
ShownPicture picture_below(App& app, const GraphNode& node, const NodeInfo& type) {
  for (const PortInfo& port : type.inputs)
    if (port.type == "image")
      if (const auto source = source_of(node, port.name))
        return picture_of(app, {.node = app.document()->address(source->node), .port = source->port, .file = {}});
  return {};
}

}  // namespace

bool painting_field(
    App& app, const GraphNode& node, const NodeInfo& type, const PortInfo& port, ImVec2 size, bool wrong) {
  const bool pressed = ImGui::InvisibleButton(("##" + port.name).c_str(), size);
  const ImVec2 min = ImGui::GetItemRectMin(), max = ImGui::GetItemRectMax();
  const Theme& theme = app.theme;
  ImDrawList& list = *ImGui::GetWindowDrawList();
  const float rounding = ImGui::GetStyle().FrameRounding;
  list.AddRectFilled(min, max, ImGui::IsItemHovered() ? theme.field_hovered : theme.field, rounding);
  const nlohmann::json value = effective_value(node, port);
  const std::string text = value.is_string() ? value.get<std::string>() : std::string();
  const ShownPicture below = picture_below(app, node, type);
  Size whole = painting_size(node, type);
  if (below) whole = {static_cast<double>(below.picture->width), static_cast<double>(below.picture->height)};
  constexpr float kPad = 3;
  const float scale = std::min(
      (size.x - 2 * kPad) / static_cast<float>(whole.width), (size.y - 2 * kPad) / static_cast<float>(whole.height));
  const ImVec2 half{static_cast<float>(whole.width) * scale / 2, static_cast<float>(whole.height) * scale / 2};
  const ImVec2 middle{(min.x + max.x) / 2, (min.y + max.y) / 2};
  const ImVec2 from{middle.x - half.x, middle.y - half.y}, to{middle.x + half.x, middle.y + half.y};
  if (below)
    list.AddImage(app.textures.get("painting.below " + node.id, below.version, *below.picture).ref, from, to);
  else
    list.AddRectFilled(from, to, theme.canvas);
  const painting::Manner manner = painting_manner(node, type);
  constexpr double kLongest = 160;
  const double shrink = std::min(1.0, kLongest / std::max(whole.width, whole.height));
  const int width = std::max(1, static_cast<int>(std::lround(whole.width * shrink)));
  const int height = std::max(1, static_cast<int>(std::lround(whole.height * shrink)));
  const std::uint64_t version = std::hash<std::string>{}(
      fmt::format("{} {} {} {} {} {}", width, height, manner.polygons, manner.brush, theme.good, text));
  const std::string key = "painting.mask " + node.id;
  if (!app.textures.find(key, version)) {
    const Mask mask = mask_of(text, manner, width, height);
    app.textures.get(key, version, width, height, mask.pixels, with_alpha(theme.good, 0.8f));
  }
  if (const auto texture = app.textures.find(key, version)) list.AddImage(texture->ref, from, to);
  if (text.empty())
    draw_text_in(list, min, max, fmt::format("{}  {}", icon::kBrush, tr("Click to paint")), theme.text_dim, 0.5f);
  if (wrong) list.AddRect(min, max, theme.bad, rounding, 1.5f);
  return pressed;
}

}  // namespace weft::editor
