#include "nodes/sd/networks/memory_need.h"

#include <algorithm>

namespace weft::sd {
namespace {

/// Planes of `places` values each. In double: sizes that nobody can have do not overflow it.
std::uint64_t bytes_of(double planes, at::ScalarType dtype, double places) {
  return static_cast<std::uint64_t>(planes * places * static_cast<double>(c10::elementSize(dtype)));
}

double area(std::int64_t height, std::int64_t width) {
  return static_cast<double>(height) * static_cast<double>(width);
}

}  // namespace

MemoryNeed unet_need(
    const UNetConfig& config, at::ScalarType dtype, std::int64_t batch, std::int64_t height, std::int64_t width) {
  // The peak is on the way up at the finest level, in its first layer, where the most channels come together.
  const auto top = static_cast<double>(config.block_channels.front());
  const auto below = static_cast<double>(config.block_channels[config.block_channels.size() > 1 ? 1 : 0]);
  const bool attends = config.depths.at_level(0);
  const double skips = static_cast<double>(config.layers_per_block) * top;  // those still to come
  const double joined = 2 * (below + top);                                  // both parts, and the two as one
  const double resnet = (below + top) + top;                                // normalised, convolved
  const double attention = attends ? (5 + 8) * top : 0;  // feed-forward: twice 4 times as wide
  const double places = static_cast<double>(batch) * area(height, width);
  return {.least = bytes_of(skips + joined + resnet, dtype, places),
      .about = bytes_of(skips + joined + std::max(resnet, attention), dtype, places)};
}

MemoryNeed encoding_need(const VAEConfig& config, at::ScalarType dtype, std::int64_t height, std::int64_t width) {
  // In the finest residual block: its input, and five tensors on the way to its output.
  const double planes = 6 * static_cast<double>(config.block_channels.front());
  return {
      .least = bytes_of(planes / 2, dtype, area(height, width)), .about = bytes_of(planes, dtype, area(height, width))};
}

MemoryNeed decoding_need(const VAEConfig& config, at::ScalarType dtype, std::int64_t height, std::int64_t width) {
  // As above, in the block that goes down to the finest level's channels.
  const auto top = static_cast<double>(config.block_channels.front());
  const auto below = static_cast<double>(config.block_channels[config.block_channels.size() > 1 ? 1 : 0]);
  const double planes = below + 5 * top;
  return {
      .least = bytes_of(planes / 2, dtype, area(height, width)), .about = bytes_of(planes, dtype, area(height, width))};
}

}  // namespace weft::sd
