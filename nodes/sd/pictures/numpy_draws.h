// Random numbers as numpy.random.default_rng(seed) gives them: a PCG64 (O'Neill 2014) seeded by a SeedSequence.
#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>

namespace weft::sd {

class NumpyDraws {
 public:
  explicit NumpyDraws(std::uint64_t seed);

  /// uniform(0, 1, size=(rows, columns)): float64, row by row.
  at::Tensor uniform(std::int64_t rows, std::int64_t columns);

 private:
  using State = unsigned __int128;

  std::uint64_t next();
  void step();

  State state_ = 0, increment_ = 0;
};

}  // namespace weft::sd
