// image.split_tiles, image.merge_tiles: a picture as a batch of overlapping tiles, and back.
#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <numbers>

#include "nodes/image/nodes.h"

namespace weft::image {
namespace {

/// Where the tiles of an axis begin: each a stride after the one before it, the last at the end. A stride is the tile less the
/// overlap, and at least a quarter of the tile.
std::vector<std::int64_t> tile_places(std::int64_t length, std::int64_t tile, std::int64_t overlap) {
  const auto stride = std::max<std::int64_t>(
      1, std::llrint(std::max(static_cast<double>(tile) * 0.25, static_cast<double>(tile - overlap))));
  std::vector<std::int64_t> places;
  for (std::int64_t place = 0;; place += stride) {
    const std::int64_t end = std::min(place + tile, length);
    places.push_back(std::max<std::int64_t>(0, end - tile));
    if (end >= length) return places;
  }
}

class SplitTiles final : public Node {
  Input<Image> image_{*this, "image", {.tip = "one picture"}};
  Param<std::int64_t> width_{*this, "width", {.init = 1024, .min = 64, .max = 16384, .tip = "of a tile, in pixels"}};
  Param<std::int64_t> height_{*this, "height", {.init = 1024, .min = 64, .max = 16384, .tip = "of a tile, in pixels"}};
  Param<std::int64_t> overlap_{*this, "overlap",
      {.init = 128, .min = 0, .max = 4096, .tip = "of neighbours, in pixels; the last one may overlap more"}};
  Output<Image> tiles_{*this, "tiles", {.tip = "row by row, as a batch; no larger than the picture"}};

  void run(RunContext& ctx) const override {
    const Image& image = ctx[image_];
    if (image.batch() != 1)
      throw NodeError(
          fmt::format("there are {} pictures to split", image.batch()), "take one of them, with Pick Image");
    const std::int64_t width = std::min<std::int64_t>(ctx[width_], image.width());
    const std::int64_t height = std::min<std::int64_t>(ctx[height_], image.height());
    std::vector<torch::Tensor> tiles;
    for (const std::int64_t y : tile_places(image.height(), ctx[height_], ctx[overlap_]))
      for (const std::int64_t x : tile_places(image.width(), ctx[width_], ctx[overlap_]))
        tiles.push_back(image.pixels().narrow(1, y, height).narrow(2, x, width));
    ctx.set(tiles_, Image(torch::cat(tiles)));
  }
};

class MergeTiles final : public Node {
  Input<Image> tiles_{*this, "tiles", {.tip = "as Split into Tiles gave them, changed but in the same number"}};
  Param<std::int64_t> width_{
      *this, "width", {.init = 1024, .min = 64, .max = 32768, .tip = "of the picture, in pixels"}};
  Param<std::int64_t> height_{
      *this, "height", {.init = 1024, .min = 64, .max = 32768, .tip = "of the picture, in pixels"}};
  Param<std::int64_t> overlap_{
      *this, "overlap", {.init = 128, .min = 0, .max = 4096, .tip = "the same as when it was split"}};
  Output<Image> image_{*this, "image", {.tip = "one picture; neighbours are faded into each other"}};

  void run(RunContext& ctx) const override {
    const Image& tiles = ctx[tiles_];
    const std::int64_t width = ctx[width_], height = ctx[height_];
    const std::vector<std::int64_t> rows = tile_places(height, tiles.height(), ctx[overlap_]);
    const std::vector<std::int64_t> columns = tile_places(width, tiles.width(), ctx[overlap_]);
    const auto needed = static_cast<std::int64_t>(rows.size() * columns.size());
    if (tiles.batch() != needed)
      ctx.warn(fmt::format(
          "{} tiles of {} x {} make a picture of {} x {}, not {}: give the size and the overlap that it was "
          "split with, or what has become of them",
          needed, tiles.width(), tiles.height(), width, height, tiles.batch()));
    torch::Tensor sum = torch::zeros({1, height, width, 3}, torch::kFloat32);
    torch::Tensor weights = torch::zeros({1, height, width, 1}, torch::kFloat32);
    const torch::Tensor weight = ctx[overlap_] > 0
        ? hill(tiles.height()).view({1, -1, 1, 1}) * hill(tiles.width()).view({1, 1, -1, 1})
        : torch::ones({1, tiles.height(), tiles.width(), 1});
    std::int64_t k = 0;
    for (const std::int64_t y : rows)
      for (const std::int64_t x : columns) {
        if (k == tiles.batch()) break;
        const std::int64_t h = std::min(tiles.height(), height - y), w = std::min(tiles.width(), width - x);
        const torch::Tensor part = weight.narrow(1, 0, h).narrow(2, 0, w);
        sum.narrow(1, y, h).narrow(2, x, w).add_(
            tiles.pixels().narrow(0, k++, 1).narrow(1, 0, h).narrow(2, 0, w) * part);
        weights.narrow(1, y, h).narrow(2, x, w).add_(part);
      }
    ctx.set(image_, Image(sum / weights.masked_fill(weights == 0, 1)));
  }

  /// Half a sine, not quite 0 at the ends.
  static torch::Tensor hill(std::int64_t length) {
    return (torch::linspace(0, 1, length, torch::kFloat32) * std::numbers::pi).sin().clamp_min(1e-5);
  }
};

}  // namespace

void add_tiles(Registry& registry) {
  registry.add<SplitTiles>("image.split_tiles",
      {.title = "Split into Tiles",
          .menu = "Image/Batch",
          .doc = "Cuts a picture into overlapping tiles of one size, to work on each by itself.",
          .foreign = {{.program = "comfyui",
              .name = "SplitImageToTileList",
              .inputs = {"image", {"tile_width", "width"}, {"tile_height", "height"}, "overlap"},
              .outputs = {"tiles"}}}});
  registry.add<MergeTiles>("image.merge_tiles",
      {.title = "Merge Tiles",
          .menu = "Image/Batch",
          .doc = "Puts tiles together to a picture again.",
          .foreign = {{.program = "comfyui",
              .name = "ImageMergeTileList",
              .inputs = {{"image_list", "tiles"}, {"final_width", "width"}, {"final_height", "height"}, "overlap"},
              .outputs = {"image"}}}});
}

}  // namespace weft::image
