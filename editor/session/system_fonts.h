// Fonts of the system, for writing that the editor's own fonts lack. Found by fontconfig, which knows what each font
// holds and which one the user prefers.
//
// Chinese, Japanese and Korean share characters whose shapes differ, so a font is asked for by the language that it is
// to be read in.
#pragma once

#include <filesystem>
#include <memory>
#include <optional>
#include <string>

namespace weft::editor {

struct FontFace {
  std::filesystem::path file;
  int index = 0;  ///< among the faces of the file

  bool operator==(const FontFace&) const = default;
};

class SystemFonts {
 public:
  /// Looks at what is installed now. [main-thread]
  SystemFonts();
  ~SystemFonts();

  /// The face for texts of the language ("zh_CN", "ja"), bold where there is one. None: no font has all that the
  /// language is usually written with.
  std::optional<FontFace> face_for(const std::string& language, bool bold = false) const;

 private:
  struct Config;
  std::unique_ptr<Config> config_;
};

}  // namespace weft::editor
