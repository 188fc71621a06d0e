// The one thing that pixels need of EXIF: how the picture is turned.
#pragma once

#include <cstdint>
#include <span>

namespace weft::pictures {

/// The orientation, 1 to 8, in an EXIF block that begins with a TIFF header or with "Exif\0\0" and one; 1 (upright) if it
/// says none, or lies.
int exif_orientation(std::span<const std::uint8_t> exif);

}  // namespace weft::pictures
