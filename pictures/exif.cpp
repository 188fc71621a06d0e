#include "pictures/exif.h"

#include <algorithm>
#include <array>

#include "pictures/bytes.h"

namespace weft::pictures {

int exif_orientation(std::span<const std::uint8_t> exif) {
  constexpr std::array<std::uint8_t, 6> kPrefix{'E', 'x', 'i', 'f', 0, 0};
  if (exif.size() > 6 && std::equal(kPrefix.begin(), kPrefix.end(), exif.begin())) exif = exif.subspan(6);
  if (exif.size() < 8 || exif[0] != exif[1] || (exif[0] != 'I' && exif[0] != 'M')) return 1;
  const auto number = [&](std::size_t at, std::size_t length) {
    const auto bytes = exif.subspan(at, length);
    return exif[0] == 'M' ? big_endian(bytes) : little_endian(bytes);
  };
  const std::uint64_t directory = number(4, 4);
  if (number(2, 2) != 42 || directory + 2 > exif.size()) return 1;
  const std::uint64_t entries = number(directory, 2);
  constexpr std::uint64_t kEntry = 12, kOrientation = 0x112, kShort = 3, kLong = 4;
  for (std::uint64_t at = directory + 2, i = 0; i < entries && at + kEntry <= exif.size(); ++i, at += kEntry) {
    if (number(at, 2) != kOrientation) continue;
    const std::uint64_t type = number(at + 2, 2);
    if (number(at + 4, 4) != 1 || (type != kShort && type != kLong)) return 1;
    const std::uint64_t value = number(at + 8, type == kShort ? 2 : 4);
    return value >= 1 && value <= 8 ? static_cast<int>(value) : 1;
  }
  return 1;
}

}  // namespace weft::pictures
