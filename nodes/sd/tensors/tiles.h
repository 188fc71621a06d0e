// A block of 32x32 float32 sums to which products of bfloat16 matrices are added: four matrix tiles of recent Intel
// processors (AMX) in namespace `native`, plain C++ in namespace `portable` (see lanes.h).
//
// A factor comes as 32 values of depth at a time. The left one is 32 rows of them. The right one is 32 columns, packed
// as two tiles of 16: in row r of a tile are the values 2r and 2r + 1 of each column, side by side.
#pragma once

#include "nodes/sd/tensors/lanes.h"

namespace weft::sd {

constexpr std::int64_t kTileRows = 16, kTileDepth = 32, kTileSize = kTileRows * kTileDepth;

namespace portable {

class Tiles {
 public:
  void zero() { std::fill_n(sums_[0], 4 * kTileSize / 2, 0.0f); }

  /// Sums of 32 rows that lie `stride` apart; `both` halves of the columns, or the left one alone.
  void load(const float* from, std::int64_t stride, bool both) {
    for (std::int64_t row = 0; row < 2 * kTileRows; ++row) std::copy_n(from + row * stride, columns(both), sums_[row]);
  }
  void store(float* to, std::int64_t stride, bool both) const {
    for (std::int64_t row = 0; row < 2 * kTileRows; ++row) std::copy_n(sums_[row], columns(both), to + row * stride);
  }

  /// `left`: rows that lie `stride` apart; `right`: a tile, and another one `next` after it if `both`.
  void add_product(
      const at::BFloat16* left, std::int64_t stride, const at::BFloat16* right, std::int64_t next, bool both) {
    float wide[kTileDepth][2 * kTileRows];
    for (std::int64_t column = 0; column < columns(both); ++column) {
      const at::BFloat16* tile = right + column / kTileRows * next + column % kTileRows * 2;
      for (std::int64_t depth = 0; depth < kTileDepth; ++depth)
        wide[depth][column] = static_cast<float>(tile[depth / 2 * kTileDepth + depth % 2]);
    }
    for (std::int64_t row = 0; row < 2 * kTileRows; ++row) {
      for (std::int64_t depth = 0; depth < kTileDepth; ++depth) {
        const auto factor = static_cast<float>(left[row * stride + depth]);
        for (std::int64_t column = 0; column < columns(both); ++column)
          sums_[row][column] += factor * wide[depth][column];
      }
    }
  }

 private:
  static std::int64_t columns(bool both) { return both ? 2 * kTileRows : kTileRows; }

  float sums_[2 * kTileRows][2 * kTileRows];
};

}  // namespace portable

#ifdef WEFT_HAS_AVX512
WEFT_BEGIN_AVX512
namespace native {

struct alignas(64) TileConfig {
  std::uint8_t palette = 1, start_row = 0, reserved[14] = {};
  std::uint16_t bytes_a_row[16] = {64, 64, 64, 64, 64, 64, 64, 64};
  std::uint8_t rows[16] = {16, 16, 16, 16, 16, 16, 16, 16};
};

/// The thread's tiles, set up while this lives: 0 to 3 are the sums, 4 and 5 left factors, 6 and 7 right ones.
class Tiles {
 public:
  Tiles() {
    static constexpr TileConfig kConfig;  // static: g++ believes that only 8 bytes of it are read
    _tile_loadconfig(&kConfig);
  }
  ~Tiles() { _tile_release(); }
  Tiles(const Tiles&) = delete;
  Tiles& operator=(const Tiles&) = delete;

  void zero() {
    _tile_zero(0);
    _tile_zero(1);
    _tile_zero(2);
    _tile_zero(3);
  }

  void load(const float* from, std::int64_t stride, bool both) {
    const float* lower = from + kTileRows * stride;
    _tile_loadd(0, from, stride * 4);
    _tile_loadd(2, lower, stride * 4);
    if (!both) return;
    _tile_loadd(1, from + kTileRows, stride * 4);
    _tile_loadd(3, lower + kTileRows, stride * 4);
  }

  void store(float* to, std::int64_t stride, bool both) const {
    float* lower = to + kTileRows * stride;
    _tile_stored(0, to, stride * 4);
    _tile_stored(2, lower, stride * 4);
    if (!both) return;
    _tile_stored(1, to + kTileRows, stride * 4);
    _tile_stored(3, lower + kTileRows, stride * 4);
  }

  void add_product(
      const at::BFloat16* left, std::int64_t stride, const at::BFloat16* right, std::int64_t next, bool both) {
    _tile_loadd(4, left, stride * 2);
    _tile_loadd(5, left + kTileRows * stride, stride * 2);
    _tile_loadd(6, right, 64);
    _tile_dpbf16ps(0, 4, 6);
    _tile_dpbf16ps(2, 5, 6);
    if (!both) return;
    _tile_loadd(7, right + next, 64);
    _tile_dpbf16ps(1, 4, 7);
    _tile_dpbf16ps(3, 5, 7);
  }
};

}  // namespace native
WEFT_END_AVX512
#endif

}  // namespace weft::sd
