#include "pictures/exif.h"

#include <gtest/gtest.h>

#include <vector>

namespace weft::pictures {
namespace {

using Bytes = std::vector<std::uint8_t>;

/// A block of one entry.
Bytes exif(std::uint8_t tag, std::uint8_t type, std::uint8_t count, std::uint8_t value, std::uint8_t directory = 8) {
  return {'M', 'M', 0, 42, 0, 0, 0, directory, 0, 1, 1, tag, 0, type, 0, 0, 0, count, 0, value, 0, 0};
}
constexpr std::uint8_t kOrientation = 0x12, kShort = 3, kAscii = 2;

TEST(Exif, SaysHowAPictureIsTurned) {
  for (std::uint8_t orientation = 1; orientation <= 8; ++orientation)
    EXPECT_EQ(exif_orientation(exif(kOrientation, kShort, 1, orientation)), orientation);
}

TEST(Exif, IsTheSameWithItsJpegPrefixAndInTheOtherByteOrder) {
  Bytes prefixed{'E', 'x', 'i', 'f', 0, 0};
  for (const std::uint8_t byte : exif(kOrientation, kShort, 1, 6)) prefixed.push_back(byte);
  EXPECT_EQ(exif_orientation(prefixed), 6);
  EXPECT_EQ(exif_orientation(Bytes{'I', 'I', 42, 0, 8, 0, 0, 0, 1, 0, 0x12, 1, 3, 0, 1, 0, 0, 0, 6, 0, 0, 0}), 6);
}

TEST(Exif, LeavesAPictureAsItIsWhereItLies) {
  EXPECT_EQ(exif_orientation({}), 1);
  EXPECT_EQ(exif_orientation(exif(kOrientation, kShort, 1, 0)), 1);
  EXPECT_EQ(exif_orientation(exif(kOrientation, kShort, 1, 9)), 1);
  EXPECT_EQ(exif_orientation(exif(kOrientation, kAscii, 1, 6)), 1);
  EXPECT_EQ(exif_orientation(exif(kOrientation, kShort, 2, 6)), 1);
  EXPECT_EQ(exif_orientation(exif(0x13, kShort, 1, 6)), 1);
  EXPECT_EQ(exif_orientation(exif(kOrientation, kShort, 1, 6, /*directory=*/200)), 1);
  Bytes many = exif(kOrientation, kShort, 1, 6);
  many[8] = 0xff;  // entries that are not there
  many[11] = 0x13;
  EXPECT_EQ(exif_orientation(many), 1);
  const Bytes whole = exif(kOrientation, kShort, 1, 6);
  for (std::size_t length = 0; length < 20; ++length)
    EXPECT_EQ(exif_orientation(std::span(whole).first(length)), 1) << length;
}

}  // namespace
}  // namespace weft::pictures
