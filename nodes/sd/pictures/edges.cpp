#include "nodes/sd/pictures/edges.h"

#include <ATen/ATen.h>

#include <array>
#include <cstdint>
#include <numbers>
#include <utility>
#include <vector>

namespace weft::sd {
namespace {

constexpr double kSmallest = 1e-6;  ///< under the root, as kornia has it: also what flat pixels have, squared

/// Steps {dy, dx} to the neighbour in each direction, from the right clockwise.
constexpr std::array<std::array<std::int64_t, 2>, 8> kNeighbours{
    {{0, 1}, {1, 1}, {1, 0}, {1, -1}, {0, -1}, {-1, -1}, {-1, 0}, {-1, 1}}};

struct Gradient {
  at::Tensor x, y;  ///< [B, H, W]
};

Gradient sobel(const at::Tensor& grey) {
  const at::Tensor across = at::tensor({-1.f, 0.f, 1.f, -2.f, 0.f, 2.f, -1.f, 0.f, 1.f}).view({1, 1, 3, 3});
  const at::Tensor both = at::cat({across, across.transpose(2, 3)});
  const at::Tensor found = at::conv2d(at::replication_pad2d(grey, {1, 1, 1, 1}), both);
  return {found.select(1, 0), found.select(1, 1)};
}

at::Tensor slightly_blurred(const at::Tensor& grey) {
  at::Tensor weights = at::exp(at::arange(-2, 3, at::kFloat).square() / -2);
  weights = weights / weights.sum();
  const at::Tensor padded = at::reflection_pad2d(grey, {2, 2, 2, 2});
  return at::conv2d(at::conv2d(padded, weights.view({1, 1, 1, 5})), weights.view({1, 1, 5, 1}));
}

/// The gradient's length where it is a ridge, 0 elsewhere. Of two equal pixels side by side the left (upper) one is.
at::Tensor ridges(const Gradient& gradient) {
  const std::int64_t height = gradient.x.size(1), width = gradient.x.size(2);
  const at::Tensor x = at::constant_pad_nd(gradient.x, {1, 1, 1, 1}), y = at::constant_pad_nd(gradient.y, {1, 1, 1, 1});
  const at::Tensor padded = (x * x + y * y + kSmallest).sqrt();
  const at::Tensor length = padded.narrow(1, 1, height).narrow(2, 1, width);
  const at::Tensor eighths = (at::atan2(gradient.y, gradient.x) * (4 / std::numbers::pi)).round();
  const at::Tensor direction = at::remainder(eighths, 8).to(at::kLong),
                   opposite = at::remainder(eighths + 4, 8).to(at::kLong);
  const auto beats_neighbour = [&](const at::Tensor& towards) {
    at::Tensor beats = at::zeros_like(length, at::kBool);
    for (std::size_t k = 0; k < kNeighbours.size(); ++k) {
      const at::Tensor neighbour =
          padded.narrow(1, 1 + kNeighbours[k][0], height).narrow(2, 1 + kNeighbours[k][1], width);
      const bool may_tie = k == 0 || k == 2;
      beats =
          at::where(towards == static_cast<std::int64_t>(k), may_tie ? length >= neighbour : length > neighbour, beats);
    }
    return beats;
  };
  const at::Tensor flat = padded[0][0][0];
  return length * (beats_neighbour(direction) & beats_neighbour(opposite) & (length > flat));
}

}  // namespace

at::Tensor connected_to(const at::Tensor& weak, const at::Tensor& strong) {
  const std::int64_t height = weak.size(0), width = weak.size(1);
  const at::Tensor may = weak.contiguous();
  at::Tensor found = strong.clone(at::MemoryFormat::Contiguous);
  const bool* const allowed = may.const_data_ptr<bool>();
  bool* const taken = found.data_ptr<bool>();
  std::vector<std::int64_t> waiting;
  for (std::int64_t i = 0; i < height * width; ++i)
    if (taken[i]) waiting.push_back(i);
  while (!waiting.empty()) {
    const std::int64_t at = waiting.back();
    waiting.pop_back();
    for (const auto& [dy, dx] : kNeighbours) {
      const std::int64_t row = at / width + dy, column = at % width + dx;
      if (row < 0 || row >= height || column < 0 || column >= width) continue;
      const std::int64_t next = row * width + column;
      if (!allowed[next] || std::exchange(taken[next], true)) continue;
      waiting.push_back(next);
    }
  }
  return found;
}

at::Tensor canny_edges(const at::Tensor& image, double low, double high) {
  const at::Tensor rgb = image.to(at::kFloat);
  const at::Tensor grey = 0.299 * rgb.select(3, 0) + 0.587 * rgb.select(3, 1) + 0.114 * rgb.select(3, 2);
  const at::Tensor length = ridges(sobel(slightly_blurred(grey.unsqueeze(1))));
  std::vector<at::Tensor> edges;
  for (const at::Tensor& one : length.unbind(0)) edges.push_back(connected_to(one > low, one > high));
  return at::stack(edges).to(at::kFloat);
}

}  // namespace weft::sd
