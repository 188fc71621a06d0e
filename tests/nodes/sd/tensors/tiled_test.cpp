#include "nodes/sd/tensors/tiled.h"

#include <gtest/gtest.h>
#include <torch/torch.h>

#include "nodes/sd/files/safetensors.h"
#include "nodes/sd/tensors/resize.h"
#include "tests/nodes/small_models.h"

namespace weft::sd {
namespace {

at::Tensor enlarge(const at::Tensor& tile) {
  return resize(tile, tile.size(3) * 8, tile.size(2) * 8, Resize::NearestExact);
}

TEST(Tiled, ANetworkThatLooksAtOnePlaceGivesTheSameInTiles) {
  for (const auto& [height, width] : {std::pair<std::int64_t, std::int64_t>{20, 33}, {8, 40}, {17, 8}, {9, 9}}) {
    const at::Tensor latent = at::randn({2, 4, height, width});
    const TilePlan plan{.tile_height = 8, .tile_width = 8, .overlap = 3, .scale = 8};
    EXPECT_TRUE(at::allclose(apply_tiled(latent, plan, enlarge), enlarge(latent), 1e-5, 1e-5)) << height << width;
    EXPECT_TRUE(at::allclose(apply_tiled_three_ways(latent, plan, enlarge), enlarge(latent), 1e-5, 1e-5));
  }
}

TEST(Tiled, EncodesToAnEighth) {
  const auto shrink = [](const at::Tensor& tile) {
    return resize(tile, tile.size(3) / 8, tile.size(2) / 8, Resize::Area);
  };
  const at::Tensor image = at::rand({1, 3, 160, 264});
  const TilePlan plan{.tile_height = 64, .tile_width = 64, .overlap = 16, .scale = 1 / 8.0};
  EXPECT_TRUE(at::allclose(apply_tiled_three_ways(image, plan, shrink), shrink(image), 1e-5, 1e-5));
}

TEST(Tiled, FadesOneTileIntoTheNext) {
  // Two tiles of 6 that overlap by 2 on a line of 10; each answers with its own number.
  float number = 0;
  const auto numbered = [&](const at::Tensor& tile) { return at::full_like(tile, number++); };
  const at::Tensor found =
      apply_tiled(at::zeros({1, 1, 1, 10}), {.tile_height = 6, .tile_width = 6, .overlap = 2, .scale = 1}, numbered);
  // In the overlap the first tile's weight falls 1, 1/2 while the second's rises 1/2, 1.
  const at::Tensor expected = at::tensor({0., 0., 0., 0., 1 / 3., 2 / 3., 1., 1., 1., 1.}, at::kFloat);
  EXPECT_TRUE(at::allclose(found.view(-1), expected)) << found;
}

TEST(Tiled, AnItemNoLargerThanATileGoesThroughWhole) {
  int calls = 0;
  apply_tiled(at::zeros({3, 4, 8, 8}), {.tile_height = 8, .tile_width = 8, .overlap = 2, .scale = 8},
      [&](const at::Tensor& tile) {
        ++calls;
        return enlarge(tile);
      });
  EXPECT_EQ(calls, 3);
}

TEST(Tiled, TellsEachTileOfAllPassesAndCanBeStopped) {
  const TilePlan plan{.tile_height = 8, .tile_width = 8, .overlap = 2, .scale = 8};
  std::vector<std::int64_t> seen;
  std::int64_t total = 0;
  apply_tiled_three_ways(at::zeros({1, 4, 14, 14}), plan, enlarge, [&](std::int64_t index, std::int64_t count) {
    seen.push_back(index);
    total = count;
  });
  EXPECT_EQ(static_cast<std::int64_t>(seen.size()), total);
  EXPECT_EQ(seen.back(), total - 1);

  struct Stop {};
  EXPECT_THROW(
      apply_tiled(at::zeros({1, 4, 14, 14}), plan, enlarge, [](std::int64_t, std::int64_t) { throw Stop(); }), Stop);
}

TEST(TiledGolden, BlendsAsTheDefinitionSays) {
  const SafetensorsFile file = SafetensorsFile::open(golden("tiled.safetensors"));
  for (const std::string name : {"decode", "decode_long", "decode_no_overlap", "encode", "whole"}) {
    const at::Tensor plan = file.tensor(name + ".plan");
    const double scale = plan[2].item<double>();
    const auto network = [&](const at::Tensor& tile) {  // as in tests/reference/make_tiled_golden.py
      const at::Tensor marked = tile - 0.5 * tile.mean() + (0.01 * tile.size(2) - 0.02 * tile.size(3));
      if (scale < 1) return marked.slice(2, 0, {}, 2).slice(3, 0, {}, 2);
      return marked.repeat_interleave(2, 2).repeat_interleave(2, 3);
    };
    const std::int64_t side = plan[0].item<std::int64_t>();
    const at::Tensor found = apply_tiled_three_ways(file.tensor(name + ".in"),
        {.tile_height = side,
            .tile_width = side,
            .overlap = plan[1].item<std::int64_t>(),
            .unit = scale < 1 ? 2 : 1,
            .scale = scale},
        network);
    EXPECT_TRUE(at::allclose(found, file.tensor(name + ".out"), 1e-5, 1e-5)) << name;
  }
}

TEST(Tiled, EncodesTilesOfAnyHeightThatEndWhereLatentsDo) {
  const auto shrink = [](const at::Tensor& tile) {
    EXPECT_EQ(tile.size(2) % 8 + tile.size(3) % 8, 0) << tile.sizes();
    return resize(tile, tile.size(3) / 8, tile.size(2) / 8, Resize::Area);
  };
  const at::Tensor image = at::rand({1, 3, 200, 264});
  const TilePlan plan{.tile_height = 72, .tile_width = 72, .overlap = 16, .unit = 8, .scale = 1 / 8.0};
  EXPECT_TRUE(at::allclose(apply_tiled_three_ways(image, plan, shrink), shrink(image), 1e-5, 1e-5));
}

TEST(Tiled, HalvesNoTileToNothing) {
  const TilePlan plan{.tile_height = 1, .tile_width = 1, .overlap = 0, .scale = 8};
  const at::Tensor latent = at::randn({1, 4, 3, 2});
  EXPECT_TRUE(at::allclose(apply_tiled_three_ways(latent, plan, enlarge), enlarge(latent), 1e-5, 1e-5));
}

TEST(Tiled, RefusesAnOverlapAsLargeAsATile) {
  EXPECT_THROW(apply_tiled(at::zeros({1, 4, 32, 32}), {.tile_height = 8, .tile_width = 8, .overlap = 8}, enlarge),
      std::invalid_argument);
}

}  // namespace
}  // namespace weft::sd
