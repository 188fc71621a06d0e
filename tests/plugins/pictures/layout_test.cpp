// How other formats than PNG, WebP and GIF lay out their pixels, where OpenImageIO alone takes them for something else.
// What is right is what Pillow reads.
#include <gmock/gmock.h>

#include "tests/plugins/pictures/picture_bytes.h"

namespace weft::pictures {
namespace {

using testing::HasSubstr;
using Bytes = std::vector<std::uint8_t>;

/// One pixel of 32 bits: the bytes 10, 20, 30, 40.
std::string bmp(std::uint64_t header, std::uint64_t compression, const std::vector<std::uint32_t>& masks) {
  std::string more;
  for (const std::uint32_t mask : masks) more += little_endian(mask, 4);
  more.resize(std::max<std::size_t>(more.size(), header - 40), '\0');
  const std::string info = little_endian(header, 4) + little_endian(1, 4) + little_endian(1, 4) + little_endian(1, 2) + little_endian(32, 2) +
                           little_endian(compression, 4) + little_endian(4, 4) + std::string(16, '\0') + more;
  return "BM" + little_endian(18 + info.size(), 4) + std::string(4, '\0') + little_endian(14 + info.size(), 4) + info + "\x0a\x14\x1e\x28";
}

TEST(Bmp, AFourthByteWithoutAMaskIsNoAlpha) {
  for (const std::string& file : {bmp(40, 0, {}), bmp(40, 3, {0xff0000, 0xff00, 0xff}), bmp(124, 3, {0xff0000, 0xff00, 0xff, 0})}) {
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

}  // namespace
}  // namespace weft::pictures
