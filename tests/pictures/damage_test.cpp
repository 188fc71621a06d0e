// Files that end early or are damaged: an error, or if that is allowed a warning and pixels that are defined. Never a
// crash, never silence.
#include <gmock/gmock.h>

#include <random>

#include "tests/pictures/picture_bytes.h"

namespace weft::pictures {
namespace {

using testing::HasSubstr;

/// Many places to cut a file at: the last bytes each, the rest in steps.
std::vector<std::size_t> bytes_to_take_away(std::size_t size) {
  std::vector<std::size_t> missing;
  for (std::size_t n = 1; n < size; n += n < 30 ? 1 : 1 + size / 40) missing.push_back(n);
  return missing;
}

TEST(DamagedPicture, WhatPillowRefusesBecauseItEndsEarlyIsRefused) {
  for (const auto& [name, expected] : pillow().items()) {
    const std::string whole = fixture(name);
    for (const std::size_t missing : bytes_to_take_away(whole.size())) {
      if (missing < expected["refused_without"]) continue;  // the pixels are there
      const std::filesystem::path file = file_of(whole.substr(0, whole.size() - missing));
      const std::string why = refusal(file);
      // A GIF has no count of its frames: between two of them it may end, but not without a word.
      if (name == "frames.gif" && why.empty()) {
        EXPECT_FALSE(read(file).warnings.empty()) << missing;
        continue;
      }
      EXPECT_THAT(why, HasSubstr("ends early")) << name << " without its last " << missing << " bytes";
    }
  }
}

TEST(DamagedPicture, GivesWhatIsThereIfThatIsAllowed) {
  for (const auto& [name, expected] : pillow().items()) {
    const std::string whole = fixture(name);
    int given = 0;
    for (const std::size_t missing : bytes_to_take_away(whole.size())) {
      const std::filesystem::path file = file_of(whole.substr(0, whole.size() - missing));
      try {
        const Read got = read(file, {.frame = std::nullopt, .allow_truncated = true});
        given += missing >= expected["refused_without"];
        EXPECT_FALSE(got.warnings.empty() && missing >= expected["refused_without"]) << name << " without " << missing;
      } catch (const PictureError& error) {
        EXPECT_FALSE(std::string(error.what()).empty());
      }
    }
    EXPECT_TRUE(given > 0 || name == "lzw.tif") << name;  // there the end says where the pixels are
  }
}

TEST(DamagedPicture, MissingRowsAreBlack) {
  const std::string whole = fixture("raw.tif");
  const Read got = read(file_of(whole.substr(0, whole.size() / 2)), {.frame = 0, .allow_truncated = true});
  EXPECT_EQ(std::vector<std::uint8_t>(got.rgba.end() - 4, got.rgba.end()), (std::vector<std::uint8_t>{0, 0, 0, 255}));
}

TEST(DamagedPicture, AGifWithoutItsEndIsReadWithAWarning) {
  for (const char* name : {"still.gif", "frames.gif"}) {
    const std::string whole = fixture(name);
    const Read expected = read(file_of(whole));
    for (const std::size_t missing : {1UL, 2UL}) {  // the trailer, and the byte that ends the pixels
      const Read got = read(file_of(whole.substr(0, whole.size() - missing)));
      EXPECT_EQ(got.rgba, expected.rgba) << name;
      EXPECT_THAT(got.warnings, testing::ElementsAre(HasSubstr("ends early, after its pixels"))) << name;
    }
  }
}

TEST(DamagedPicture, AWrongChecksumIsNamed) {
  std::string png = fixture("rgb.png");
  png[png.find("IDAT") + 900] ^= 1;
  EXPECT_THAT(refusal(file_of(png)), HasSubstr("its data are damaged"));
}

TEST(DamagedPicture, MutantsAreReadOrRefused) {
  std::mt19937 random(7);
  const auto below = [&](std::size_t n) { return std::uniform_int_distribution<std::size_t>(0, n - 1)(random); };
  for (const auto& [name, expected] : pillow().items()) {
    const std::string whole = fixture(name);
    for (int i = 0; i < 40; ++i) {
      std::string mutant = whole;
      for (std::size_t change = below(4) + 1; change > 0; --change) {
        const std::size_t at = below(2) == 0 ? below(std::min<std::size_t>(mutant.size(), 200)) : below(mutant.size());
        switch (below(4)) {
          case 0:
            mutant[at] = static_cast<char>(below(256));
            break;
          case 1:
            mutant[at] = static_cast<char>(mutant[at] ^ (1 << below(8)));
            break;
          case 2:
            mutant[at] = '\xff';
            break;
          default:
            mutant.erase(at, below(9));
            break;
        }
      }
      const std::filesystem::path file = file_of(mutant);
      for (const bool allow : {false, true})
        refusal(file, {.frame = std::nullopt, .allow_truncated = allow, .most_pixels = 4'000'000});
    }
  }
}

}  // namespace
}  // namespace weft::pictures
