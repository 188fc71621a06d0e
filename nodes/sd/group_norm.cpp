#include "nodes/sd/group_norm.h"

#include <ATen/Parallel.h>
#include <ATen/core/grad_mode.h>
#include <ATen/ops/empty_like.h>

#if defined(__x86_64__) && defined(__GNUC__)
#define WEFT_HAS_AVX512 1
#include <immintrin.h>

#include <algorithm>
#include <cmath>
#include <vector>
#endif

namespace weft::sd {

#ifndef WEFT_HAS_AVX512

bool fits_fused_group_norm(const at::Tensor&, const at::Tensor&) { return false; }

at::Tensor fused_group_norm(const at::Tensor&, int64_t, const at::Tensor&, const at::Tensor&, double, AfterNorm) {
  TORCH_CHECK(false, "this processor has no AVX-512");
}

#else

namespace {

constexpr int64_t kLanes = 16;
constexpr int64_t kStripValues = 32768;  ///< of an item that are added up together, at least
constexpr int64_t kMostStrips = 256;     ///< of an item
constexpr int64_t kPixelBlock = 8;       ///< pixels that are added up in registers

/// An image in memory: items of `pixels` rows of `channels` values.
struct Shape {
  int64_t items, pixels, channels, groups;
  int64_t strip() const { return std::max({kPixelBlock, kStripValues / channels, pixels / kMostStrips}); }  // pixels
  int64_t strips() const { return (pixels + strip() - 1) / strip(); }
};

#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wmaybe-uninitialized"  // g++ 12 sees it in its own intrinsics (GCC bug 105593)
#pragma GCC push_options
#pragma GCC target("avx512f,avx512bw,avx512vl,avx512dq,avx512bf16")

inline __m512 load(const float* from) { return _mm512_loadu_ps(from); }
inline __m512 load(const at::BFloat16* from) {
  const __m256i halves = _mm256_loadu_si256(reinterpret_cast<const __m256i*>(from));
  return _mm512_castsi512_ps(_mm512_slli_epi32(_mm512_cvtepu16_epi32(halves), 16));
}
inline void store(float* to, __m512 x) { _mm512_storeu_ps(to, x); }
inline void store(at::BFloat16* to, __m512 x) {
  const __m256bh halves = _mm512_cvtneps_pbh(x);
  __builtin_memcpy(to, &halves, sizeof halves);
}

/// 2^x to 2e-7 of itself: its series to the sixth power of the rest, which is at most half a unit.
inline __m512 power_of_two(__m512 x) {
  const __m512 whole = _mm512_roundscale_ps(x, _MM_FROUND_TO_NEAREST_INT | _MM_FROUND_NO_EXC);
  const __m512 rest = _mm512_sub_ps(x, whole);
  __m512 y = _mm512_set1_ps(1.5403530e-4f);  // ln(2)^6 / 6!, and so on
  for (const float factor : {1.3333558e-3f, 9.6181291e-3f, 5.5504109e-2f, 2.4022651e-1f, 6.9314718e-1f, 1.0f})
    y = _mm512_fmadd_ps(y, rest, _mm512_set1_ps(factor));
  return _mm512_scalef_ps(y, whole);
}

inline __m512 silu(__m512 x) {
  const __m512 one = _mm512_set1_ps(1), minus_log2e = _mm512_set1_ps(-1.44269504f);
  return _mm512_div_ps(x, _mm512_add_ps(one, power_of_two(_mm512_mul_ps(x, minus_log2e))));
}

/// Adds up values and their squares of some pixels, channel by channel.
template <class T>
void add_up(const T* image, int64_t pixels, int64_t channels, float* sums, float* squares) {
  for (int64_t pixel = 0; pixel < pixels; pixel += kPixelBlock) {
    const int64_t end = std::min(pixels, pixel + kPixelBlock);
    for (int64_t channel = 0; channel < channels; channel += kLanes) {
      __m512 sum = _mm512_setzero_ps(), square = _mm512_setzero_ps();
      for (int64_t row = pixel; row < end; ++row) {
        const __m512 x = load(image + row * channels + channel);
        sum = _mm512_add_ps(sum, x);
        square = _mm512_fmadd_ps(x, x, square);
      }
      store(sums + channel, _mm512_add_ps(load(sums + channel), sum));
      store(squares + channel, _mm512_add_ps(load(squares + channel), square));
    }
  }
}

template <class T>
void apply(const T* image, int64_t pixels, int64_t channels, const float* scales, const float* shifts, AfterNorm after,
           T* result) {
  for (int64_t pixel = 0; pixel < pixels; ++pixel, image += channels, result += channels) {
    for (int64_t channel = 0; channel < channels; channel += kLanes) {
      const __m512 x = _mm512_fmadd_ps(load(image + channel), load(scales + channel), load(shifts + channel));
      store(result + channel, after == AfterNorm::kSilu ? silu(x) : x);
    }
  }
}

#pragma GCC pop_options
#pragma GCC diagnostic pop

/// What normalisation comes to for each channel of each item: x * scale + shift.
struct Affine {
  std::vector<float> scales, shifts;  ///< [item][channel]
};

/// `sums` [item][strip][of values, of squares][channel]
template <class T>
Affine affine_of(const Shape& shape, const std::vector<float>& sums, const T* weight, const T* bias, double eps) {
  const int64_t width = shape.channels / shape.groups;
  const auto count = static_cast<double>(width * shape.pixels);
  Affine affine{std::vector<float>(size_t(shape.items * shape.channels)),
                std::vector<float>(size_t(shape.items * shape.channels))};
  for (int64_t item = 0; item < shape.items; ++item) {
    for (int64_t first = 0; first < shape.channels; first += width) {
      double sum = 0, square = 0;
      for (int64_t strip = 0; strip < shape.strips(); ++strip) {
        const float* part = sums.data() + (item * shape.strips() + strip) * 2 * shape.channels;
        for (int64_t channel = first; channel < first + width; ++channel) {
          sum += double(part[channel]);
          square += double(part[shape.channels + channel]);
        }
      }
      const double mean = sum / count, variance = std::max(0.0, square / count - mean * mean);
      const double inverse = 1 / std::sqrt(variance + eps);
      for (int64_t channel = first; channel < first + width; ++channel) {
        const double scale = inverse * double(static_cast<float>(weight[channel]));
        const auto at = size_t(item * shape.channels + channel);
        affine.scales[at] = static_cast<float>(scale);
        affine.shifts[at] = static_cast<float>(double(static_cast<float>(bias[channel])) - mean * scale);
      }
    }
  }
  return affine;
}

template <class T>
void normalise(const Shape& shape, const T* image, const T* weight, const T* bias, double eps, AfterNorm after,
               T* result) {
  // Strips of all items, side by side; each strip is pixels from..from + size of its item.
  const auto for_strips = [&](const auto& work) {
    at::parallel_for(0, shape.items * shape.strips(), 1, [&](int64_t begin, int64_t end) {
      for (int64_t index = begin; index < end; ++index) {
        const int64_t item = index / shape.strips(), from = index % shape.strips() * shape.strip();
        work(index, item, (item * shape.pixels + from) * shape.channels, std::min(shape.strip(), shape.pixels - from));
      }
    });
  };
  std::vector<float> sums(size_t(shape.items * shape.strips() * 2 * shape.channels));
  for_strips([&](int64_t index, int64_t, int64_t offset, int64_t size) {
    float* mine = sums.data() + index * 2 * shape.channels;
    add_up(image + offset, size, shape.channels, mine, mine + shape.channels);
  });
  const Affine affine = affine_of(shape, sums, weight, bias, eps);
  for_strips([&](int64_t, int64_t item, int64_t offset, int64_t size) {
    const int64_t channels = item * shape.channels;
    apply(image + offset, size, shape.channels, affine.scales.data() + channels, affine.shifts.data() + channels, after,
          result + offset);
  });
}

}  // namespace

bool fits_fused_group_norm(const at::Tensor& x, const at::Tensor& weight) {
  static const bool has_avx512 = __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") &&
                                 __builtin_cpu_supports("avx512vl") && __builtin_cpu_supports("avx512dq") &&
                                 __builtin_cpu_supports("avx512bf16");
  const auto type = x.scalar_type();
  return has_avx512 && x.is_cpu() && x.dim() == 4 && (type == at::kFloat || type == at::kBFloat16) &&
         type == weight.scalar_type() && x.size(1) % kLanes == 0 && x.numel() > 0 &&
         x.is_contiguous(at::MemoryFormat::ChannelsLast) &&
         !(at::GradMode::is_enabled() && (x.requires_grad() || weight.requires_grad()));
}

at::Tensor fused_group_norm(const at::Tensor& x, int64_t groups, const at::Tensor& weight, const at::Tensor& bias,
                            double eps, AfterNorm after) {
  TORCH_CHECK(fits_fused_group_norm(x, weight), "fused_group_norm() does not take this image");
  TORCH_CHECK(x.size(1) % groups == 0, x.size(1), " channels do not make ", groups, " groups");
  const Shape shape{x.size(0), x.size(2) * x.size(3), x.size(1), groups};
  const at::Tensor result = at::empty_like(x), w = weight.contiguous(), b = bias.contiguous();
  if (x.scalar_type() == at::kFloat) {
    normalise(shape, x.const_data_ptr<float>(), w.const_data_ptr<float>(), b.const_data_ptr<float>(), eps, after,
              result.mutable_data_ptr<float>());
  } else {
    normalise(shape, x.const_data_ptr<at::BFloat16>(), w.const_data_ptr<at::BFloat16>(),
              b.const_data_ptr<at::BFloat16>(), eps, after, result.mutable_data_ptr<at::BFloat16>());
  }
  return result;
}

#endif

}  // namespace weft::sd
