#include "nodes/sd/pictures/numpy_draws.h"

#include <ATen/ATen.h>

#include <bit>
#include <vector>

#include "nodes/sd/tensors/seed_sequence.h"

namespace weft::sd {

NumpyDraws::NumpyDraws(std::uint64_t seed) {
  constexpr std::size_t kPoolSize = 4;
  const std::vector<std::uint32_t> words = seed_sequence_words(seed, {}, kPoolSize, 8);
  const auto number = [&](std::size_t k) {  // high half first, each of two words, low word first
    const auto half = [&](std::size_t i) { return static_cast<std::uint64_t>(words[i + 1]) << 32 | words[i]; };
    return static_cast<State>(half(4 * k)) << 64 | half(4 * k + 2);
  };
  increment_ = number(1) << 1 | 1;
  step();
  state_ += number(0);
  step();
}

void NumpyDraws::step() {
  constexpr State kMultiplier = static_cast<State>(2549297995355413924ULL) << 64 | 4865540595714422341ULL;
  state_ = state_ * kMultiplier + increment_;
}

std::uint64_t NumpyDraws::next() {
  step();
  const auto high = static_cast<std::uint64_t>(state_ >> 64), low = static_cast<std::uint64_t>(state_);
  return std::rotr(high ^ low, static_cast<int>(state_ >> 122));
}

at::Tensor NumpyDraws::uniform(std::int64_t rows, std::int64_t columns) {
  constexpr double kUnit = 1.0 / (std::uint64_t{1} << 53);
  at::Tensor values = at::empty({rows, columns}, at::kDouble);
  double* const out = values.data_ptr<double>();
  for (std::int64_t i = 0; i < rows * columns; ++i) out[i] = static_cast<double>(next() >> 11) * kUnit;
  return values;
}

}  // namespace weft::sd
