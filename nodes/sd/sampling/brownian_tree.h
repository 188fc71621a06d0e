// Brownian motion over an interval of noise levels, for the SDE samplers: whatever sigmas a sampler visits,
// and in whatever order, the same seed is the same path, so that more steps refine a picture instead of
// replacing it.
//
// The path is a binary tree of halved intervals; each node's random numbers come from numpy's SeedSequence of
// (seed, place in the tree). Equal, bit by bit, to torchsde's BrownianTree with tol 1e-6 and pool size 24.
#pragma once

#include <ATen/core/Tensor.h>

#include <array>
#include <cstdint>
#include <span>
#include <vector>

#include "nodes/sd/sampling/noise.h"
#include "nodes/sd/tensors/export.h"

namespace weft::sd {

/// numpy.random.SeedSequence(entropy, spawn_key=spawn_key, pool_size=24).generate_state(1)[0].
/// (M. O'Neill, "Developing a seed_seq alternative", 2015.)
std::uint32_t seed_sequence_word(std::uint64_t entropy, std::span<const std::uint64_t> spawn_key = {});

/// A Wiener process W on [begin, end]. Increments are float32 tensors of `shape`, on the CPU.
class BrownianTree {
 public:
  WEFT_SD_EXPORT BrownianTree(at::IntArrayRef shape, double begin, double end, std::uint64_t seed);

  /// Of some items of a batch alone.
  BrownianTree(NoiseGroup group, double begin, double end);

  /// W(to) - W(from), for from <= to; both are clamped to [begin, end] and rounded to 6 decimals.
  at::Tensor increment(double from, double to) const;

 private:
  struct Interval;
  at::Tensor draw(std::uint32_t seed) const;
  void collect(
      const Interval& node, const at::Tensor& w, double from, double to, std::vector<at::Tensor>& pieces) const;

  NoiseGroup group_;
  double begin_, end_;
  at::Tensor whole_;  ///< W(end) - W(begin)
};

/// Unit-variance noise between two noise levels, on x's device: the increment of W divided by its deviation.
class BrownianNoise {
 public:
  BrownianNoise(const at::Tensor& x, float sigma_min, float sigma_max, std::uint64_t seed, BatchNoise batch,
      const BatchPlaces& places = {});

  /// Noise for a step from one sigma to another, as samplers go: downwards. Upwards has the opposite sign.
  at::Tensor operator()(float sigma, float next) const;

 private:
  NoiseGroups groups_;
  at::Device device_;
  std::vector<BrownianTree> trees_;  ///< one a group
};

}  // namespace weft::sd
