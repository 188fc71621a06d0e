#include "nodes/sd/networks/window_attention.h"

#include <ATen/ATen.h>

#include <algorithm>
#include <cmath>
#include <vector>

#include "base/cancel_point.h"

namespace weft::sd {
namespace {

constexpr double kHardly = -100;                      // what the published networks add
constexpr std::int64_t kScoresAtOnce = std::int64_t{1} << 24;  // 64 MiB of float32

}  // namespace

at::Tensor windows_of(const at::Tensor& picture, std::int64_t height, std::int64_t width) {
  const at::Tensor split = picture.unflatten(2, {-1, width}).unflatten(1, {-1, height});  // [B, h', h, w', w, C]
  return split.permute({0, 1, 3, 2, 4, 5}).reshape({-1, height * width, picture.size(3)});
}

at::Tensor picture_of(const at::Tensor& windows, std::int64_t height, std::int64_t width, std::int64_t picture_height,
    std::int64_t picture_width) {
  const at::Tensor split =
      windows.reshape({-1, picture_height / height, picture_width / width, height, width, windows.size(2)});
  return split.permute({0, 1, 3, 2, 4, 5}).reshape({-1, picture_height, picture_width, windows.size(2)});
}

at::Tensor attend_in_windows(const at::Tensor& q, const at::Tensor& k, const at::Tensor& v, std::int64_t heads,
    const at::Tensor& bias, const at::Tensor& mask) {
  const std::int64_t count = q.size(0), channels = q.size(2);
  const double scale = 1 / std::sqrt(static_cast<double>(channels / heads));
  const std::int64_t at_once = std::clamp<std::int64_t>(kScoresAtOnce / (heads * q.size(1) * k.size(1)), 1, count);
  const auto by_head = [&](const at::Tensor& x) { return x.unflatten(2, {heads, -1}).transpose(1, 2); };
  std::vector<at::Tensor> results;
  for (std::int64_t begin = 0; begin < count; begin += at_once) {
    cancel_point();
    const std::int64_t n = std::min(at_once, count - begin);
    const auto part = [&](const at::Tensor& x) { return by_head(x.narrow(0, begin, n)); };
    at::Tensor scores = at::matmul(part(q) * scale, part(k).transpose(2, 3)) + bias;
    if (mask.defined()) {
      const at::Tensor places = at::arange(begin, begin + n, mask.options().dtype(at::kLong)).remainder(mask.size(0));
      scores += mask.index_select(0, places).unsqueeze(1);
    }
    results.push_back(at::matmul(at::softmax(scores, -1), part(v)).transpose(1, 2).flatten(2));
  }
  return results.size() == 1 ? results[0] : at::cat(results);
}

at::Tensor shift_mask(std::int64_t picture_height, std::int64_t picture_width, std::int64_t height, std::int64_t width,
    std::int64_t down, std::int64_t right, const at::Tensor& sample) {
  if (down == 0 && right == 0) return {};
  // Of the three bands in each direction, the last two share windows.
  const auto bands = [&](std::int64_t size, std::int64_t side, std::int64_t shift) {
    at::Tensor band = at::zeros({size});
    band.narrow(0, size - side, side - shift).fill_(1);
    band.narrow(0, size - shift, shift).fill_(2);
    return band;
  };
  const at::Tensor regions = bands(picture_height, height, down).unsqueeze(1) * 3 + bands(picture_width, width, right);
  const at::Tensor windows = windows_of(regions.view({1, picture_height, picture_width, 1}), height, width).squeeze(2);
  const at::Tensor apart = windows.unsqueeze(1) != windows.unsqueeze(2);
  return apart.to(sample.options()) * kHardly;
}

at::Tensor relative_places(std::int64_t height, std::int64_t width) {
  const at::Tensor places = at::arange(height * width);
  const at::Tensor y = at::floor_divide(places, width), x = places.remainder(width);
  const at::Tensor dy = y.unsqueeze(1) - y.unsqueeze(0) + (height - 1);
  const at::Tensor dx = x.unsqueeze(1) - x.unsqueeze(0) + (width - 1);
  return (dy * (2 * width - 1) + dx).flatten();
}

at::Tensor bias_of(const at::Tensor& table, const at::Tensor& rows, std::int64_t queries, std::int64_t keys) {
  return table.index_select(0, rows.to(table.device())).view({queries, keys, -1}).permute({2, 0, 1}).contiguous();
}

}  // namespace weft::sd
