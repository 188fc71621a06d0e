// Gaussian noise from a seed. It is always drawn on the CPU, whatever device samples, so that a seed gives
// the same picture everywhere. A latent is [B, C, h, w]; noise is float32 of the same shape.
#pragma once

#include <ATen/core/Generator.h>
#include <ATen/core/Tensor.h>

#include <cstdint>
#include <span>
#include <vector>

#include "nodes/sd/export.h"

namespace weft::sd {

/// How the items of a batch share a seed.
enum class BatchNoise {
  kTogether,  ///< one draw for the whole batch, as ComfyUI does: an item depends on its place in the batch
  kPerItem,   ///< item k is drawn with seed + k, so that it equals the single run with that seed
};

/// Standard normal noise to start from, on the CPU.
WEFT_SD_EXPORT at::Tensor initial_noise(at::IntArrayRef shape, uint64_t seed, BatchNoise batch = BatchNoise::kTogether);

/// The same for items taken out of a larger batch: item i is draw number `batch_index[i]` of single items.
/// batch_index has shape[0] entries, each at least 0; entries may repeat.
WEFT_SD_EXPORT at::Tensor initial_noise(at::IntArrayRef shape, uint64_t seed, std::span<const int64_t> batch_index);

/// Fresh noise for one step after another of a stochastic sampler, on x's device. Its seed is one above that
/// of the initial noise: with the same seed the first draw would be the initial noise again.
class StepNoise {
 public:
  StepNoise(const at::Tensor& x, uint64_t seed, BatchNoise batch);

  at::Tensor operator()();

 private:
  std::vector<int64_t> shape_;  ///< of one draw
  at::Device device_;
  std::vector<at::Generator> generators_;  ///< one, or one an item
};

}  // namespace weft::sd
