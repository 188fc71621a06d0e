// Theme: every colour of the editor, dark or light, and how ImGui's widgets and the canvas wear them.
#pragma once

#include <imgui.h>

#include <string_view>

namespace weft {
struct ValueType;
}

namespace weft::editor {

struct Theme {
  bool dark = true;
  ImU32 window = 0, panel = 0, raised = 0;  ///< behind panels, a panel, what stands out on a panel
  ImU32 canvas = 0, grid = 0;
  ImU32 field = 0, field_hovered = 0, field_active = 0, field_fill = 0;
  ImU32 border = 0;
  ImU32 text = 0, text_dim = 0, text_faint = 0;  ///< the last is for what need not be read
  ImU32 accent = 0, on_accent = 0, selection = 0;
  ImU32 good = 0, warn = 0, bad = 0;
  ImU32 node = 0, node_border = 0, node_shadow = 0;

  /// What stands on the coloured title of a node.
  ImU32 on_title() const { return dark ? IM_COL32(255, 255, 255, 235) : IM_COL32(20, 25, 35, 240); }

  static Theme make(bool dark);
};

/// Colour of a node's title, by the first part of its menu ("Sampling/Parts").
ImU32 category_colour(const Theme& theme, std::string_view menu);

/// Pins differ by shape as well as colour, so that types can be told apart without colours.
enum class PinShape { Circle, Square, Diamond, Triangle, Hexagon, Ring };
PinShape pin_shape(std::string_view type);

/// The colour that a plugin gave the type, with the contrast that the theme needs.
ImU32 type_colour(const Theme& theme, const ValueType* type);

ImU32 mixed(ImU32 a, ImU32 b, float share_of_b);
ImU32 with_alpha(ImU32 colour, float alpha);
ImVec4 as_vec4(ImU32 colour);

/// Gives ImGui's style the theme's colours, and sizes for text of `text_size` pixels times `scale`.
void apply_theme(const Theme& theme, float text_size, float scale);

/// A colour as files write it, "#rrggbb"; `otherwise` where it is none.
ImU32 colour_of(std::string_view text, ImU32 otherwise);

}  // namespace weft::editor
