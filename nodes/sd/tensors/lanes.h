// Sixteen float32 numbers as one value, for kernels: by AVX-512 in namespace `native`, in plain C++ in namespace
// `portable`, with the same roundings (but for the order of sums). A kernel is written once, in terms of Lanes, in a
// file .inc that is included in both namespaces, because a function is compiled for the processor that was chosen where
// it stands, also if it is a template. So tests run every kernel on every machine.
#pragma once

#include <c10/util/BFloat16.h>

#include <algorithm>
#include <cmath>
#include <cstdint>

#if defined(__x86_64__) && defined(__GNUC__)
#define WEFT_HAS_AVX512 1
#include <immintrin.h>

// For functions that may only be called where has_avx512().
#define WEFT_BEGIN_AVX512                                                                                         \
  _Pragma("GCC diagnostic push") _Pragma(                                                                         \
      "GCC diagnostic ignored \"-Wmaybe-uninitialized\"") /* g++ 12 sees it in its own intrinsics (bug 105593) */ \
      _Pragma("GCC push_options")                                                                                 \
          _Pragma("GCC target(\"avx512f,avx512bw,avx512vl,avx512dq,avx512bf16,amx-tile,amx-bf16\")")
#define WEFT_END_AVX512 _Pragma("GCC pop_options") _Pragma("GCC diagnostic pop")
#endif

namespace weft::sd {

constexpr std::int64_t kLanes = 16;

namespace portable {

struct Lanes {
  float x[kLanes];

  static Lanes all(float value) {
    return from([value](std::int64_t) { return value; });
  }
  static Lanes load(const float* values) {
    return from([=](std::int64_t i) { return values[i]; });
  }
  static Lanes load(const at::BFloat16* values) {
    return from([=](std::int64_t i) { return static_cast<float>(values[i]); });
  }
  void store(float* to) const { std::copy_n(x, kLanes, to); }
  void store(at::BFloat16* to) const { store(to, kLanes); }
  void store(at::BFloat16* to, std::int64_t count) const {
    for (std::int64_t i = 0; i < count; ++i) to[i] = at::BFloat16(x[i]);
  }

  template <class Function>
  static Lanes from(Function f) {
    Lanes lanes;
    for (std::int64_t i = 0; i < kLanes; ++i) lanes.x[i] = f(i);
    return lanes;
  }
};

inline Lanes operator+(Lanes a, Lanes b) {
  return Lanes::from([&](std::int64_t i) { return a.x[i] + b.x[i]; });
}
inline Lanes operator-(Lanes a, Lanes b) {
  return Lanes::from([&](std::int64_t i) { return a.x[i] - b.x[i]; });
}
inline Lanes operator*(Lanes a, Lanes b) {
  return Lanes::from([&](std::int64_t i) { return a.x[i] * b.x[i]; });
}
inline Lanes operator/(Lanes a, Lanes b) {
  return Lanes::from([&](std::int64_t i) { return a.x[i] / b.x[i]; });
}
/// a * b + c, rounded once
inline Lanes multiply_add(Lanes a, Lanes b, Lanes c) {
  return Lanes::from([&](std::int64_t i) { return std::fma(a.x[i], b.x[i], c.x[i]); });
}
/// a * b - c, rounded once
inline Lanes multiply_subtract(Lanes a, Lanes b, Lanes c) {
  return Lanes::from([&](std::int64_t i) { return std::fma(a.x[i], b.x[i], -c.x[i]); });
}
inline Lanes larger(Lanes a, Lanes b) {
  return Lanes::from([&](std::int64_t i) { return a.x[i] > b.x[i] ? a.x[i] : b.x[i]; });
}
inline bool any_above(Lanes a, float limit) {
  return std::any_of(a.x, a.x + kLanes, [=](float each) { return each > limit; });
}
inline float largest(Lanes a) { return *std::max_element(a.x, a.x + kLanes); }
inline float sum(Lanes a) {
  float total = 0;
  for (float each : a.x) total += each;
  return total;
}
inline Lanes nearest_whole(Lanes a) {
  return Lanes::from([&](std::int64_t i) { return std::nearbyint(a.x[i]); });
}
/// a * 2^whole, whole being whole numbers of any size, or NaN
inline Lanes times_power_of_two(Lanes a, Lanes whole) {
  return Lanes::from([&](std::int64_t i) {
    const float exponent = std::clamp(whole.x[i], -400.0f, 400.0f);
    return std::isnan(exponent) ? exponent : std::ldexp(a.x[i], static_cast<int>(exponent));
  });
}

}  // namespace portable

#ifdef WEFT_HAS_AVX512

/// Whether this processor has what `native` is made of, but for tiles.
inline bool has_avx512() {
  static const bool has = __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") &&
      __builtin_cpu_supports("avx512vl") && __builtin_cpu_supports("avx512dq") && __builtin_cpu_supports("avx512bf16");
  return has;
}

WEFT_BEGIN_AVX512
namespace native {

struct Lanes {
  __m512 x;

  static Lanes all(float value) { return {_mm512_set1_ps(value)}; }
  static Lanes load(const float* values) { return {_mm512_loadu_ps(values)}; }
  static Lanes load(const at::BFloat16* values) {
    const __m256i halves = _mm256_loadu_si256(reinterpret_cast<const __m256i*>(values));
    return {_mm512_castsi512_ps(_mm512_slli_epi32(_mm512_cvtepu16_epi32(halves), 16))};
  }
  void store(float* to) const { _mm512_storeu_ps(to, x); }
  void store(at::BFloat16* to) const {
    _mm256_storeu_si256(reinterpret_cast<__m256i*>(to), reinterpret_cast<__m256i>(_mm512_cvtneps_pbh(x)));
  }
  void store(at::BFloat16* to, std::int64_t count) const {
    const auto mask = static_cast<__mmask16>((1u << count) - 1);
    _mm256_mask_storeu_epi16(to, mask, reinterpret_cast<__m256i>(_mm512_cvtneps_pbh(x)));
  }
};

inline Lanes operator+(Lanes a, Lanes b) { return {_mm512_add_ps(a.x, b.x)}; }
inline Lanes operator-(Lanes a, Lanes b) { return {_mm512_sub_ps(a.x, b.x)}; }
inline Lanes operator*(Lanes a, Lanes b) { return {_mm512_mul_ps(a.x, b.x)}; }
inline Lanes operator/(Lanes a, Lanes b) { return {_mm512_div_ps(a.x, b.x)}; }
inline Lanes multiply_add(Lanes a, Lanes b, Lanes c) { return {_mm512_fmadd_ps(a.x, b.x, c.x)}; }
inline Lanes multiply_subtract(Lanes a, Lanes b, Lanes c) { return {_mm512_fmsub_ps(a.x, b.x, c.x)}; }
inline Lanes larger(Lanes a, Lanes b) { return {_mm512_max_ps(a.x, b.x)}; }
inline bool any_above(Lanes a, float limit) { return _mm512_cmp_ps_mask(a.x, _mm512_set1_ps(limit), _CMP_GT_OQ) != 0; }
inline float largest(Lanes a) { return _mm512_reduce_max_ps(a.x); }
inline float sum(Lanes a) { return _mm512_reduce_add_ps(a.x); }
inline Lanes nearest_whole(Lanes a) {
  return {_mm512_roundscale_ps(a.x, _MM_FROUND_TO_NEAREST_INT | _MM_FROUND_NO_EXC)};
}
inline Lanes times_power_of_two(Lanes a, Lanes whole) { return {_mm512_scalef_ps(a.x, whole.x)}; }

}  // namespace native
WEFT_END_AVX512

#else

namespace native = portable;

inline bool has_avx512() { return false; }

#endif

}  // namespace weft::sd
