// Whether a file has all that its format says it has: OpenImageIO and the libraries below it read some files that end early
// without a word. Nothing is decoded here.
#pragma once

#include <array>
#include <cstdint>
#include <filesystem>
#include <optional>
#include <vector>

#include "pictures/decoder.h"

namespace weft::pictures {

struct JpegLayout {
  bool ends_early = false;  ///< no end of the picture
  int orientation = 1;
};
JpegLayout jpeg_layout(const std::filesystem::path& file);

struct TiffPage {
  int whole_rows = 0;  ///< whose data are in the file, from the top
  bool whole = true;  ///< all are
  bool stores_premultiplied = false;  ///< "associated" alpha
  std::uint64_t colour_map = 0;  ///< where it begins in the file, in words of 16 bits
  std::vector<std::uint8_t> high_bytes = {};  ///< of the map, if all its low ones are zero
};
/// Every page, as far as the file has them. Throws PictureError if it ends before the first, or where a page has samples that
/// OpenImageIO takes for others.
std::vector<TiffPage> tiff_pages(const std::filesystem::path& file, Damage& damage);

struct BmpLayout {
  bool ends_early = false;  ///< uncompressed, without all its rows
  /// Of a pixel of 32 bits: which byte is red, green, blue and alpha (-1: there is none). Else none.
  std::optional<std::array<int, 4>> bytes;
};
/// Throws PictureError where a colour of 32 bits a pixel is no whole byte.
BmpLayout bmp_layout(const std::filesystem::path& file);

/// Whether a DDS has all of its first picture. Throws PictureError for cubes and volumes.
bool dds_ends_early(const std::filesystem::path& file);
/// Whether an ICO has all its pictures.
bool ico_ends_early(const std::filesystem::path& file);

}  // namespace weft::pictures
