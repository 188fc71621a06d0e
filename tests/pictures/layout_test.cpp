// How other formats than PNG, WebP and GIF lay out their pixels, where OpenImageIO alone takes them for something else.
// What is right is what Pillow reads.
#include <gmock/gmock.h>
#include <zlib.h>

#include <algorithm>
#include <map>

#include "tests/pictures/picture_bytes.h"

namespace weft::pictures {
namespace {

using testing::HasSubstr;
using Bytes = std::vector<std::uint8_t>;

/// One pixel of 32 bits: the bytes 10, 20, 30, 40.
std::string bmp(std::uint64_t header, std::uint64_t compression, const std::vector<std::uint32_t>& masks) {
  std::string more;
  for (const std::uint32_t mask : masks) more += little_endian(mask, 4);
  more.resize(std::max<std::size_t>(more.size(), header - 40), '\0');
  const std::string info = little_endian(header, 4) + little_endian(1, 4) + little_endian(1, 4) + little_endian(1, 2) +
      little_endian(32, 2) + little_endian(compression, 4) + little_endian(4, 4) + std::string(16, '\0') + more;
  return "BM" + little_endian(18 + info.size(), 4) + std::string(4, '\0') + little_endian(14 + info.size(), 4) + info +
      "\x0a\x14\x1e\x28";
}

TEST(Bmp, AFourthByteWithoutAMaskIsNoAlpha) {
  for (const std::string& file :
      {bmp(40, 0, {}), bmp(40, 3, {0xff0000, 0xff00, 0xff}), bmp(124, 3, {0xff0000, 0xff00, 0xff, 0})}) {
    const Read got = read(file_of(file));
    EXPECT_FALSE(got.has_alpha);
    EXPECT_EQ(got.rgba, (Bytes{30, 20, 10, 255}));
  }
}

TEST(Bmp, AFourthMaskIsAlpha) {
  for (const std::uint64_t header : {56, 108, 124}) {
    const Read got = read(file_of(bmp(header, 3, {0xff0000, 0xff00, 0xff, 0xff000000})));
    EXPECT_TRUE(got.has_alpha);
    EXPECT_EQ(got.rgba, (Bytes{30, 20, 10, 40}));
  }
}

TEST(Bmp, ColoursAreInTheOrderOfTheMasks) {
  EXPECT_EQ(read(file_of(bmp(124, 3, {0xff, 0xff00, 0xff0000, 0xff000000}))).rgba, (Bytes{10, 20, 30, 40}));
  EXPECT_EQ(read(file_of(bmp(40, 3, {0xff000000, 0xff0000, 0xff00}))).rgba, (Bytes{40, 30, 20, 255}));
}

TEST(Bmp, ColoursThatAreNoWholeBytesAreRefused) {
  EXPECT_THAT(refusal(file_of(bmp(40, 3, {0x3ff00000, 0xffc00, 0x3ff}))), HasSubstr("other than 8 bits"));
}

/// A TIFF of 8 bits and one row; `more` follows the pixels, at 12.
std::string tiff(const std::string& pixels, const std::map<int, std::vector<std::uint32_t>>& tags,
    const std::string& more, bool big) {
  const auto number = [&](std::uint64_t value, int bytes) {
    std::string text = little_endian(value, bytes);
    if (big) std::reverse(text.begin(), text.end());
    return text;
  };
  std::string file = (big ? "MM" : "II") + number(42, 2) + number(12 + more.size(), 4);
  file += pixels + std::string(4 - pixels.size(), '\0') + more + number(tags.size(), 2);
  for (const auto& [tag, value] : tags)  // one number in place, or how many there are and where
    file += number(static_cast<std::uint64_t>(tag), 2) + number(3, 2) + number(value.size() > 1 ? value[0] : 1, 4) +
        (value.size() > 1 ? number(value[1], 4) : number(value[0], 2) + std::string(2, '\0'));
  return file + number(0, 4);
}

const std::map<int, std::vector<std::uint32_t>> kGrey{
    {256, {1}}, {257, {1}}, {258, {8}}, {259, {1}}, {262, {1}}, {273, {8}}, {277, {1}}, {278, {1}}, {279, {1}}};

TEST(Tiff, APaletteIsReadByItsHighBytes) {
  for (const bool big : {false, true})
    for (const std::uint64_t scale : {256, 257}) {
      auto tags = kGrey;
      tags[262] = {3};
      tags[320] = {768, 12};
      std::string map;
      for (std::uint64_t i = 0; i < 768; ++i) {
        std::string colour = little_endian(i % 256 * scale, 2);
        if (big) std::reverse(colour.begin(), colour.end());
        map += colour;
      }
      for (const int level : {0, 1, 2, 127, 254, 255}) {
        const auto byte = static_cast<std::uint8_t>(level);
        EXPECT_EQ(read(file_of(tiff(std::string(1, static_cast<char>(level)), tags, map, big))).rgba,
            (Bytes{byte, byte, byte, 255}))
            << level << " times " << scale;
      }
    }
}

TEST(Tiff, SamplesThatWouldBeTakenForOthersAreRefused) {
  EXPECT_EQ(read(file_of(tiff("\x07", kGrey, "", false))).rgba, (Bytes{7, 7, 7, 255}));
  auto without_bits = kGrey;
  without_bits.erase(258);
  EXPECT_THAT(refusal(file_of(tiff("\x07", without_bits, "", false))), HasSubstr("how many bits"));
  auto inks = kGrey;
  inks[258] = {5, 12};
  inks[262] = {5};
  inks[277] = {5};
  inks[338] = {2};
  inks[279] = {5};
  EXPECT_THAT(refusal(file_of(tiff("\1\2\3\4", inks, std::string("\x08\0\x08\0\x08\0\x08\0\x08\0\5", 11), false))),
      HasSubstr("CMYK with alpha"));
}

std::string dds(const std::string& name, std::uint64_t bits, const std::string& pixels) {
  const std::string format = little_endian(32, 4) + little_endian(name.empty() ? 0x41 : 4, 4) +
      (name.empty() ? std::string(4, '\0') : name) + little_endian(bits, 4) + little_endian(0xff0000, 4) +
      little_endian(0xff00, 4) + little_endian(0xff, 4) + little_endian(0xff000000, 4);
  return "DDS " + little_endian(124, 4) + little_endian(0x1007, 4) + little_endian(8, 4) + little_endian(8, 4) +
      std::string(56, '\0') + format + little_endian(0x1000, 4) + std::string(16, '\0') + pixels;
}

TEST(Dds, OneThatEndsEarlyIsRefused) {
  for (const auto& [name, bytes] :
      std::map<std::string, std::size_t>{{"", 256}, {"DXT1", 32}, {"DXT3", 64}, {"DXT5", 64}}) {
    const std::string whole = dds(name, 32, std::string(bytes, '\x44'));
    EXPECT_EQ(read(file_of(whole)).width, 8) << name;
    for (const std::size_t missing : {1UL, bytes / 2, bytes, bytes + 9})
      EXPECT_THAT(refusal(file_of(whole.substr(0, whole.size() - missing))), HasSubstr("ends early")) << name;
  }
}

/// The pictures of several sizes are PNGs.
std::string ico(const std::vector<std::string>& pictures, const std::vector<int>& sides) {
  std::string head = std::string("\0\0\1\0", 4) + little_endian(pictures.size(), 2), body;
  for (std::size_t i = 0; i < pictures.size(); ++i) {
    head += std::string(2, static_cast<char>(sides[i])) + std::string(2, '\0') + little_endian(1, 2) +
        little_endian(32, 2) + little_endian(pictures[i].size(), 4) +
        little_endian(6 + 16 * pictures.size() + body.size(), 4);
    body += pictures[i];
  }
  return head + body;
}

TEST(Ico, ItsLargestPictureIsTaken) {
  const std::string large = fixture("rgba.png");
  std::string row(64, '\0');
  uLongf length = row.size();
  ::compress(reinterpret_cast<Bytef*>(row.data()), &length, reinterpret_cast<const Bytef*>("\0\1\2\3\4"), 5);
  const std::string small = large.substr(0, 8) +
      chunk("IHDR", big_endian(1) + big_endian(1) + std::string("\x08\6\0\0\0", 5)) +
      chunk("IDAT", row.substr(0, length)) + chunk("IEND", "");
  const Read expected = read(file_of(large));
  for (const bool last : {true, false}) {
    const std::string file = last ? ico({small, large}, {1, 32}) : ico({large, small}, {32, 1});
    const Read got = read(file_of(file));
    EXPECT_EQ(got.frames, 1);
    EXPECT_EQ(got.width, expected.width);
    EXPECT_EQ(got.rgba, expected.rgba);
    EXPECT_THAT(refusal(file_of(file.substr(0, file.size() - 1))), HasSubstr("ends early"));
  }
}

}  // namespace
}  // namespace weft::pictures
