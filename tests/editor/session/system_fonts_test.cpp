#include "editor/session/system_fonts.h"

#include <fontconfig/fontconfig.h>
#include <gtest/gtest.h>

#include <cstdlib>
#include <fstream>
#include <memory>
#include <sstream>
#include <string>

#include "tests/temporary_folder.h"

namespace weft::editor {
namespace {

namespace fs = std::filesystem;

/// The characters of a face that FreeType finds.
class Letters {
 public:
  explicit Letters(const FontFace& face) {
    int count = 0;
    font_.reset(FcFreeTypeQuery(
        reinterpret_cast<const FcChar8*>(face.file.c_str()), static_cast<unsigned>(face.index), nullptr, &count));
    if (font_) FcPatternGetCharSet(font_.get(), FC_CHARSET, 0, &letters_);
  }
  bool has(FcChar32 letter) const { return letters_ && FcCharSetHasChar(letters_, letter); }

 private:
  struct Destroy {
    void operator()(FcPattern* pattern) const { FcPatternDestroy(pattern); }
  };
  std::unique_ptr<FcPattern, Destroy> font_;
  FcCharSet* letters_ = nullptr;
};

std::string catalogues_of(const std::string& language) {
  std::ostringstream text;
  for (const char* folder : {"editor/translations", "editor/translations/nodes"})
    text << std::ifstream(fs::path(WEFT_SOURCE_DIR) / folder / (language + ".po")).rdbuf();
  return text.str();
}

TEST(SystemFonts, HaveEveryLetterOfTheTranslations) {
  const Letters inter({WEFT_FONT_REGULAR, 0});
  for (const char* language : {"zh_CN", "ja"}) {
    const auto face = SystemFonts().face_for(language);
    ASSERT_TRUE(face) << language << ": install fonts-wqy-microhei and fonts-vlgothic";
    const Letters own(*face);
    const std::string text = catalogues_of(language);
    for (const char* at = text.c_str(); *at;) {
      FcChar32 letter = 0;
      const int length = FcUtf8ToUcs4(reinterpret_cast<const FcChar8*>(at), &letter, 4);
      ASSERT_GT(length, 0);
      EXPECT_TRUE(letter < ' ' || inter.has(letter) || own.has(letter))
          << face->file << ": " << std::string(at, at + length);
      at += length;
    }
  }
}

TEST(SystemFonts, HaveTheShapesOfTheLanguage) {
  const SystemFonts fonts;
  EXPECT_NE(fonts.face_for("ja"), fonts.face_for("zh_CN"));
}

TEST(SystemFonts, AreNoneWhereNoneIsInstalled) {
  const TemporaryFolder folder;
  std::ofstream(folder.path() / "fonts.conf") << "<fontconfig><dir>" << folder.path().string() << "</dir></fontconfig>";
  setenv("FONTCONFIG_FILE", (folder.path() / "fonts.conf").c_str(), 1);
  EXPECT_FALSE(SystemFonts().face_for("zh_CN"));
  unsetenv("FONTCONFIG_FILE");
}

}  // namespace
}  // namespace weft::editor
