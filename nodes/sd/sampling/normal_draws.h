// Standard normal numbers from a seed, with the same bits on every processor: those that torch.randn gives on a CPU
// with AVX2, from which the pictures that people have were made. (Without AVX2 torch.randn gives 38 % of its numbers
// other bits.) The numbers of a Mersenne twister become normal ones by Box and Muller's transform (1958).
#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <optional>
#include <random>

namespace weft::sd {

class NormalDraws {
 public:
  /// As torch.Generator.manual_seed: of the seed, the lower 32 bits count.
  explicit NormalDraws(std::uint64_t seed) : engine_(static_cast<std::uint32_t>(seed)) {}

  /// The next numbers, float32 on the CPU. Two draws differ from one of both sizes, unless the first has a multiple of
  /// 16 numbers.
  at::Tensor operator()(at::IntArrayRef shape);

 private:
  void fill(float* values, std::int64_t count);
  double next_double();

  /// std::mt19937 on 32-bit words, which is quicker.
  using MersenneTwister = std::mersenne_twister_engine<std::uint32_t, 32, 624, 397, 31, 0x9908b0df, 11, 0xffffffff, 7,
      0x9d2c5680, 15, 0xefc60000, 18, 1812433253>;

  MersenneTwister engine_;
  std::optional<double> second_;  ///< of the last pair, for draws of fewer than 16
};

}  // namespace weft::sd
