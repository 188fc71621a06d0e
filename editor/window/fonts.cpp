#include "editor/window/fonts.h"

#include <fcntl.h>
#include <imgui.h>
#include <imgui_internal.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>

#include "editor/session/text.h"

// The files become part of the program, so that it looks the same wherever it is installed.
#define WEFT_EMBED(symbol, file)                                                                                   \
  asm(".section .rodata\n.balign 16\n" #symbol ":\n.incbin \"" file "\"\n" #symbol "_end:\n.byte 0\n.previous\n"); \
  extern "C" const unsigned char symbol[];                                                                         \
  extern "C" const unsigned char symbol##_end[]

WEFT_EMBED(weft_font_regular, WEFT_FONT_REGULAR);
WEFT_EMBED(weft_font_bold, WEFT_FONT_BOLD);
WEFT_EMBED(weft_font_icons, WEFT_FONT_ICONS);

namespace weft::editor {

/// A font's file in memory: one page after the other, as its glyphs are drawn.
class FontShelf::Mapping {
 public:
  explicit Mapping(const std::filesystem::path& file) {
    const int opened = open(file.c_str(), O_RDONLY | O_CLOEXEC);
    if (opened < 0) return;
    struct stat about{};
    if (fstat(opened, &about) == 0 && about.st_size > 0) {
      size_ = static_cast<std::size_t>(about.st_size);
      data_ = mmap(nullptr, size_, PROT_READ, MAP_PRIVATE, opened, 0);
      if (data_ == MAP_FAILED) data_ = nullptr;
    }
    close(opened);
  }
  Mapping(const Mapping&) = delete;
  Mapping& operator=(const Mapping&) = delete;
  ~Mapping() {
    if (data_) munmap(data_, size_);
  }

  /// Null: the file cannot be read.
  const unsigned char* begin() const { return static_cast<const unsigned char*>(data_); }
  const unsigned char* end() const { return begin() + size_; }

 private:
  void* data_ = nullptr;
  std::size_t size_ = 0;
};

namespace {

constexpr float kReference = 16;  ///< pixels: the size that offsets of glyphs are given for

ImFont* add(const unsigned char* begin, const unsigned char* end, const ImFontConfig& given) {
  ImFontConfig config = given;
  config.FontDataOwnedByAtlas = false;
  return ImGui::GetIO().Fonts->AddFontFromMemoryTTF(
      const_cast<unsigned char*>(begin), static_cast<int>(end - begin), kReference, &config);
}

/// The languages whose fonts are taken, the best first: that of the editor's texts, those of the user's environment, and
/// the others that Inter does not write, so that a prompt in any of them can be read.
std::vector<std::string> languages_to_write(const std::string& shown) {
  std::vector<std::string> all = {shown};
  for (const auto& some : {wanted_languages(), std::vector<std::string>{"zh_CN", "ja", "ko", "zh_TW"}})
    all.insert(all.end(), some.begin(), some.end());
  std::erase_if(all, [](const std::string& each) {
    const auto is = [&](std::string_view code) { return each == code || each.starts_with(std::string(code) + '_'); };
    return !is("zh") && !is("ja") && !is("ko");
  });
  return all;
}

}  // namespace

bool Fonts::shows(std::string_view text) const {
  const char *at = text.data(), *end = at + text.size();
  while (at < end) {
    unsigned letter = 0;
    at += ImTextCharFromUtf8(&letter, at, end);
    if (letter > ' ' && !regular->IsGlyphInFont(static_cast<ImWchar>(letter))) return false;
  }
  return true;
}

FontShelf::FontShelf() = default;
FontShelf::~FontShelf() = default;

Fonts FontShelf::take(const std::string& language) {
  if (const auto known = fonts_.find(language); known != fonts_.end()) return known->second;
  const SystemFonts system;
  std::vector<FontFace> regular, bold;
  for (const std::string& each : languages_to_write(language))
    for (const bool is_bold : {false, true}) {
      std::vector<FontFace>& faces = is_bold ? bold : regular;
      if (const auto face = system.face_for(each, is_bold); face && std::ranges::find(faces, *face) == faces.end())
        faces.push_back(*face);
    }
  const Fonts made = {
      make(weft_font_regular, weft_font_regular_end, regular), make(weft_font_bold, weft_font_bold_end, bold)};
  if (!regular.empty()) fonts_.emplace(language, made);  // else one may be installed meanwhile
  return made;
}

ImFont* FontShelf::make(const unsigned char* begin, const unsigned char* end, const std::vector<FontFace>& system) {
  ImFont* font = add(begin, end, {});
  ImFontConfig merged;
  merged.MergeMode = true;
  for (const FontFace& face : system) {
    const Mapping& file = files_.try_emplace(face.file, face.file).first->second;
    merged.FontNo = static_cast<ImU32>(face.index);
    if (file.begin()) add(file.begin(), file.end(), merged);
  }
  merged.FontNo = 0;
  merged.GlyphOffset.y = 0.5f;
  merged.ExtraSizeScale = 0.86f;  // Font Awesome is drawn larger than text of the same size
  add(weft_font_icons, weft_font_icons_end, merged);
  return font;
}

}  // namespace weft::editor
