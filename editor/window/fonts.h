// Fonts: Inter for text and Font Awesome for icons, both inside the program; Chinese, Japanese and Korean
// from the system, where it has a font for them. Glyphs are made when they are first shown, at any size.
#pragma once

#include <filesystem>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "editor/session/system_fonts.h"

struct ImFont;

namespace weft::editor {

struct Fonts {
  ImFont* regular = nullptr;
  ImFont* bold = nullptr;

  /// Whether there is a glyph for each letter of the text.
  bool shows(std::string_view text) const;
};

/// All fonts that were asked for. Lives as long as the ImGui context draws with them. [main-thread]
class FontShelf {
 public:
  FontShelf();
  ~FontShelf();

  /// The fonts to show the language with, added to the current ImGui context when they are first asked for. Han
  /// characters have the shapes that its readers know.
  Fonts take(const std::string& language);

 private:
  class Mapping;
  ImFont* make(const unsigned char* begin, const unsigned char* end, const std::vector<FontFace>& system);

  std::map<std::string, Fonts> fonts_;  ///< by language
  std::map<std::filesystem::path, Mapping> files_;
};

}  // namespace weft::editor
