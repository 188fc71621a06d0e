// Pixels, frames and sizes of picture files, compared with what Pillow reads of them.
#include <gmock/gmock.h>
#include <zlib.h>

#include <cstdlib>

#include "tests/pictures/picture_bytes.h"

namespace weft::pictures {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

TEST(PictureFile, ReadsWhatPillowReads) {
  for (const auto& [name, expected] : pillow().items()) {
    const Read got = read(file_of(fixture(name)));
    EXPECT_EQ(got.width, expected["width"]) << name;
    EXPECT_EQ(got.height, expected["height"]) << name;
    EXPECT_EQ(got.frames, expected["frames"]) << name;
    EXPECT_EQ(::crc32(0, got.rgba.data(), static_cast<uInt>(got.rgba.size())), expected["crc"].get<unsigned long>())
        << name;
  }
}

TEST(PictureFile, KeepsColoursUnderTransparency) {
  const Read png = read(file_of(fixture("rgba.png"))), plain = read(file_of(fixture("rgb.png")));
  for (const char* name : {"rgba.png", "alpha.webp", "alpha.tif"}) {
    const Read got = read(file_of(fixture(name)));
    EXPECT_TRUE(got.has_alpha) << name;
    for (std::size_t i = 0; i < got.rgba.size(); ++i)
      EXPECT_EQ(got.rgba[i], i % 4 == 3 ? png.rgba[i] : plain.rgba[i]) << name << " at " << i;
  }
}

TEST(PictureFile, AGammaChunkChangesNothing) {
  const std::string png = fixture("rgba.png");
  for (const std::uint32_t gamma : {45455U, 100000U})
    EXPECT_EQ(read(file_of(with_chunks(png, "", chunk("gAMA", big_endian(gamma))))).rgba, read(file_of(png)).rgba);
}

TEST(PictureFile, AnOpaqueGifHasNoTransparency) {
  EXPECT_FALSE(read(file_of(fixture("still.gif"))).has_alpha);
  EXPECT_TRUE(read(file_of(fixture("transparent.gif"))).has_alpha);
}

TEST(PictureFile, AnAnimationHasTransparencyWhereItsHeaderSaysSo) {
  std::string webp = fixture("frames.webp");
  ASSERT_EQ(webp.substr(12, 4), "VP8X");
  for (const bool alpha : {true, false}) {
    webp[20] = static_cast<char>(alpha ? webp[20] | 0x10 : webp[20] & ~0x10);
    EXPECT_EQ(read(file_of(webp)).has_alpha, alpha);
  }
  const auto opaque = [](const Read& read) {
    for (std::size_t i = 3; i < read.rgba.size(); i += 4)
      if (read.rgba[i] != 255) return false;
    return true;
  };
  EXPECT_TRUE(opaque(read(file_of(webp))));

  // Its second frame begins on a cleared canvas and covers one pixel of it.
  const auto control = [](std::uint32_t number, std::uint32_t side, char dispose) {
    return chunk("fcTL",
        big_endian(number) + big_endian(side) + big_endian(side) + std::string(8, '\0') + std::string("\0\1\0\1", 4) +
            dispose + '\0');
  };
  const auto data = [](const std::string& raw) {
    std::string packed(64, '\0');
    uLongf length = packed.size();
    ::compress(
        reinterpret_cast<Bytef*>(packed.data()), &length, reinterpret_cast<const Bytef*>(raw.data()), raw.size());
    return packed.substr(0, length);
  };
  const std::string png = "\x89PNG\r\n\x1a\n" +
      chunk("IHDR", big_endian(2) + big_endian(2) + std::string("\x08\0\0\0\0", 5)) +
      chunk("acTL", big_endian(2) + big_endian(0)) + control(0, 2, 1) + chunk("IDAT", data({0, 9, 9, 0, 9, 9})) +
      control(1, 1, 0) + chunk("fdAT", big_endian(2) + data({0, 7})) + chunk("IEND", "");
  const Read got = read(file_of(png));
  EXPECT_EQ(got.frames, 2);
  EXPECT_FALSE(got.has_alpha);
  EXPECT_TRUE(opaque(got));
}

TEST(PictureFile, ATextNamedOrientationDoesNotTurnIt) {
  const std::string text = with_chunks(fixture("rgb.png"), "", chunk("tEXt", std::string("Orientation\0", 12) + "6"));
  EXPECT_EQ(read(file_of(text)).width, 32);
}

TEST(PictureFile, GivesOneFrameByItsNumber) {
  for (const char* name : {"frames.png", "frames.webp", "frames.gif"}) {
    const std::filesystem::path file = file_of(fixture(name));
    const Read all = read(file), second = read(file, {.frame = 1});
    ASSERT_EQ(all.frames, 3) << name;
    EXPECT_EQ(second.frames, 1) << name;
    const auto from = all.rgba.begin() + static_cast<std::ptrdiff_t>(second.rgba.size());
    EXPECT_EQ(second.rgba, std::vector<std::uint8_t>(from, from + static_cast<std::ptrdiff_t>(second.rgba.size())))
        << name;
    EXPECT_THAT(refusal(file, {.frame = 3}), HasSubstr("there is no frame 3 in it: it has 3")) << name;
  }
}

TEST(PictureFile, PagesOfAnotherSizeAreLeftOutAndItSaysSo) {
  const std::filesystem::path file = file_of(fixture("pages.tif"));
  const Read all = read(file);
  EXPECT_EQ(all.frames, 2);
  EXPECT_THAT(all.warnings, ElementsAre(HasSubstr("1 of 3 frames are of another size than the first, 32 x 24")));
  EXPECT_EQ(read(file, {.frame = 2}).width, 20);
}

TEST(PictureFile, FramesThatLieAreRefused) {
  const std::string png = fixture("frames.png");
  for (const std::uint32_t count : {0U, 2U, 4U, 0xffffffffU}) {
    std::string lie = png;
    const std::size_t at = lie.find("acTL") - 4;
    lie.replace(at, 20, chunk("acTL", big_endian(count) + big_endian(0)));
    EXPECT_THAT(refusal(file_of(lie)), HasSubstr("frames, and has 3")) << count;
  }
  std::string outside = png;
  const std::size_t at = outside.find("fcTL") - 4;
  outside.replace(at, 38,
      chunk("fcTL",
          big_endian(0) + big_endian(32) + big_endian(24) + big_endian(1) + big_endian(0) + std::string(6, '\0')));
  EXPECT_THAT(refusal(file_of(outside)), HasSubstr("does not fit into the picture"));
}

TEST(PictureFile, ASizeAboveTheLimitIsRefusedBeforeItIsDecoded) {
  const std::string huge = with_chunks(fixture("rgb.png"), "IHDR", "");
  const std::string header = chunk("IHDR", big_endian(60000) + big_endian(60000) + std::string("\x08\x02\0\0\0", 5));
  const std::string png = huge.substr(0, 8) + header + huge.substr(8);
  EXPECT_THAT(refusal(file_of(png)), HasSubstr("60000 x 60000 pixels, that is 3600 megapixels; the limit is 256"));
}

TEST(PictureFile, TheLimitCountsAllFramesThatAreReadTogether) {
  const std::filesystem::path file = file_of(fixture("frames.gif"));
  const std::uint64_t one = 32 * 24;
  EXPECT_THAT(refusal(file, {.frame = std::nullopt, .most_pixels = 3 * one - 1}), HasSubstr("3 frames of 32 x 24"));
  EXPECT_THAT(refusal(file, {.frame = std::nullopt, .most_pixels = 3 * one}), IsEmpty());
  EXPECT_THAT(refusal(file, {.frame = 2, .most_pixels = one}), IsEmpty());
}

TEST(PictureFile, TheLimitComesFromTheEnvironment) {
  EXPECT_EQ(most_pixels(), 256'000'000U);
  ::setenv("WEFT_MAX_MEGAPIXELS", "0.5", 1);
  EXPECT_EQ(most_pixels(), 500'000U);
  for (const char* wrong : {"many", "-1", "0", "1e99", "3x", "nan"}) {
    ::setenv("WEFT_MAX_MEGAPIXELS", wrong, 1);
    EXPECT_THROW(most_pixels(), PictureError) << wrong;
  }
  ::unsetenv("WEFT_MAX_MEGAPIXELS");
}

}  // namespace
}  // namespace weft::pictures
