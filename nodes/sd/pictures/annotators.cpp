#include "nodes/sd/pictures/annotators.h"

#include <ATen/ATen.h>

#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <tuple>
#include <utility>
#include <vector>

#include "nodes/sd/pictures/edges.h"
#include "nodes/sd/pictures/eight_bit.h"
#include "nodes/sd/pictures/numpy_draws.h"

namespace weft::sd {
namespace {

constexpr std::int64_t kBlock = 64;

at::Tensor as_rgb(const at::Tensor& plane) { return plane.unsqueeze(2).expand({-1, -1, 3}).contiguous(); }

/// White where true.
at::Tensor black_and_white(const at::Tensor& white) { return as_rgb(white.to(at::kByte) * 255); }

/// As numpy's round(): a half to even.
std::int64_t rounded(double value) { return std::lrint(value); }

/// The edge goes on to the right and below, to multiples of 64.
at::Tensor with_whole_blocks(const at::Tensor& rgb) {
  const auto places = [](std::int64_t length) {
    const std::int64_t whole = (length + kBlock - 1) / kBlock * kBlock;
    return at::arange(whole, at::kLong).clamp_max(length - 1);
  };
  return rgb.index_select(0, places(rgb.size(0))).index_select(1, places(rgb.size(1)));
}

/// Sobel's gradient of each channel; of the channel where |x| + |y| is largest.
struct Gradient {
  at::Tensor x, y, size;  ///< int64 [H, W]
};

Gradient strongest_gradient(const at::Tensor& rgb) {
  const std::int64_t height = rgb.size(0), width = rgb.size(1);
  const at::Tensor planes = rgb.permute({2, 0, 1}).to(at::kLong);
  const at::Tensor rows = at::arange(-1, height + 1, at::kLong).clamp(0, height - 1);
  const at::Tensor columns = at::arange(-1, width + 1, at::kLong).clamp(0, width - 1);
  const at::Tensor wide = planes.index_select(1, rows).index_select(2, columns);
  const auto moved = [&](std::int64_t dy, std::int64_t dx) {
    return wide.narrow(1, 1 + dy, height).narrow(2, 1 + dx, width);
  };
  const at::Tensor x = moved(-1, 1) - moved(-1, -1) + 2 * (moved(0, 1) - moved(0, -1)) + moved(1, 1) - moved(1, -1);
  const at::Tensor y = moved(1, -1) - moved(-1, -1) + 2 * (moved(1, 0) - moved(-1, 0)) + moved(1, 1) - moved(-1, 1);
  const at::Tensor size = x.abs() + y.abs();  // [C, H, W]
  const at::Tensor strongest = size.argmax(0, /*keepdim=*/true);
  const auto of_it = [&](const at::Tensor& t) { return t.gather(0, strongest).squeeze(0).contiguous(); };
  return {of_it(x), of_it(y), of_it(size)};
}

/// Whether a pixel's gradient is a ridge, with OpenCV's integer bounds between the four directions.
bool is_ridge(
    const Gradient& gradient, const at::TensorAccessor<std::int64_t, 2>& size, std::int64_t row, std::int64_t column) {
  constexpr std::int64_t kTangent = 13573;  // of 22.5 degrees, times 2^15
  const auto size_at = [&](std::int64_t dy, std::int64_t dx) -> std::int64_t {
    const std::int64_t y = row + dy, x = column + dx;
    return y < 0 || x < 0 || y >= size.size(0) || x >= size.size(1) ? 0 : size[y][x];
  };
  const std::int64_t there = size[row][column];
  const std::int64_t along_x = gradient.x.accessor<std::int64_t, 2>()[row][column];
  const std::int64_t along_y = gradient.y.accessor<std::int64_t, 2>()[row][column];
  const std::int64_t x = std::abs(along_x), y = std::abs(along_y) << 15;
  if (y < x * kTangent) return there > size_at(0, -1) && there >= size_at(0, 1);
  if (y > x * kTangent + (x << 16)) return there > size_at(-1, 0) && there >= size_at(1, 0);
  const std::int64_t slant = (along_x < 0) != (along_y < 0) ? -1 : 1;
  return there > size_at(-1, -slant) && there > size_at(1, slant);
}

/// Smooth noise from 0 to 1: few numbers between which cubic curves run.
at::Tensor smooth_noise(NumpyDraws& draws, std::int64_t height, std::int64_t width) {
  constexpr std::int64_t kSpacing = 256;
  const at::Tensor few = draws.uniform(height / kSpacing + 2, width / kSpacing + 2);
  const at::Tensor many = cubic_interpolated(few, width + 2 * kSpacing, height + 2 * kSpacing);
  const at::Tensor noise = many.narrow(0, kSpacing, height).narrow(1, kSpacing, width);
  const at::Tensor above = noise - noise.min();
  return above / above.max();
}

/// value / 255 to the power of gamma, as bytes; table [256].
at::Tensor powers(double gamma) {
  at::Tensor table = at::empty({256}, at::kByte);
  for (int i = 0; i < 256; ++i)
    table[i] = static_cast<std::uint8_t>(
        std::clamp(std::pow(static_cast<float>(i) / 255.0F, static_cast<float>(gamma)) * 255.0F, 0.0F, 255.0F));
  return table;
}

at::Tensor looked_up(const at::Tensor& table, const at::Tensor& bytes) {
  return table.index_select(0, bytes.to(at::kLong).flatten()).view(bytes.sizes());
}

/// CIE's lightness as OpenCV computes it for bytes: in 15 bits after the decimal point, through two tables.
at::Tensor lightness(const at::Tensor& bgr) {
  constexpr std::int64_t kLinearScale = 255 * 8;
  std::vector<std::int64_t> linear(256), roots(kLinearScale * 3 / 2 + 12);
  for (std::size_t i = 0; i < linear.size(); ++i) {
    const double value = static_cast<double>(i) / 255;
    linear[i] = std::lrint(kLinearScale * (value <= 0.04045 ? value / 12.92 : std::pow((value + 0.055) / 1.055, 2.4)));
  }
  for (std::size_t i = 0; i < roots.size(); ++i) {
    const double value = static_cast<double>(i) / kLinearScale;
    roots[i] = std::lrint((1 << 15) * (value < 216.0 / 24389 ? value * 841 / 108 + 16.0 / 116 : std::cbrt(value)));
  }
  const at::Tensor light = looked_up(at::tensor(linear), bgr);
  const at::Tensor sum = light.select(2, 0) * 296 + light.select(2, 1) * 2929 + light.select(2, 2) * 871;
  const at::Tensor root = looked_up(at::tensor(roots), (sum + (1 << 11)).bitwise_right_shift(12));
  constexpr std::int64_t kScale = (116 * 255 + 50) / 100, kShift = -((16 * 255 * (1 << 15) + 50) / 100);
  return (root * kScale + kShift + (1 << 14)).bitwise_right_shift(15).clamp(0, 255).to(at::kByte);
}

/// The level that parts a histogram into the two groups that differ most (Otsu 1979); the first of equal ones.
std::int64_t otsu_threshold(const at::Tensor& grey) {
  const at::Tensor counts = at::bincount(grey.flatten().to(at::kLong), {}, 256).to(at::kDouble).contiguous();
  const double* const count = counts.const_data_ptr<double>();
  const double share = 1 / static_cast<double>(grey.numel());
  double all = 0, below = 0, mean_below = 0, best = 0;
  for (int level = 0; level < 256; ++level) all += level * count[level] * share;
  std::int64_t found = 0;
  for (int level = 0; level < 256; ++level) {
    const double part = count[level] * share;
    mean_below *= below;
    below += part;
    const double above = 1 - below;
    if (std::min(below, above) < 1.192092896e-07 || std::max(below, above) > 1 - 1.192092896e-07) continue;
    mean_below = (mean_below + level * part) / below;
    const double mean_above = (all - below * mean_below) / above;
    const double distance = below * above * (mean_below - mean_above) * (mean_below - mean_above);
    if (distance > best) {
      best = distance;
      found = level;
    }
  }
  return found;
}

}  // namespace

at::Tensor annotated(const at::Tensor& rgb, std::int64_t side, Enlarge enlarge,
    const std::function<at::Tensor(const at::Tensor&)>& draw) {
  const std::int64_t shorter = std::min(rgb.size(0), rgb.size(1));
  const double factor = side == 0 ? 1 : static_cast<double>(side) / static_cast<double>(shorter);
  const std::int64_t height = rounded(static_cast<double>(rgb.size(0)) * factor);
  const std::int64_t width = rounded(static_cast<double>(rgb.size(1)) * factor);
  const bool by_cubic = factor > 1 && enlarge == Enlarge::Cubic;
  const at::Tensor scaled = by_cubic ? cubic_resized(rgb, width, height) : area_resized(rgb, width, height);
  return draw(with_whole_blocks(scaled)).slice(0, 0, height).slice(1, 0, width).contiguous();
}

at::Tensor canny_hint(const at::Tensor& rgb, std::int64_t low, std::int64_t high) {
  if (low > high) std::swap(low, high);
  const Gradient gradient = strongest_gradient(rgb);
  const auto size = gradient.size.accessor<std::int64_t, 2>();
  at::Tensor ridge = at::zeros(gradient.size.sizes(), at::kBool);
  auto ridges = ridge.accessor<bool, 2>();
  for (std::int64_t row = 0; row < ridge.size(0); ++row)
    for (std::int64_t column = 0; column < ridge.size(1); ++column)
      ridges[row][column] = size[row][column] > low && is_ridge(gradient, size, row, column);
  return black_and_white(connected_to(ridge, ridge & (gradient.size > high)));
}

at::Tensor scribble_hint(const at::Tensor& rgb) { return black_and_white(rgb.amin(2) >= 127); }

at::Tensor difference_of_gaussians_hint(const at::Tensor& rgb, std::int64_t threshold) {
  const at::Tensor values = rgb.to(at::kFloat);
  const at::Tensor darkest = (gaussian_blurred(values, 5) - gaussian_blurred(values, 0.5)).amin(2);
  const at::Tensor difference = 255 - (255 - darkest).clamp(0, 255).to(at::kByte).to(at::kLong);
  return black_and_white((2 * difference).bitwise_and(255) > threshold);
}

at::Tensor line_art_hint(const at::Tensor& rgb, double sigma, double threshold) {
  const at::Tensor values = rgb.to(at::kFloat);
  const at::Tensor darker = (gaussian_blurred(values, sigma) - values).amin(2).clamp(0, 255);
  const at::Tensor lines = std::get<0>(darker.masked_select(darker > threshold).sort());
  double middle = 16;
  if (const std::int64_t count = lines.numel(); count > 0) {
    const at::Tensor two = lines.narrow(0, (count - 1) / 2, count % 2 == 0 ? 2 : 1);
    middle = std::max(middle, two.mean().item<double>());
  }
  return as_rgb((darker / middle * 127).clamp(0, 255).to(at::kByte));
}

at::Tensor tile_hint(const at::Tensor& rgb, std::int64_t halvings) {
  const auto small = [&](std::int64_t length) {
    return rounded(static_cast<double>(length) / kBlock) * kBlock / (std::int64_t{1} << halvings);
  };
  at::Tensor tile = area_resized(rgb, small(rgb.size(1)), small(rgb.size(0)));
  for (std::int64_t i = 0; i < halvings; ++i) tile = pyramid_up(tile);
  return tile;
}

at::Tensor shuffled_hint(const at::Tensor& rgb, std::uint64_t seed) {
  const std::int64_t height = rgb.size(0), width = rgb.size(1);
  NumpyDraws draws(seed);
  const at::Tensor x = smooth_noise(draws, height, width) * static_cast<double>(width - 1);
  const at::Tensor y = smooth_noise(draws, height, width) * static_cast<double>(height - 1);
  return sampled_at(rgb, x.to(at::kFloat), y.to(at::kFloat));
}

at::Tensor lightness_hint(const at::Tensor& rgb, double gamma) {
  return as_rgb(looked_up(powers(gamma), lightness(rgb)));
}

at::Tensor intensity_hint(const at::Tensor& rgb, double gamma) { return as_rgb(looked_up(powers(gamma), rgb.amax(2))); }

at::Tensor colour_grid_hint(const at::Tensor& rgb, std::int64_t side) {
  const bool wide = rgb.size(0) < rgb.size(1);
  const auto longer = [&](std::int64_t one, std::int64_t other) {
    return rounded(static_cast<double>(one) / static_cast<double>(other) * static_cast<double>(side));
  };
  const std::int64_t width = wide ? longer(rgb.size(1), rgb.size(0)) : side;
  const std::int64_t height = wide ? side : longer(rgb.size(0), rgb.size(1));
  const at::Tensor few = cubic_resized(area_resized(rgb, width, height), width / kBlock, height / kBlock);
  const auto nearest = [](std::int64_t length, std::int64_t small) {
    const double scale = static_cast<double>(small) / static_cast<double>(length);
    return (at::arange(length, at::kDouble) * scale).floor().to(at::kLong).clamp_max(small - 1);
  };
  return few.index_select(0, nearest(height, few.size(0))).index_select(1, nearest(width, few.size(1)));
}

at::Tensor binary_hint(const at::Tensor& rgb, std::int64_t threshold) {
  const at::Tensor grey = grey_bytes(rgb);
  const bool look = threshold == 0 || threshold == 255;
  return black_and_white(grey > (look ? otsu_threshold(grey) : threshold));
}

}  // namespace weft::sd
