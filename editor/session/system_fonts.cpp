#include "editor/session/system_fonts.h"

#include <fontconfig/fontconfig.h>

#include <algorithm>
#include <cctype>
#include <string_view>

namespace weft::editor {
namespace {

template <auto destroy>
struct Destroy {
  template <class T>
  void operator()(T* thing) const {
    destroy(thing);
  }
};
using Pattern = std::unique_ptr<FcPattern, Destroy<FcPatternDestroy>>;
using FontSet = std::unique_ptr<FcFontSet, Destroy<FcFontSetDestroy>>;

/// "zh_CN" is "zh-cn" to fontconfig.
std::string fontconfig_name(std::string language) {
  std::ranges::transform(
      language, language.begin(), [](unsigned char c) { return c == '_' ? '-' : static_cast<char>(std::tolower(c)); });
  return language;
}

const FcChar8* as_fontconfig(const char* text) { return reinterpret_cast<const FcChar8*>(text); }

/// What the editor can draw: one face of a file of outlines. Variable fonts are none: it would draw their first instance.
bool is_drawable(const FcPattern* font) {
  FcChar8* format = nullptr;
  FcBool variable = FcFalse;
  int index = 0;
  if (FcPatternGetString(font, FC_FONTFORMAT, 0, &format) != FcResultMatch) return false;
  const std::string_view name = reinterpret_cast<const char*>(format);
  FcPatternGetBool(font, FC_VARIABLE, 0, &variable);
  FcPatternGetInteger(font, FC_INDEX, 0, &index);
  return (name == "TrueType" || name == "CFF") && !variable && index < 0x10000;
}

bool writes(const FcPattern* font, const std::string& language) {
  FcLangSet* languages = nullptr;
  return FcPatternGetLangSet(font, FC_LANG, 0, &languages) == FcResultMatch &&
      FcLangSetHasLang(languages, as_fontconfig(language.c_str())) == FcLangEqual;
}

std::optional<FontFace> face_of(const FcPattern* font) {
  FcChar8* file = nullptr;
  FontFace face;
  if (FcPatternGetString(font, FC_FILE, 0, &file) != FcResultMatch) return std::nullopt;
  face.file = reinterpret_cast<const char*>(file);
  FcPatternGetInteger(font, FC_INDEX, 0, &face.index);
  return face;
}

}  // namespace

struct SystemFonts::Config {
  FcConfig* loaded = FcInitLoadConfigAndFonts();  // null: fontconfig is not set up
  ~Config() {
    if (loaded) FcConfigDestroy(loaded);
  }
};

SystemFonts::SystemFonts() : config_(std::make_unique<Config>()) {}
SystemFonts::~SystemFonts() = default;

std::optional<FontFace> SystemFonts::face_for(const std::string& language, bool bold) const {
  if (!config_->loaded) return std::nullopt;
  const std::string wanted = fontconfig_name(language);
  const Pattern pattern(FcPatternCreate());
  FcPatternAddString(pattern.get(), FC_FAMILY, as_fontconfig("sans-serif"));
  FcPatternAddString(pattern.get(), FC_LANG, as_fontconfig(wanted.c_str()));
  FcPatternAddInteger(pattern.get(), FC_WEIGHT, bold ? FC_WEIGHT_DEMIBOLD : FC_WEIGHT_REGULAR);
  FcPatternAddBool(pattern.get(), FC_OUTLINE, FcTrue);
  FcConfigSubstitute(config_->loaded, pattern.get(), FcMatchPattern);
  FcDefaultSubstitute(pattern.get());
  FcResult result = FcResultNoMatch;
  const FontSet best_first(FcFontSort(config_->loaded, pattern.get(), FcFalse, nullptr, &result));
  if (!best_first) return std::nullopt;
  for (int i = 0; i < best_first->nfont; ++i)
    if (const FcPattern* font = best_first->fonts[i]; is_drawable(font) && writes(font, wanted)) return face_of(font);
  return std::nullopt;
}

}  // namespace weft::editor
