// Fonts: Inter for text and Font Awesome for icons, both inside the program; Chinese, Japanese and Korean
// from the system, where it has a font for them. Glyphs are made when they are first shown, at any size.
#pragma once

struct ImFont;

namespace weft::editor {

struct Fonts {
  ImFont* regular = nullptr;
  ImFont* bold = nullptr;
};

/// Adds the fonts to the current ImGui context.
Fonts load_fonts();

}  // namespace weft::editor
