#include "nodes/sd/noise.h"

#include <fmt/format.h>
#include <ATen/ATen.h>

#include <algorithm>
#include <stdexcept>

namespace weft::sd {
namespace {

at::Generator generator(uint64_t seed) { return at::detail::createCPUGenerator(seed); }

at::Tensor draw(at::IntArrayRef shape, at::Generator& from) { return at::randn(shape, from, at::kFloat); }

std::vector<int64_t> single_item(at::IntArrayRef shape) {
  std::vector<int64_t> item = shape.vec();
  item.at(0) = 1;
  return item;
}

}  // namespace

at::Tensor initial_noise(at::IntArrayRef shape, uint64_t seed, BatchNoise batch) {
  if (batch == BatchNoise::kTogether) {
    at::Generator from = generator(seed);
    return draw(shape, from);
  }
  std::vector<at::Tensor> items;
  for (int64_t k = 0; k < shape[0]; ++k) {
    at::Generator from = generator(seed + k);
    items.push_back(draw(single_item(shape), from));
  }
  return at::cat(items);
}

at::Tensor initial_noise(at::IntArrayRef shape, uint64_t seed, std::span<const int64_t> batch_index) {
  if (static_cast<int64_t>(batch_index.size()) != shape[0]) {
    throw std::invalid_argument(
        fmt::format("the latent has {} items but {} batch indexes: give one index an item", shape[0],
                    batch_index.size()));
  }
  if (std::ranges::any_of(batch_index, [](int64_t index) { return index < 0; })) {
    throw std::invalid_argument("a batch index is negative: indexes count from 0");
  }
  const int64_t last = *std::ranges::max_element(batch_index);
  std::vector<at::Tensor> items(batch_index.size());
  at::Generator from = generator(seed);
  for (int64_t index = 0; index <= last; ++index) {
    const at::Tensor item = draw(single_item(shape), from);
    for (size_t i = 0; i < batch_index.size(); ++i) {
      if (batch_index[i] == index) items[i] = item;
    }
  }
  return at::cat(items);
}

StepNoise::StepNoise(const at::Tensor& x, uint64_t seed, BatchNoise batch) : device_(x.device()) {
  const bool together = batch == BatchNoise::kTogether;
  shape_ = together ? x.sizes().vec() : single_item(x.sizes());
  const int64_t count = together ? 1 : x.size(0);
  for (int64_t k = 0; k < count; ++k) generators_.push_back(generator(seed + k + 1));
}

at::Tensor StepNoise::operator()() {
  std::vector<at::Tensor> items;
  for (at::Generator& from : generators_) items.push_back(draw(shape_, from));
  return (items.size() == 1 ? items[0] : at::cat(items)).to(device_);
}

}  // namespace weft::sd
