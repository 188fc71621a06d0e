#include "editor/window/theme.h"

#include <algorithm>
#include <cmath>
#include <string>

#include "base/colour.h"
#include "graph/value.h"

namespace weft::editor {

namespace {

constexpr ImU32 rgb(unsigned hex) { return IM_COL32((hex >> 16) & 255, (hex >> 8) & 255, hex & 255, 255); }

struct Named {
  std::string_view name;
  unsigned dark, light;
};

// Hues at equal lightness, muted: a title has to carry white or black text.
constexpr Named kCategories[] = {
    {"Loaders", 0x4a5f8f, 0xa9bbe6},
    {"Conditioning", 0x8a6d3b, 0xe8cf9c},
    {"Latent", 0x7a4f86, 0xdcb8e6},
    {"Sampling", 0x2f7477, 0x9bd8d8},
    {"Image", 0x3f7350, 0xa9dcb8},
    {"Mask", 0x5c6b73, 0xc3d0d6},
    {"Text", 0x8a5a44, 0xebc2ae},
};
constexpr unsigned kOtherCategory[] = {0x505866, 0xc6ccd6};

constexpr struct {
  std::string_view type;
  PinShape shape;
} kShapes[] = {
    {"image", PinShape::Square},
    {"mask", PinShape::Square},
    {"latent", PinShape::Diamond},
    {"conditioning", PinShape::Triangle},
    {"model", PinShape::Hexagon},
    {"clip", PinShape::Hexagon},
    {"vae", PinShape::Hexagon},
};

bool is_number_or_text(std::string_view type) {
  return type == "int" || type == "float" || type == "bool" || type == "string";
}

}  // namespace

Theme Theme::make(bool dark) {
  Theme t;
  t.dark = dark;
  if (dark) {
    t.window = rgb(0x0e1013), t.panel = rgb(0x17191e), t.raised = rgb(0x1f2228);
    t.canvas = rgb(0x121418), t.grid = rgb(0x2a2e36);
    t.field = rgb(0x262a31), t.field_hovered = rgb(0x2e333c), t.field_active = rgb(0x363c47);
    t.field_fill = rgb(0x35455e);
    t.border = rgb(0x2b2f37);
    t.text = rgb(0xe6e8ec), t.text_dim = rgb(0xa2a9b5), t.text_faint = rgb(0x6c7482);
    t.accent = rgb(0x5b9df5), t.on_accent = rgb(0x0c1420), t.selection = rgb(0x2b3f5c);
    t.good = rgb(0x5cc48d), t.warn = rgb(0xe8b557), t.bad = rgb(0xf2707a);
    t.node = rgb(0x1e2127), t.node_border = rgb(0x343942), t.node_shadow = IM_COL32(0, 0, 0, 90);
  } else {
    t.window = rgb(0xd4d8de), t.panel = rgb(0xf4f5f7), t.raised = rgb(0xffffff);
    t.canvas = rgb(0xe6e9ed), t.grid = rgb(0xc9ced6);
    t.field = rgb(0xe4e7ec), t.field_hovered = rgb(0xd9dee5), t.field_active = rgb(0xcdd4de);
    t.field_fill = rgb(0xbcd3f5);
    t.border = rgb(0xcbd0d8);
    t.text = rgb(0x1b1f26), t.text_dim = rgb(0x4d5563), t.text_faint = rgb(0x7c8492);
    t.accent = rgb(0x1f66d0), t.on_accent = rgb(0xffffff), t.selection = rgb(0xc4d9f8);
    t.good = rgb(0x1c7f4c), t.warn = rgb(0x9a6400), t.bad = rgb(0xc2313e);
    t.node = rgb(0xfbfbfc), t.node_border = rgb(0xbfc5cf), t.node_shadow = IM_COL32(40, 50, 70, 38);
  }
  return t;
}

ImU32 category_colour(const Theme& theme, std::string_view menu) {
  const std::string_view top = menu.substr(0, menu.find('/'));
  for (const Named& each : kCategories)
    if (each.name == top) return rgb(theme.dark ? each.dark : each.light);
  return rgb(kOtherCategory[theme.dark ? 0 : 1]);
}

PinShape pin_shape(std::string_view type) {
  for (const auto& each : kShapes)
    if (each.type == type) return each.shape;
  return is_number_or_text(type) ? PinShape::Circle : PinShape::Ring;
}

ImU32 type_colour(const Theme& theme, const ValueType* type) {
  const ImU32 given = colour_of(type ? type->colour : std::string(), rgb(0x9aa3b0));
  return theme.dark ? mixed(given, IM_COL32_WHITE, 0.12f) : mixed(given, IM_COL32_BLACK, 0.28f);
}

ImU32 mixed(ImU32 a, ImU32 b, float share) {
  ImU32 out = 0;
  for (int shift = 0; shift < 32; shift += 8) {
    const float from = static_cast<float>((a >> shift) & 255), to = static_cast<float>((b >> shift) & 255);
    out |= static_cast<ImU32>(std::lround(from + (to - from) * share)) << shift;
  }
  return out;
}

ImU32 with_alpha(ImU32 colour, float alpha) {
  return (colour & ~IM_COL32_A_MASK) | (static_cast<ImU32>(std::lround(alpha * 255)) << IM_COL32_A_SHIFT);
}

ImVec4 as_vec4(ImU32 colour) { return ImGui::ColorConvertU32ToFloat4(colour); }

namespace {

void apply_sizes(ImGuiStyle& s) {
  s.WindowPadding = {10, 10};
  s.WindowRounding = 6;
  s.WindowBorderSize = 0;
  s.WindowMinSize = {80, 60};
  s.WindowMenuButtonPosition = ImGuiDir_None;
  s.ChildRounding = 5;
  s.PopupRounding = 7;
  s.PopupBorderSize = 1;
  s.FramePadding = {8, 5};
  s.FrameRounding = 5;
  s.ItemSpacing = {8, 6};
  s.ItemInnerSpacing = {6, 5};
  s.CellPadding = {8, 4};
  s.IndentSpacing = 16;
  s.ScrollbarSize = 11;
  s.ScrollbarRounding = 6;
  s.ScrollbarPadding = 2;
  s.GrabMinSize = 10;
  s.GrabRounding = 4;
  s.TabRounding = 5;
  s.TabBarBorderSize = 0;
  s.TabBarOverlineSize = 2;
  s.TabCloseButtonMinWidthUnselected = 0;
  s.MenuItemRounding = 4;
  s.ImageRounding = 4;
  s.DockingSeparatorSize = 3;
  s.DockingNodeHasCloseButton = false;
  s.SeparatorTextBorderSize = 1;
  s.SeparatorTextPadding = {0, 4};
  s.HoverDelayNormal = 0.5f;
}

}  // namespace

void apply_theme(const Theme& t, float text_size, float scale) {
  ImGuiStyle s;
  apply_sizes(s);
  s.ScaleAllSizes(scale);
  s.FontSizeBase = text_size;
  s.FontScaleMain = scale;
  const auto set = [&](std::initializer_list<ImGuiCol> which, ImU32 colour) {
    for (const ImGuiCol each : which) s.Colors[each] = as_vec4(colour);
  };
  const ImU32 none = 0;
  set({ImGuiCol_Text, ImGuiCol_UnsavedMarker, ImGuiCol_InputTextCursor, ImGuiCol_PlotLinesHovered,
          ImGuiCol_PlotHistogramHovered},
      t.text);
  set({ImGuiCol_TextDisabled}, t.text_faint);
  set({ImGuiCol_WindowBg, ImGuiCol_TitleBg, ImGuiCol_TitleBgActive, ImGuiCol_TitleBgCollapsed}, t.panel);
  set({ImGuiCol_ChildBg, ImGuiCol_BorderShadow, ImGuiCol_ScrollbarBg, ImGuiCol_TableRowBg}, none);
  set({ImGuiCol_PopupBg}, t.raised);
  set({ImGuiCol_MenuBarBg, ImGuiCol_DockingEmptyBg}, t.window);
  set({ImGuiCol_Border, ImGuiCol_Separator, ImGuiCol_TableBorderLight, ImGuiCol_TableBorderStrong, ImGuiCol_TreeLines},
      t.border);
  set({ImGuiCol_FrameBg, ImGuiCol_Button, ImGuiCol_CheckboxSelectedBg}, t.field);
  set({ImGuiCol_FrameBgHovered, ImGuiCol_ButtonHovered}, t.field_hovered);
  set({ImGuiCol_FrameBgActive, ImGuiCol_ButtonActive}, t.field_active);
  set({ImGuiCol_Header, ImGuiCol_TextSelectedBg}, t.selection);
  set({ImGuiCol_HeaderHovered}, t.field_hovered);
  set({ImGuiCol_HeaderActive}, t.selection);
  set({ImGuiCol_CheckMark, ImGuiCol_SliderGrab, ImGuiCol_SliderGrabActive, ImGuiCol_TabSelectedOverline,
          ImGuiCol_NavCursor, ImGuiCol_PlotHistogram, ImGuiCol_PlotLines, ImGuiCol_SeparatorHovered,
          ImGuiCol_SeparatorActive, ImGuiCol_DragDropTarget, ImGuiCol_TextLink},
      t.accent);
  set({ImGuiCol_DockingPreview, ImGuiCol_NavWindowingHighlight}, with_alpha(t.accent, 0.4f));
  set({ImGuiCol_ScrollbarGrab}, t.field_active);
  set({ImGuiCol_ScrollbarGrabHovered, ImGuiCol_ScrollbarGrabActive}, t.text_faint);
  set({ImGuiCol_ResizeGrip, ImGuiCol_ResizeGripHovered, ImGuiCol_ResizeGripActive}, none);
  set({ImGuiCol_Tab, ImGuiCol_TabDimmed, ImGuiCol_TabDimmedSelectedOverline}, t.window);
  set({ImGuiCol_TabHovered}, t.field_hovered);
  set({ImGuiCol_TabSelected, ImGuiCol_TabDimmedSelected}, t.panel);
  set({ImGuiCol_TableHeaderBg}, t.raised);
  set({ImGuiCol_TableRowBgAlt}, with_alpha(t.text, 0.025f));
  set({ImGuiCol_ModalWindowDimBg, ImGuiCol_NavWindowingDimBg}, IM_COL32(0, 0, 0, t.dark ? 130 : 80));
  ImGui::GetStyle() = s;
}

ImU32 colour_of(std::string_view text, ImU32 otherwise) {
  const std::optional<Rgb8> rgb = read_colour(text.substr(0, 7));
  return rgb ? IM_COL32((*rgb)[0], (*rgb)[1], (*rgb)[2], 255) : otherwise;
}

}  // namespace weft::editor
