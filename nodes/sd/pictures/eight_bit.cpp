#include "nodes/sd/pictures/eight_bit.h"

#include <ATen/ATen.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <vector>

namespace weft::sd {
namespace {

/// What old pixels count in a new one.
struct Share {
  std::int64_t place;
  float weight;
};
using Shares = std::vector<std::vector<Share>>;  ///< for each new pixel along an axis

at::Tensor rounded_bytes(const at::Tensor& values) { return values.round().clamp(0, 255).to(at::kByte); }

/// Sums of shares along an axis, in the shares' order, in the type of `values`.
at::Tensor gathered(const at::Tensor& values, std::int64_t axis, const Shares& shares) {
  std::vector<at::Tensor> lines;
  lines.reserve(shares.size());
  for (const std::vector<Share>& one : shares) {
    at::Tensor sum;
    for (const Share& share : one) {
      const at::Tensor part = values.select(axis, share.place) * static_cast<double>(share.weight);
      sum = sum.defined() ? sum + part : part;
    }
    lines.push_back(sum);
  }
  return at::stack(lines, axis);
}

Shares covered(std::int64_t old_length, std::int64_t length) {
  constexpr double kLeast = 1e-3;  ///< of a pixel; less does not count
  const double scale = static_cast<double>(old_length) / static_cast<double>(length);
  Shares shares;
  for (std::int64_t i = 0; i < length; ++i) {
    const double begin = static_cast<double>(i) * scale, end = begin + scale;
    const double size = std::min(scale, static_cast<double>(old_length) - begin);
    const std::int64_t last = std::min(static_cast<std::int64_t>(std::floor(end)), old_length - 1);
    const std::int64_t first = std::min(static_cast<std::int64_t>(std::ceil(begin)), last);
    std::vector<Share> one;
    if (const double part = static_cast<double>(first) - begin; part > kLeast)
      one.push_back({first - 1, static_cast<float>(part / size)});
    for (std::int64_t place = first; place < last; ++place) one.push_back({place, static_cast<float>(1 / size)});
    if (const double part = end - static_cast<double>(last); part > kLeast)
      one.push_back({last, static_cast<float>(std::min(std::min(part, 1.0), size) / size)});
    shares.push_back(std::move(one));
  }
  return shares;
}

/// Where a picture grows: between two old pixels, in 2048ths, so that each old one keeps a flat middle.
struct Between {
  std::int64_t low, high, of_low, of_high;
};

std::vector<Between> between(std::int64_t old_length, std::int64_t length) {
  constexpr float kOne = 2048;
  const double scale = static_cast<double>(old_length) / static_cast<double>(length);
  const double inverse = static_cast<double>(length) / static_cast<double>(old_length);
  std::vector<Between> places;
  for (std::int64_t i = 0; i < length; ++i) {
    auto low = static_cast<std::int64_t>(std::floor(static_cast<double>(i) * scale));
    auto share = static_cast<float>(static_cast<double>(i + 1) - static_cast<double>(low + 1) * inverse);
    share = share <= 0 ? 0 : share - std::floor(share);
    if (low >= old_length - 1) {
      low = old_length - 1;
      share = 0;
    }
    places.push_back(
        {low, std::min(low + 1, old_length - 1), std::lrint((1 - share) * kOne), std::lrint(share * kOne)});
  }
  return places;
}

at::Tensor grown_by_area(const at::Tensor& bytes, std::int64_t width, std::int64_t height) {
  const at::Tensor values = bytes.to(at::kLong);
  std::vector<at::Tensor> columns, rows;
  for (const Between& at : between(bytes.size(1), width))
    columns.push_back(values.select(1, at.low) * at.of_low + values.select(1, at.high) * at.of_high);
  const at::Tensor wide = at::stack(columns, 1).bitwise_right_shift(4);
  const auto part = [&](std::int64_t row, std::int64_t share) {
    return (wide.select(0, row) * share).bitwise_right_shift(16);
  };
  for (const Between& at : between(bytes.size(0), height))
    rows.push_back((part(at.low, at.of_low) + part(at.high, at.of_high) + 2).bitwise_right_shift(2));
  return at::stack(rows, 0).clamp(0, 255).to(at::kByte);
}

/// The four old pixels around each new one; beyond the edges the edge goes on.
Shares cubic_shares(std::int64_t old_length, std::int64_t length) {
  constexpr float kA = -0.75F;
  const double scale = static_cast<double>(old_length) / static_cast<double>(length);
  Shares shares;
  for (std::int64_t i = 0; i < length; ++i) {
    const auto place = static_cast<float>((static_cast<double>(i) + 0.5) * scale - 0.5);
    const auto first = static_cast<std::int64_t>(std::floor(place));
    const float x = place - static_cast<float>(first), y = 1 - x;
    std::array<float, 4> weights{((kA * (x + 1) - 5 * kA) * (x + 1) + 8 * kA) * (x + 1) - 4 * kA,
        ((kA + 2) * x - (kA + 3)) * x * x + 1, ((kA + 2) * y - (kA + 3)) * y * y + 1, 0};
    weights[3] = 1 - weights[0] - weights[1] - weights[2];
    std::vector<Share> one;
    for (std::int64_t k = 0; k < 4; ++k)
      one.push_back({std::clamp<std::int64_t>(first - 1 + k, 0, old_length - 1), weights[static_cast<std::size_t>(k)]});
    shares.push_back(std::move(one));
  }
  return shares;
}

/// One axis of pyrUp: mirrored without the edge pixel at the beginning, the edge again at the end.
at::Tensor doubled(const at::Tensor& values, std::int64_t axis) {
  const std::int64_t length = values.size(axis);
  const at::Tensor places = at::arange(length, at::kLong);
  const at::Tensor before = values.index_select(axis, (places - 1).abs().clamp_max(length - 1));
  const at::Tensor after = values.index_select(axis, (places + 1).clamp_max(length - 1));
  std::vector<std::int64_t> size = values.sizes().vec();
  size[static_cast<std::size_t>(axis)] *= 2;
  return at::stack({before + 6 * values + after, 4 * (values + after)}, axis + 1).reshape(size);
}

/// Mirrored at the edges, which are not repeated; as often as it takes.
at::Tensor mirrored_places(std::int64_t begin, std::int64_t end, std::int64_t length) {
  const std::int64_t period = std::max<std::int64_t>(2 * (length - 1), 1);
  const at::Tensor places = at::arange(begin, end, at::kLong).remainder(period);
  return at::minimum(places, period - places).clamp_max(length - 1);
}

at::Tensor blurred_along(const at::Tensor& values, std::int64_t axis, const at::Tensor& weights) {
  const std::int64_t reach = weights.numel() / 2, length = values.size(axis);
  const at::Tensor wide = values.index_select(axis, mirrored_places(-reach, length + reach, length));
  at::Tensor sum = at::zeros_like(values);
  for (std::int64_t k = 0; k < weights.numel(); ++k) sum += wide.narrow(axis, k, length) * weights[k];
  return sum;
}

}  // namespace

at::Tensor to_eight_bit(const at::Tensor& values) {
  return (values.nan_to_num().clamp(0, 1) * 255).to(at::kByte).contiguous();
}

at::Tensor area_resized(const at::Tensor& bytes, std::int64_t width, std::int64_t height) {
  const std::int64_t old_height = bytes.size(0), old_width = bytes.size(1);
  if (old_width == width && old_height == height) return bytes;
  if (width > old_width || height > old_height) return grown_by_area(bytes, width, height);
  if (old_width % width == 0 && old_height % height == 0) {
    const std::int64_t across = old_width / width, down = old_height / height;
    const at::Tensor sum = bytes.to(at::kLong)
                               .reshape({height, down, width, across, -1})
                               .sum(at::IntArrayRef{1, 3})
                               .view(bytes.dim() == 2 ? std::vector<std::int64_t>{height, width}
                                                      : std::vector<std::int64_t>{height, width, bytes.size(2)});
    if (across == 2 && down == 2) return (sum + 2).bitwise_right_shift(2).to(at::kByte);
    return rounded_bytes(sum.to(at::kFloat) * (1.0F / static_cast<float>(across * down)));
  }
  const at::Tensor wide = gathered(bytes.to(at::kFloat), 1, covered(old_width, width));
  return rounded_bytes(gathered(wide, 0, covered(old_height, height)));
}

at::Tensor cubic_interpolated(const at::Tensor& values, std::int64_t width, std::int64_t height) {
  const at::Tensor wide = gathered(values, 1, cubic_shares(values.size(1), width));
  return gathered(wide, 0, cubic_shares(values.size(0), height));
}

at::Tensor cubic_resized(const at::Tensor& bytes, std::int64_t width, std::int64_t height) {
  if (bytes.size(1) == width && bytes.size(0) == height) return bytes;
  return rounded_bytes(cubic_interpolated(bytes.to(at::kDouble), width, height));
}

at::Tensor pyramid_up(const at::Tensor& bytes) {
  return (doubled(doubled(bytes.to(at::kLong), 1), 0) + 32).bitwise_right_shift(6).to(at::kByte);
}

at::Tensor gaussian_blurred(const at::Tensor& values, double sigma) {
  const std::int64_t reach = (std::lrint(sigma * 8 + 1) | 1) / 2;
  at::Tensor weights = at::exp(at::arange(-reach, reach + 1, at::kDouble).square() / (-2 * sigma * sigma));
  weights = (weights / weights.sum()).to(at::kFloat);
  return blurred_along(blurred_along(values, 1, weights), 0, weights);
}

at::Tensor grey_bytes(const at::Tensor& rgb) {
  const at::Tensor values = rgb.to(at::kLong);
  const at::Tensor sum = values.select(2, 0) * 9798 + values.select(2, 1) * 19235 + values.select(2, 2) * 3735;
  return (sum + (1 << 14)).bitwise_right_shift(15).to(at::kByte);
}

at::Tensor sampled_at(const at::Tensor& bytes, const at::Tensor& x, const at::Tensor& y) {
  const std::int64_t height = bytes.size(0), width = bytes.size(1);
  const at::Tensor left = x.floor().to(at::kLong), top = y.floor().to(at::kLong);
  const at::Tensor across = (x.to(at::kDouble) - left).unsqueeze(2), down = (y.to(at::kDouble) - top).unsqueeze(2);
  const auto pixels = [&](std::int64_t dy, std::int64_t dx) {
    const at::Tensor places = (top + dy).clamp(0, height - 1) * width + (left + dx).clamp(0, width - 1);
    return bytes.reshape({height * width, -1})
        .index_select(0, places.flatten())
        .view({x.size(0), x.size(1), -1})
        .to(at::kDouble);
  };
  return rounded_bytes((pixels(0, 0) * (1 - across) + pixels(0, 1) * across) * (1 - down) +
      (pixels(1, 0) * (1 - across) + pixels(1, 1) * across) * down);
}

}  // namespace weft::sd
