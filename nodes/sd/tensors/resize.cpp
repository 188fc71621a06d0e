#include "nodes/sd/tensors/resize.h"

#include <ATen/ATen.h>
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <numbers>
#include <stdexcept>
#include <string>
#include <vector>

namespace weft::sd {
namespace {

constexpr auto kMethods = std::to_array<ResizeInfo>({
    {"nearest-exact", Resize::NearestExact},
    {"bilinear", Resize::Bilinear},
    {"area", Resize::Area},
    {"bicubic", Resize::Bicubic},
    {"bislerp", Resize::Bislerp},
    {"lanczos", Resize::Lanczos},
});

at::Tensor crop_to_aspect(const at::Tensor& samples, std::int64_t width, std::int64_t height) {
  const std::int64_t old_width = samples.size(-1), old_height = samples.size(-2);
  const double old_aspect = static_cast<double>(old_width) / old_height;
  const double new_aspect = static_cast<double>(width) / height;
  std::int64_t x = 0, y = 0;
  if (old_aspect > new_aspect) {
    x = std::lrint((old_width - old_width * (new_aspect / old_aspect)) / 2);
  } else if (old_aspect < new_aspect) {
    y = std::lrint((old_height - old_height * (old_aspect / new_aspect)) / 2);
  }
  return samples.narrow(-2, y, old_height - 2 * y).narrow(-1, x, old_width - 2 * x);
}

/// Where the new places on an axis lie among the old ones: between `low` and `high` [length], at `share`.
struct Places {
  at::Tensor low, high, share;
};

Places places(std::int64_t old_length, std::int64_t length) {
  const auto spread = [&](const at::Tensor& indexes) {
    return at::upsample_linear1d(indexes.view({1, 1, -1}), {length}, /*align_corners=*/false).view(-1);
  };
  const at::Tensor indexes = at::arange(old_length, at::kFloat);
  const at::Tensor low = spread(indexes);
  const at::Tensor high = spread((indexes + 1).clamp_max(static_cast<double>(old_length - 1)));
  return {low.to(at::kLong), high.to(at::kLong), low - low.floor()};
}

/// Spherical interpolation of channel vectors along one axis (2 or 3) of [B, C, H, W].
at::Tensor slerp_axis(const at::Tensor& samples, std::int64_t axis, std::int64_t length) {
  const Places at = places(samples.size(axis), length);
  const at::Tensor a = samples.index_select(axis, at.low.to(samples.device()));
  const at::Tensor b = samples.index_select(axis, at.high.to(samples.device()));
  std::vector<std::int64_t> along{1, 1, 1, 1};
  along[axis] = length;
  const at::Tensor share = at.share.to(samples.device()).view(along);

  const at::Tensor norm_a = a.norm(2, {1}, true), norm_b = b.norm(2, {1}, true);
  const at::Tensor unit_a = (a / norm_a).masked_fill(norm_a == 0, 0);
  const at::Tensor unit_b = (b / norm_b).masked_fill(norm_b == 0, 0);
  const at::Tensor cosine = (unit_a * unit_b).sum(1, true);
  const at::Tensor angle = cosine.acos(), sine = angle.sin();
  const at::Tensor direction = ((1 - share) * angle).sin() / sine * unit_a + (share * angle).sin() / sine * unit_b;
  at::Tensor result = direction * (norm_a * (1 - share) + norm_b * share);
  result = at::where(cosine > 1 - 1e-5, a, result);                          // same direction
  return at::where(cosine < 1e-5 - 1, a * (1 - share) + b * share, result);  // opposite: no arc to follow
}

double lanczos3(double x) {
  if (x == 0) return 1;
  if (x < -3 || x >= 3) return 0;
  const double a = x * std::numbers::pi, b = a / 3;
  return std::sin(a) / a * (std::sin(b) / b);
}

/// The weights of old pixels in one new pixel, in fixed point with 22 bits.
struct PixelWeights {
  std::int64_t first;
  std::vector<std::int32_t> weights;
};

std::vector<PixelWeights> lanczos_weights(std::int64_t old_length, std::int64_t length) {
  const double scale = static_cast<double>(old_length) / length, stretch = std::max(scale, 1.0);
  const double support = 3 * stretch;
  std::vector<PixelWeights> result;
  for (std::int64_t i = 0; i < length; ++i) {
    const double center = (i + 0.5) * scale;
    const auto first = std::max<std::int64_t>(static_cast<std::int64_t>(center - support + 0.5), 0);
    const auto end = std::min<std::int64_t>(static_cast<std::int64_t>(center + support + 0.5), old_length);
    std::vector<double> exact;
    double sum = 0;
    for (std::int64_t j = first; j < end; ++j) sum += exact.emplace_back(lanczos3((j - center + 0.5) / stretch));
    PixelWeights pixel{first, {}};
    for (double weight : exact) {
      pixel.weights.push_back(static_cast<std::int32_t>(std::round(weight / sum * (1 << 22))));
    }
    result.push_back(std::move(pixel));
  }
  return result;
}

/// Along the last axis of a contiguous uint8 tensor [rows, length].
at::Tensor lanczos_rows(const at::Tensor& rows, std::int64_t length) {
  const std::vector<PixelWeights> weights = lanczos_weights(rows.size(1), length);
  at::Tensor result = at::empty({rows.size(0), length}, at::kByte);
  const std::uint8_t* in = rows.const_data_ptr<std::uint8_t>();
  std::uint8_t* out = result.data_ptr<std::uint8_t>();
  for (std::int64_t row = 0; row < rows.size(0); ++row, in += rows.size(1)) {
    for (const PixelWeights& pixel : weights) {
      std::int32_t sum = 1 << 21;  // a half: rounds
      for (std::size_t k = 0; k < pixel.weights.size(); ++k) sum += in[pixel.first + k] * pixel.weights[k];
      *out++ = static_cast<std::uint8_t>(std::clamp(sum >> 22, 0, 255));
    }
  }
  return result;
}

at::Tensor lanczos(const at::Tensor& images, std::int64_t width, std::int64_t height) {
  const std::int64_t planes = images.size(0) * images.size(1), old_height = images.size(2), old_width = images.size(3);
  at::Tensor bytes = (images.to(at::kCPU) * 255).clamp(0, 255).to(at::kByte).contiguous();
  if (width != old_width) bytes = lanczos_rows(bytes.view({planes * old_height, old_width}), width);
  bytes = bytes.view({planes, old_height, width});
  if (height != old_height) {
    const at::Tensor columns = bytes.transpose(1, 2).contiguous().view({planes * width, old_height});
    bytes = lanczos_rows(columns, height).view({planes, width, height}).transpose(1, 2);
  }
  return (bytes.to(at::kFloat) / 255).reshape({images.size(0), images.size(1), height, width}).to(images.options());
}

}  // namespace

std::span<const ResizeInfo> resize_methods() { return kMethods; }

Resize resize_method(std::string_view name) {
  const auto found = std::ranges::find(kMethods, name, &ResizeInfo::name);
  if (found != kMethods.end()) return found->method;
  std::string names;
  for (const ResizeInfo& info : kMethods) names += (names.empty() ? "" : ", ") + std::string(info.name);
  throw std::invalid_argument(fmt::format("there is no resize method \"{}\": choose one of {}", name, names));
}

at::Tensor resize(const at::Tensor& samples, std::int64_t width, std::int64_t height, Resize method, Crop crop) {
  if (width < 1 || height < 1) {
    throw std::invalid_argument(fmt::format("cannot resize to {}x{}: both must be at least 1", width, height));
  }
  const at::Tensor source = crop == Crop::Center ? crop_to_aspect(samples, width, height) : samples;
  const std::array<std::int64_t, 2> size{height, width};
  switch (method) {
    case Resize::NearestExact:
      return at::_upsample_nearest_exact2d(source, size);
    case Resize::Bilinear:
      return at::upsample_bilinear2d(source, size, /*align_corners=*/false);
    case Resize::Area:
      return at::adaptive_avg_pool2d(source, size);
    case Resize::Bicubic:
      return at::upsample_bicubic2d(source, size, /*align_corners=*/false);
    case Resize::Bislerp:
      return slerp_axis(slerp_axis(source.to(at::kFloat), 3, width), 2, height).to(source.scalar_type());
    case Resize::Lanczos:
      return lanczos(source, width, height);
  }
  throw std::logic_error("a resize method is missing here");
}

TargetSize keep_shape(
    std::int64_t old_width, std::int64_t old_height, std::int64_t width, std::int64_t height, std::int64_t least) {
  const auto other = [&](std::int64_t side, std::int64_t old_side, std::int64_t old_other) {
    return std::llrint(static_cast<double>(old_other * side) / static_cast<double>(old_side));
  };
  if (width != 0) width = std::max(width, least);
  if (height != 0) height = std::max(height, least);
  if (width == 0) return {std::max<std::int64_t>(other(height, old_height, old_width), least), height};
  if (height == 0) return {width, std::max<std::int64_t>(other(width, old_width, old_height), least)};
  return {width, height};
}

TargetSize keep_side(std::int64_t old_width, std::int64_t old_height, std::int64_t length, Side side) {
  if (old_width == old_height) return {length, length};
  const auto other = [&](std::int64_t small, std::int64_t large) {
    const double share = static_cast<double>(small) / static_cast<double>(large);
    return std::max<std::int64_t>(1, std::llrint(share * static_cast<double>(length)));  // a half to even
  };
  const bool width_is_given = (old_width > old_height) == (side == Side::Longer);
  if (width_is_given) return {length, other(old_height, old_width)};
  return {other(old_width, old_height), length};
}

at::Tensor repeat_to_batch(const at::Tensor& samples, std::int64_t count) {
  const std::int64_t size = samples.size(0);
  if (size == count) return samples;
  std::vector<std::int64_t> repeats(samples.dim(), 1);
  repeats[0] = (count + size - 1) / size;
  return samples.repeat(repeats).narrow(0, 0, count);
}

}  // namespace weft::sd
