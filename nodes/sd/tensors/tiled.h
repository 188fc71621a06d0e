// Applies a network to a large tensor piece by piece, for VAE decoding and encoding that would not fit in
// memory. Tiles overlap and are faded into each other.
#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <functional>

namespace weft::sd {

/// A network on one tile: [1, C, h, w] -> [1, C', h * scale, w * scale].
using TileNetwork = std::function<at::Tensor(const at::Tensor& tile)>;

/// Called before each tile with its number and their count; may throw to stop.
using OnTile = std::function<void(std::int64_t index, std::int64_t count)>;

struct TilePlan {
  std::int64_t tile_height = 64, tile_width = 64;  ///< in units of the input
  std::int64_t overlap = 16;                       ///< in units of the input, less than either side of a tile
  std::int64_t unit = 1;  ///< tiles begin and end at multiples of it: those that the network takes
  double scale = 8;  ///< of the output to the input: 8 for decoding, 1 / 8 for encoding
};

/// samples [B, C, H, W]. One pass; an item no larger than a tile goes through whole. Each tile's weight rises
/// linearly over the overlap at all of its sides, and the sum is divided by the sum of weights.
at::Tensor apply_tiled(
    const at::Tensor& samples, const TilePlan& plan, const TileNetwork& network, const OnTile& on_tile = {});

/// The mean of three passes, with tiles as planned, twice as wide and half as high, and the reverse: their
/// seams lie in different places. As ComfyUI decodes and encodes in tiles.
at::Tensor apply_tiled_three_ways(
    const at::Tensor& samples, const TilePlan& plan, const TileNetwork& network, const OnTile& on_tile = {});

}  // namespace weft::sd
