#include "nodes/sd/tensors/group_norm.h"

#include <ATen/Parallel.h>
#include <ATen/core/grad_mode.h>
#include <ATen/ops/empty_like.h>

#include <algorithm>
#include <cmath>
#include <vector>

#include "nodes/sd/tensors/lanes.h"

namespace weft::sd {
namespace {

constexpr std::int64_t kStripValues = 32768;  ///< of an item that are added up together, at least
constexpr std::int64_t kMostStrips = 256;     ///< of an item
constexpr std::int64_t kPixelBlock = 8;       ///< pixels that are added up in registers

/// An image in memory: items of `pixels` rows of `channels` values.
struct Shape {
  std::int64_t items, pixels, channels, groups;
  std::int64_t strip() const {
    return std::max({kPixelBlock, kStripValues / channels, pixels / kMostStrips});
  }  // pixels
  std::int64_t strips() const { return (pixels + strip() - 1) / strip(); }
};

}  // namespace

namespace portable {
namespace {
#include "nodes/sd/tensors/group_norm.inc"
}  // namespace
}  // namespace portable

#ifdef WEFT_HAS_AVX512
WEFT_BEGIN_AVX512
namespace native {
namespace {
#include "nodes/sd/tensors/group_norm.inc"
}  // namespace
}  // namespace native
WEFT_END_AVX512
#endif

namespace {

/// The two passes over an image, of one set of instructions.
template <class T>
struct Passes {
  decltype(&portable::add_up<T>) add_up;
  decltype(&portable::apply<T>) apply;
};

/// What normalisation comes to for each channel of each item: x * scale + shift.
struct Affine {
  std::vector<float> scales, shifts;  ///< [item][channel]
};

/// `sums` [item][strip][of values, of squares][channel]
template <class T>
Affine affine_of(const Shape& shape, const std::vector<float>& sums, const T* weight, const T* bias, double eps) {
  const std::int64_t width = shape.channels / shape.groups;
  const auto count = static_cast<double>(width * shape.pixels);
  Affine affine{std::vector<float>(std::size_t(shape.items * shape.channels)),
      std::vector<float>(std::size_t(shape.items * shape.channels))};
  for (std::int64_t item = 0; item < shape.items; ++item) {
    for (std::int64_t first = 0; first < shape.channels; first += width) {
      double sum = 0, square = 0;
      for (std::int64_t strip = 0; strip < shape.strips(); ++strip) {
        const float* part = sums.data() + (item * shape.strips() + strip) * 2 * shape.channels;
        for (std::int64_t channel = first; channel < first + width; ++channel) {
          sum += double(part[channel]);
          square += double(part[shape.channels + channel]);
        }
      }
      const double mean = sum / count, variance = std::max(0.0, square / count - mean * mean);
      const double inverse = 1 / std::sqrt(variance + eps);
      for (std::int64_t channel = first; channel < first + width; ++channel) {
        const double scale = inverse * double(static_cast<float>(weight[channel]));
        const auto at = std::size_t(item * shape.channels + channel);
        affine.scales[at] = static_cast<float>(scale);
        affine.shifts[at] = static_cast<float>(double(static_cast<float>(bias[channel])) - mean * scale);
      }
    }
  }
  return affine;
}

template <class T>
void normalise(const Passes<T>& passes, const Shape& shape, const T* image, const T* weight, const T* bias, double eps,
    AfterNorm after, T* result) {
  // Strips of all items, side by side; each strip is pixels from..from + size of its item.
  const auto for_strips = [&](const auto& work) {
    at::parallel_for(0, shape.items * shape.strips(), 1, [&](std::int64_t begin, std::int64_t end) {
      for (std::int64_t index = begin; index < end; ++index) {
        const std::int64_t item = index / shape.strips(), from = index % shape.strips() * shape.strip();
        work(index, item, (item * shape.pixels + from) * shape.channels, std::min(shape.strip(), shape.pixels - from));
      }
    });
  };
  std::vector<float> sums(std::size_t(shape.items * shape.strips() * 2 * shape.channels));
  for_strips([&](std::int64_t index, std::int64_t, std::int64_t offset, std::int64_t size) {
    float* mine = sums.data() + index * 2 * shape.channels;
    passes.add_up(image + offset, size, shape.channels, mine, mine + shape.channels);
  });
  const Affine affine = affine_of(shape, sums, weight, bias, eps);
  for_strips([&](std::int64_t, std::int64_t item, std::int64_t offset, std::int64_t size) {
    const std::int64_t channels = item * shape.channels;
    passes.apply(image + offset, size, shape.channels, affine.scales.data() + channels, affine.shifts.data() + channels,
        after, result + offset);
  });
}

template <class T>
void normalise_tensor(bool native, const Shape& shape, const at::Tensor& x, const at::Tensor& weight,
    const at::Tensor& bias, double eps, AfterNorm after, const at::Tensor& result) {
  const Passes<T> passes =
      native ? Passes<T>{native::add_up<T>, native::apply<T>} : Passes<T>{portable::add_up<T>, portable::apply<T>};
  normalise(passes, shape, x.const_data_ptr<T>(), weight.const_data_ptr<T>(), bias.const_data_ptr<T>(), eps, after,
      result.mutable_data_ptr<T>());
}

at::Tensor normalised(bool native, const at::Tensor& x, std::int64_t groups, const at::Tensor& weight,
    const at::Tensor& bias, double eps, AfterNorm after) {
  TORCH_CHECK(x.size(1) % groups == 0, x.size(1), " channels do not make ", groups, " groups");
  const Shape shape{x.size(0), x.size(2) * x.size(3), x.size(1), groups};
  const at::Tensor result = at::empty_like(x), w = weight.contiguous(), b = bias.contiguous();
  const auto run = x.scalar_type() == at::kFloat ? normalise_tensor<float> : normalise_tensor<at::BFloat16>;
  run(native, shape, x, w, b, eps, after, result);
  return result;
}

}  // namespace

bool fits_fused_group_norm(const at::Tensor& x, const at::Tensor& weight) {
  return has_avx512() && fits_portable_group_norm(x, weight);
}

bool fits_portable_group_norm(const at::Tensor& x, const at::Tensor& weight) {
  const auto type = x.scalar_type();
  return x.is_cpu() && x.dim() == 4 && (type == at::kFloat || type == at::kBFloat16) && type == weight.scalar_type() &&
      x.size(1) % kLanes == 0 && x.numel() > 0 && x.is_contiguous(at::MemoryFormat::ChannelsLast) &&
      !(at::GradMode::is_enabled() && (x.requires_grad() || weight.requires_grad()));
}

at::Tensor fused_group_norm(const at::Tensor& x, std::int64_t groups, const at::Tensor& weight, const at::Tensor& bias,
    double eps, AfterNorm after) {
  TORCH_CHECK(fits_fused_group_norm(x, weight), "fused_group_norm() does not take this image");
  return normalised(true, x, groups, weight, bias, eps, after);
}

at::Tensor portable_group_norm(const at::Tensor& x, std::int64_t groups, const at::Tensor& weight,
    const at::Tensor& bias, double eps, AfterNorm after) {
  TORCH_CHECK(fits_portable_group_norm(x, weight), "portable_group_norm() does not take this image");
  return normalised(false, x, groups, weight, bias, eps, after);
}

}  // namespace weft::sd
