#include "editor/window/fonts.h"

#include <imgui.h>

#include <cstddef>
#include <filesystem>
#include <iterator>

// The files become part of the program, so that it looks the same wherever it is installed.
#define WEFT_EMBED(symbol, file)                                                   \
  asm(".section .rodata\n.balign 16\n" #symbol ":\n.incbin \"" file "\"\n" #symbol \
      "_end:\n.byte 0\n.previous\n");                                              \
  extern "C" const unsigned char symbol[];                                         \
  extern "C" const unsigned char symbol##_end[]

WEFT_EMBED(weft_font_regular, WEFT_FONT_REGULAR);
WEFT_EMBED(weft_font_bold, WEFT_FONT_BOLD);
WEFT_EMBED(weft_font_icons, WEFT_FONT_ICONS);

namespace weft::editor {

namespace {

constexpr float kReference = 16;  ///< pixels: the size that offsets of glyphs are given for

ImFont* add(const unsigned char* begin, const unsigned char* end, const ImFontConfig& given) {
  ImFontConfig config = given;
  config.FontDataOwnedByAtlas = false;
  return ImGui::GetIO().Fonts->AddFontFromMemoryTTF(const_cast<unsigned char*>(begin),
                                                    static_cast<int>(end - begin), kReference, &config);
}

/// Where distributions put a font with Chinese, Japanese and Korean.
const char* system_cjk_font() {
  static constexpr const char* kPlaces[] = {
      "/usr/share/fonts/opentype/noto/NotoSansCJK-Regular.ttc",
      "/usr/share/fonts/noto-cjk/NotoSansCJK-Regular.ttc",
      "/usr/share/fonts/google-noto-cjk/NotoSansCJK-Regular.ttc",
      "/usr/share/fonts/truetype/wqy/wqy-microhei.ttc",
      "/usr/share/fonts/truetype/droid/DroidSansFallbackFull.ttf",
  };
  for (const char* place : kPlaces)
    if (std::error_code none; std::filesystem::exists(place, none)) return place;
  return nullptr;
}

ImFont* load(const unsigned char* begin, const unsigned char* end) {
  ImFont* font = add(begin, end, {});
  ImFontConfig merged;
  merged.MergeMode = true;
  if (const char* cjk = system_cjk_font()) ImGui::GetIO().Fonts->AddFontFromFileTTF(cjk, kReference, &merged);
  merged.GlyphOffset.y = 0.5f;
  merged.ExtraSizeScale = 0.86f;  // Font Awesome is drawn larger than text of the same size
  add(weft_font_icons, weft_font_icons_end, merged);
  return font;
}

}  // namespace

Fonts load_fonts() {
  return {load(weft_font_regular, weft_font_regular_end), load(weft_font_bold, weft_font_bold_end)};
}

}  // namespace weft::editor
