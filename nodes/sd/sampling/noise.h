// Gaussian noise from a seed. It is always drawn on the CPU, whatever device samples, and with the same bits on every
// processor (normal_draws.h), so that a seed gives the same picture everywhere. A latent is [B, C, h, w]; noise is
// float32 of the same shape.
#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <span>
#include <vector>

#include "nodes/sd/sampling/normal_draws.h"
#include "nodes/sd/tensors/export.h"

namespace weft::sd {

/// How the items of a batch share a seed.
enum class BatchNoise {
  Together,  ///< one draw for the whole batch, as ComfyUI does: an item depends on its place in the batch
  PerItem,   ///< item k is drawn with seed + k, so that it equals the single run with that seed
};

/// Where the items of a batch stood in the batch that they were taken from: they get the noise of those places.
struct BatchPlaces {
  std::vector<std::int64_t> index = {};  ///< of each item, from 0; may repeat; empty: 0, 1, 2 ...

  /// Items of the batch that they were taken from. All noise is that batch's then, so that a picture of it can be made
  /// again alone. 0: there is no such batch; the index counts single draws of the noise to start from, as in ComfyUI,
  /// and fresh noise goes by the items as they stand.
  std::int64_t size = 0;
};

/// Standard normal noise to start from, on the CPU. Throws std::invalid_argument for places that do not fit.
WEFT_SD_EXPORT at::Tensor initial_noise(
    at::IntArrayRef shape, std::uint64_t seed, BatchNoise batch = BatchNoise::Together, const BatchPlaces& places = {});

/// The same for single draws: item i is draw number `batch_index[i]`.
WEFT_SD_EXPORT at::Tensor initial_noise(
    at::IntArrayRef shape, std::uint64_t seed, std::span<const std::int64_t> batch_index);

/// Items of a batch of `shape` that get their fresh noise from one seed.
struct NoiseGroup {
  std::uint64_t seed;
  std::vector<std::int64_t> shape;  ///< of a draw
  std::vector<std::int64_t> items;  ///< of the draw, in the order of the batch's; empty: all

  /// Those items of a draw.
  at::Tensor pick(const at::Tensor& draw) const;
};

/// Fresh noise of a whole batch: the groups' one after another, put in the batch's order.
struct NoiseGroups {
  NoiseGroups(at::IntArrayRef shape, std::uint64_t seed, BatchNoise batch, const BatchPlaces& places);

  at::Tensor join(const std::vector<at::Tensor>& of_groups) const;

  std::vector<NoiseGroup> groups;

 private:
  std::vector<std::int64_t> order_;  ///< item i of the batch is order_[i] of the joined ones; empty: as they stand
};

/// Fresh noise for one step after another of a stochastic sampler, on x's device. Its seed is one above that
/// of the initial noise: with the same seed the first draw would be the initial noise again.
class StepNoise {
 public:
  StepNoise(const at::Tensor& x, std::uint64_t seed, BatchNoise batch, const BatchPlaces& places = {});

  at::Tensor operator()();

 private:
  NoiseGroups groups_;
  at::Device device_;
  std::vector<NormalDraws> draws_;  ///< one a group
};

}  // namespace weft::sd
