#include "nodes/sd/sampling/normal_draws.h"

#include <ATen/ops/empty.h>

#include <algorithm>
#include <bit>
#include <cmath>
#include <limits>
#include <numbers>
#include <utility>

namespace weft::sd {
namespace {

constexpr std::int64_t kBlock = 16;

// libtorch computes logarithm, sine and cosine by the polynomials of Cephes (Moshier 1989). A product that is added to
// something is rounded together with the sum there, so it is here: std::fma has the same bits everywhere. This file's
// compile options keep the compiler from contracting any other.

/// Of x in (0, 1].
[[gnu::always_inline]] inline float natural_log(float x) {
  const auto bits = std::bit_cast<std::uint32_t>(x);
  const float mantissa = std::bit_cast<float>((bits & ~0x7f800000u) | std::bit_cast<std::uint32_t>(0.5f));  // [0.5, 1)
  const bool low = mantissa < std::numbers::sqrt2_v<float> / 2;
  const float exponent = static_cast<float>(static_cast<std::int32_t>(bits >> 23) - 126 - (low ? 1 : 0));
  const float m = mantissa - 1 + (low ? mantissa : 0);
  const float square = m * m;
  float y = std::fma(7.0376836292e-2f, m, -1.1514610310e-1f);
  y = std::fma(y, m, 1.1676998740e-1f);
  y = std::fma(y, m, -1.2420140846e-1f);
  y = std::fma(y, m, 1.4249322787e-1f);
  y = std::fma(y, m, -1.6668057665e-1f);
  y = std::fma(y, m, 2.0000714765e-1f);
  y = std::fma(y, m, -2.4999993993e-1f);
  y = std::fma(y, m, 3.3333331174e-1f);
  y = std::fma(y * m, square, exponent * -2.12194440e-4f);  // log 2 = 0.693359375 - 2.12...e-4
  y -= square * 0.5f;
  return std::fma(exponent, 0.693359375f, m + y);
}

struct SineAndCosine {
  float sine, cosine;
};

/// Of an angle in [0, 2 pi].
[[gnu::always_inline]] inline SineAndCosine sine_and_cosine(float angle) {
  const std::int32_t octant =
      (static_cast<std::int32_t>(angle * 1.27323954473516f) + 1) & ~1;  // 4 / pi; 0, 2, 4, 6 or 8
  const auto turns = static_cast<float>(octant);
  float x = std::fma(turns, -0.78515625f, angle);  // pi / 4 in three parts
  x = std::fma(turns, -2.4187564849853515625e-4f, x);
  x = std::fma(turns, -3.77489497744594108e-8f, x);
  const float z = x * x;
  float even = std::fma(2.443315711809948e-5f, z, -1.388731625493765e-3f);
  even = std::fma(even, z, 4.166664568298827e-2f);
  even = std::fma(z, even * z, -(z * 0.5f)) + 1;
  float odd = std::fma(-1.9515295891e-4f, z, 8.3321608736e-3f);
  odd = std::fma(odd, z, -1.6666654611e-1f);
  odd = std::fma(odd * z, x, x);
  const bool swapped = (octant & 2) != 0;
  const float sine = swapped ? even : odd, cosine = swapped ? odd : even;
  const auto negate_if = [](std::int32_t four, float value) {
    return std::bit_cast<float>(std::bit_cast<std::uint32_t>(value) ^ static_cast<std::uint32_t>(four) << 29);
  };
  return {negate_if(octant & 4, sine), negate_if(~(octant - 2) & 4, cosine)};
}

/// Blocks of 16 numbers of [0, 1), in pairs of one and the eighth after it, become normal ones.
[[gnu::always_inline]] inline void transform(float* block, const float* end) {
  constexpr float kTurn = 2 * std::numbers::pi_v<float>;
  for (; block != end; block += kBlock) {
    for (std::int64_t i = 0; i < kBlock / 2; ++i) {
      const float radius = std::sqrt(-2 * natural_log(1 - block[i]));
      const auto [sine, cosine] = sine_and_cosine(kTurn * block[i + kBlock / 2]);
      block[i] = radius * cosine + 0;  // + 0: no number is -0
      block[i + kBlock / 2] = radius * sine + 0;
    }
  }
}

#ifdef __x86_64__
/// The same for processors that have std::fma as an instruction: eight at a time. Elsewhere it is a call, with the same
/// bits.
[[gnu::target("avx2,fma")]] void transform_with_fma(float* block, const float* end) { transform(block, end); }

void transform_fast(float* block, const float* end) {
  static const bool has_fma = __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma");
  has_fma ? transform_with_fma(block, end) : transform(block, end);
}
#else
void transform_fast(float* block, const float* end) { transform(block, end); }
#endif

}  // namespace

at::Tensor NormalDraws::operator()(at::IntArrayRef shape) {
  at::Tensor result = at::empty(shape, at::kFloat);
  fill(result.mutable_data_ptr<float>(), result.numel());
  return result;
}

void NormalDraws::fill(float* values, std::int64_t count) {
  if (count < kBlock) {
    std::generate_n(values, count, [this] { return static_cast<float>(next_double()); });
    return;
  }
  const auto uniform = [this] { return static_cast<float>(engine_() & 0xffffffu) * 0x1p-24f; };
  std::generate_n(values, count, uniform);
  transform_fast(values, values + count / kBlock * kBlock);
  if (count % kBlock == 0) return;
  float* last = values + count - kBlock;  // the rest makes a block with what stands before it, drawn anew
  std::generate_n(last, kBlock, uniform);
  transform_fast(last, last + kBlock);
}

double NormalDraws::next_double() {
  if (second_) return *std::exchange(second_, std::nullopt);
  const auto uniform = [this] {
    const std::uint64_t high = engine_(), low = engine_();
    return static_cast<double>((high << 32 | low) & ((std::uint64_t{1} << 53) - 1)) * 0x1p-53;
  };
  const double angle = 2 * std::numbers::pi * uniform(), radius = std::sqrt(-2 * std::log1p(-uniform()));
  second_ = radius * std::sin(angle);
  return radius * std::cos(angle);
}

}  // namespace weft::sd
