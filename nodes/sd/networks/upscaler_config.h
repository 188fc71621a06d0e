// What an upscaler is made of (upscaler.h). Read off the shapes of its file by families/upscaler_file.h. A value.
#pragma once

#include <array>
#include <cstdint>
#include <vector>

namespace weft::sd {

/// How a network with attention makes its features a larger picture.
enum class Enlarging {
  PixelShuffle,  ///< convolutions whose channels become pixels, twice or thrice as many a side each
  OneStep,       ///< the same at once, straight to the colours
  Nearest,       ///< doubled pixels, convolved
  None,          ///< as large as it was: denoising, artefacts of JPEG
};

struct UpscalerConfig {
  enum class Kind { DenseBlocks, Compact, SwinIR, DAT, HAT, SPAN, PLKSR };
  Kind kind = Kind::DenseBlocks;
  std::int64_t image_channels = 3;
  std::int64_t features = 64;
  std::int64_t growth = 32;  ///< of the dense blocks: what each of their convolutions adds
  std::int64_t blocks = 23;  ///< dense: blocks of three; compact: convolutions between the first and the last
  std::int64_t doublings = 2;  ///< dense: how often the picture is made twice as large
  std::int64_t unshuffle = 1;  ///< dense, SwinIR: places of so many by so many pixels are one at first
  bool plus = false;           ///< dense: ESRGAN+'s further ways through a block
  std::int64_t compact_scale = 4;  ///< compact, SPAN, PLKSR

  // With attention (SwinIR, DAT, HAT):
  std::vector<std::int64_t> depths;  ///< how many blocks each group has
  std::vector<std::int64_t> heads;   ///< of each group
  std::int64_t window = 8;           ///< its side
  std::int64_t window_width = 8;     ///< DAT: the other side
  std::int64_t wide_window = 12;     ///< HAT: the side of those that overlap
  std::int64_t hidden = 360;         ///< of the feed-forward layers
  std::int64_t squeezed = 60, squeezed_more = 6;  ///< HAT: channels within the convolutions beside attention
  bool qkv_bias = true;
  bool norm_first = true;  ///< HAT: normed before the first group; RealPLKSR: before each block, not at its end
  bool ends_in_convolution = true;  ///< HAT: each group and all of them together
  bool three_convolutions = false;  ///< a group ends in three of them, with a quarter of the channels between
  double range = 1;  ///< SwinIR: what white is
  Enlarging enlarging = Enlarging::PixelShuffle;
  std::vector<std::int64_t>
      factors;  ///< PixelShuffle: of each convolution; OneStep: one; Nearest: as many twos as there are
  std::int64_t enlarging_features = 64;

  // SPAN and PLKSR:
  bool norm = true;  ///< SPAN: pictures are brought to a mean of 0
  std::int64_t kernel = 17;  ///< PLKSR: of the large convolutions
  std::int64_t split = 16;  ///< PLKSR: how many channels they see
  bool attends = true;  ///< PLKSR: with element-wise attention
  bool samples = false;  ///< RealPLKSR: DySample in the place of the pixel shuffle

  bool real = true;  ///< PLKSR: RealPLKSR
  std::array<std::int64_t, 2> mixer_kernels{3, 3};  ///< PLKSR: of the two convolutions that a block begins with

  /// PLKSR: the number of the last convolution; in RealPLKSR a layer without weights stands before it.
  std::int64_t last_layer() const { return blocks + (real ? 2 : 1); }
  /// How much larger the picture becomes.
  std::int64_t scale() const {
    switch (kind) {
      case Kind::Compact:
      case Kind::SPAN:
      case Kind::PLKSR:
        return compact_scale;
      case Kind::DenseBlocks:
        return (std::int64_t{1} << doublings) / unshuffle;
      default:
        break;
    }
    std::int64_t larger = 1;
    for (const std::int64_t factor : factors) larger *= factor;
    return larger / unshuffle;
  }
  /// What the sides of a picture must be multiples of.
  std::int64_t unit() const { return kind == Kind::SwinIR || kind == Kind::HAT ? window * unshuffle : unshuffle; }
};

}  // namespace weft::sd
