// Small drawings that several panels share: pins of ports, text that has to fit, a button with an icon.
#pragma once

#include <imgui.h>

#include <string>
#include <string_view>

#include "editor/window/theme.h"

namespace weft::editor {

/// The shape of a type; hollow where nothing is linked.
void draw_pin(ImDrawList& list, ImVec2 centre, float radius, PinShape shape, ImU32 colour, bool filled, ImU32 back);

/// `text`, cut with an ellipsis so that it takes at most `width` in the font that is in use.
std::string elided(std::string_view text, float width);

/// Text in a rectangle: `align` 0 left, 1 right, centred from top to bottom, cut at the edge.
void draw_text_in(ImDrawList& list, ImVec2 min, ImVec2 max, std::string_view text, ImU32 colour, float align = 0);

/// A button without a frame until the mouse is on it. `label` may hold "##id".
bool quiet_button(const char* label, const Theme& theme, const char* tip = nullptr, bool on = false);
/// The button that stands out.
bool accent_button(const char* label, const Theme& theme, const char* tip = nullptr);

/// A dialog in the middle of the window, for as long as it is called: whatever closed it (windows that take the focus do),
/// it is opened again. True if it is to be filled, and ended with ImGui::EndPopup(). `width` at first, in heights of the
/// font; 0: what its content takes. With `open` it has a cross.
bool begin_dialog(const char* name, float width = 0, bool* open = nullptr);
/// The same, of a size of its own that fits into the window, with `flags` more.
bool begin_dialog(const char* name, ImVec2 size, ImGuiWindowFlags flags = 0, bool* open = nullptr);
/// The button of a dialog that stands out, and that Enter presses from the start on.
bool default_button(const char* label, const Theme& theme, const char* tip = nullptr);
/// Whether Escape is pressed. The text field that follows does not hear it, and so keeps what was typed.
bool escape_keeps_text();
/// Widgets in a row that goes on in the next line where the width ends: call it between them. `next`: the label of a
/// radio button that follows.
void same_line_if_fits(const char* next);

/// A line of text in the theme's dim colour.
void dim_text(const Theme& theme, std::string_view text);
/// What a panel says when it has nothing to show, in its middle.
void empty_hint(const Theme& theme, const char* icon, std::string_view text);

}  // namespace weft::editor
