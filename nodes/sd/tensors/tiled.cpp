#include "nodes/sd/tensors/tiled.h"

#include <ATen/ATen.h>
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <span>
#include <stdexcept>
#include <vector>

namespace weft::sd {
namespace {

struct Span {
  std::int64_t begin, length;
};

/// The tiles along one axis. The last one ends where the axis does and may be shorter.
std::vector<Span> spans(std::int64_t length, std::int64_t tile, std::int64_t overlap) {
  if (length <= tile) return {{0, length}};
  std::vector<Span> result;
  for (std::int64_t begin = 0; begin < length - overlap; begin += tile - overlap) {
    result.push_back({begin, std::min(tile, length - begin)});
  }
  return result;
}

std::int64_t scaled(std::int64_t units, double scale) { return std::lrint(static_cast<double>(units) * scale); }

/// 1 in the middle, rising from 1 / width to 1 over `width` at both ends. Too short for that: 1 everywhere.
at::Tensor ramp(std::int64_t length, std::int64_t width, const at::TensorOptions& options) {
  at::Tensor weight = at::ones({length}, options);
  if (width >= length) return weight;
  for (std::int64_t t = 0; t < width; ++t) {
    const double factor = static_cast<double>(t + 1) / static_cast<double>(width);
    weight[t] *= factor;
    weight[length - 1 - t] *= factor;
  }
  return weight;
}

std::array<std::vector<Span>, 2> tiles_of(const at::Tensor& samples, const TilePlan& plan) {
  if (plan.overlap < 0 || plan.overlap >= std::min(plan.tile_height, plan.tile_width)) {
    throw std::invalid_argument(
        fmt::format("tiles of {}x{} cannot overlap by {}: make the tiles larger or the "
                    "overlap smaller",
            plan.tile_width, plan.tile_height, plan.overlap));
  }
  return {
      spans(samples.size(2), plan.tile_height, plan.overlap), spans(samples.size(3), plan.tile_width, plan.overlap)};
}

std::array<TilePlan, 3> three_ways(const TilePlan& plan) {
  const auto half = [&](std::int64_t side) { return std::max(plan.unit, side / 2 / plan.unit * plan.unit); };
  TilePlan wide = plan, high = plan;
  wide.tile_width *= 2;
  wide.tile_height = half(plan.tile_height);
  high.tile_width = half(plan.tile_width);
  high.tile_height *= 2;
  return {plan, wide, high};
}

/// One item [1, C, H, W].
at::Tensor apply_to_item(const at::Tensor& item, const TilePlan& plan, const TileNetwork& network,
    const std::function<void()>& before_tile) {
  const auto [rows, columns] = tiles_of(item, plan);
  at::Tensor sum, weights;
  for (const Span& row : rows) {
    for (const Span& column : columns) {
      before_tile();
      const at::Tensor tile = item.narrow(2, row.begin, row.length).narrow(3, column.begin, column.length);
      const at::Tensor output = network(tile);
      if (rows.size() == 1 && columns.size() == 1) return output;
      if (!sum.defined()) {
        const std::int64_t height = scaled(item.size(2), plan.scale), width = scaled(item.size(3), plan.scale);
        sum = at::zeros({1, output.size(1), height, width}, output.options().dtype(at::kFloat));
        weights = at::zeros({1, 1, height, width}, sum.options());
      }
      const std::int64_t fade = scaled(plan.overlap, plan.scale);
      const at::Tensor weight = ramp(output.size(2), fade, sum.options()).view({1, 1, -1, 1}) *
          ramp(output.size(3), fade, sum.options()).view({1, 1, 1, -1});
      const auto place = [&](const at::Tensor& whole) {
        return whole.narrow(2, scaled(row.begin, plan.scale), output.size(2))
            .narrow(3, scaled(column.begin, plan.scale), output.size(3));
      };
      place(sum).add_(output * weight);
      place(weights).add_(weight);
    }
  }
  return sum / weights;
}

at::Tensor apply(
    const at::Tensor& samples, std::span<const TilePlan> plans, const TileNetwork& network, const OnTile& on_tile) {
  std::int64_t count = 0, index = 0;
  for (const TilePlan& plan : plans) {
    const auto [rows, columns] = tiles_of(samples, plan);
    count += samples.size(0) * static_cast<std::int64_t>(rows.size() * columns.size());
  }
  const auto before_tile = [&] {
    if (on_tile) on_tile(index++, count);
  };
  at::Tensor mean;
  for (const TilePlan& plan : plans) {
    std::vector<at::Tensor> items;
    for (const at::Tensor& item : samples.split(1)) {
      items.push_back(apply_to_item(item, plan, network, before_tile).to(at::kFloat));
    }
    const at::Tensor pass = at::cat(items);
    mean = mean.defined() ? mean + pass : pass;
  }
  return mean / static_cast<double>(plans.size());
}

}  // namespace

at::Tensor apply_tiled(
    const at::Tensor& samples, const TilePlan& plan, const TileNetwork& network, const OnTile& on_tile) {
  return apply(samples, std::span(&plan, 1), network, on_tile);
}

at::Tensor apply_tiled_three_ways(
    const at::Tensor& samples, const TilePlan& plan, const TileNetwork& network, const OnTile& on_tile) {
  return apply(samples, three_ways(plan), network, on_tile);
}

}  // namespace weft::sd
