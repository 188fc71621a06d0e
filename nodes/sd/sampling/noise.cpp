#include "nodes/sd/sampling/noise.h"

#include <ATen/ATen.h>
#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <stdexcept>

namespace weft::sd {
namespace {

std::vector<std::int64_t> batch_of(at::IntArrayRef shape, std::int64_t items) {
  std::vector<std::int64_t> batch = shape.vec();
  batch.at(0) = items;
  return batch;
}

void check(at::IntArrayRef shape, const BatchPlaces& places) {
  if (places.index.empty()) return;
  if (static_cast<std::int64_t>(places.index.size()) != shape[0]) {
    throw std::invalid_argument(fmt::format(
        "the latent has {} items but {} batch indexes: give one index an item", shape[0], places.index.size()));
  }
  if (std::ranges::any_of(places.index, [](std::int64_t index) { return index < 0; })) {
    throw std::invalid_argument("a batch index is negative: indexes count from 0");
  }
}

/// Items that are drawn one batch after another, from one generator.
at::Tensor picked(at::IntArrayRef shape, std::uint64_t seed, const BatchPlaces& places) {
  const std::int64_t size = std::max<std::int64_t>(places.size, 1), last = *std::ranges::max_element(places.index);
  std::vector<at::Tensor> items(places.index.size());
  NormalDraws draw(seed);
  for (std::int64_t first = 0; first <= last; first += size) {
    const at::Tensor batch = draw(batch_of(shape, size));
    for (std::size_t i = 0; i < items.size(); ++i) {
      const std::int64_t place = places.index[i] - first;
      if (place >= 0 && place < size) items[i] = batch.narrow(0, place, 1);
    }
  }
  return at::cat(items);
}

}  // namespace

at::Tensor initial_noise(at::IntArrayRef shape, std::uint64_t seed, BatchNoise batch, const BatchPlaces& places) {
  check(shape, places);
  if (batch == BatchNoise::Together)
    return places.index.empty() ? NormalDraws(seed)(shape) : picked(shape, seed, places);
  std::vector<at::Tensor> items;
  for (std::int64_t i = 0; i < shape[0]; ++i) {
    const std::int64_t place = places.index.empty() ? i : places.index[static_cast<std::size_t>(i)];
    items.push_back(NormalDraws(seed + place)(batch_of(shape, 1)));
  }
  return at::cat(items);
}

at::Tensor initial_noise(at::IntArrayRef shape, std::uint64_t seed, std::span<const std::int64_t> batch_index) {
  return initial_noise(shape, seed, BatchNoise::Together, {.index = {batch_index.begin(), batch_index.end()}});
}

at::Tensor NoiseGroup::pick(const at::Tensor& draw) const {
  return items.empty() ? draw : draw.index_select(0, at::tensor(items, at::kLong));
}

NoiseGroups::NoiseGroups(at::IntArrayRef shape, std::uint64_t seed, BatchNoise batch, const BatchPlaces& places) {
  check(shape, places);
  const bool together = batch == BatchNoise::Together;
  if (together && (places.index.empty() || places.size == 0)) {
    groups.push_back({seed, shape.vec(), {}});
    return;
  }
  // Together, an item past the end of its batch is one of a further batch, of the next seed.
  const std::int64_t size = together ? places.size : 1;
  std::map<std::int64_t, std::vector<std::int64_t>>
      items_of_batch;  // which of the batch `shape`, by the batch they came from
  for (std::int64_t i = 0; i < shape[0]; ++i) {
    items_of_batch[(places.index.empty() ? i : places.index[static_cast<std::size_t>(i)]) / size].push_back(i);
  }
  order_.resize(static_cast<std::size_t>(shape[0]));
  std::int64_t joined = 0;
  for (const auto& [number, items] : items_of_batch) {
    NoiseGroup group{seed + number, batch_of(shape, size), {}};
    for (std::int64_t i : items) {
      group.items.push_back(places.index.empty() ? 0 : places.index[static_cast<std::size_t>(i)] % size);
      order_[static_cast<std::size_t>(i)] = joined++;
    }
    groups.push_back(std::move(group));
  }
  if (std::ranges::is_sorted(order_)) order_.clear();
}

at::Tensor NoiseGroups::join(const std::vector<at::Tensor>& of_groups) const {
  const at::Tensor joined = of_groups.size() == 1 ? of_groups[0] : at::cat(of_groups);
  return order_.empty() ? joined : joined.index_select(0, at::tensor(order_, at::kLong));
}

StepNoise::StepNoise(const at::Tensor& x, std::uint64_t seed, BatchNoise batch, const BatchPlaces& places)
    : groups_(x.sizes(), seed + 1, batch, places), device_(x.device()) {
  for (const NoiseGroup& group : groups_.groups) draws_.emplace_back(group.seed);
}

at::Tensor StepNoise::operator()() {
  std::vector<at::Tensor> noise;
  for (std::size_t i = 0; i < draws_.size(); ++i) {
    const NoiseGroup& group = groups_.groups[i];
    noise.push_back(group.pick(draws_[i](group.shape)));
  }
  return groups_.join(noise).to(device_);
}

}  // namespace weft::sd
