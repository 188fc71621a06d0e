// The chunks of a PNG, walked without decoding: how large it is, its frames (APNG), and where their data lie.
#pragma once

#include <cstdint>
#include <filesystem>
#include <vector>

#include "pictures/decoder.h"

namespace weft::pictures {

/// A part of a frame's compressed data.
struct PngSegment {
  std::uint64_t offset = 0;    ///< of its bytes in the file
  std::uint32_t length = 0;    ///< what there is of it
  std::uint32_t checked = 0;   ///< the CRC so far: of the chunk's name, and of a fdAT's number
  bool whole = true;           ///< its CRC follows it in the file
};

struct PngFrame {
  int x = 0, y = 0;
  Size size;
  enum class Dispose : std::uint8_t { None, Background, Previous } dispose = Dispose::None;
  bool over = false;  ///< laid over what is there, by its alpha; else replaces it
  std::vector<PngSegment> data;
};

struct PngChunks {
  Size size;
  std::vector<std::uint8_t> header;        ///< signature, IHDR, PLTE and tRNS, as they stand in the file
  bool interlaced = false;
  bool alpha = false;
  int orientation = 1;
  bool ends_early = false;
  std::vector<PngFrame> frames;  ///< at least one; a default image that is no frame of the animation comes first

  /// The header of a picture of that size, which is otherwise the same.
  std::vector<std::uint8_t> header_for(Size frame) const;
};

/// Throws PictureError: no PNG, no pixels, frames that lie.
PngChunks read_png_chunks(const std::filesystem::path& file, Damage& damage);

}  // namespace weft::pictures
