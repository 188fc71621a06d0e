#include "nodes/sd/sampling/brownian_tree.h"

#include <ATen/ATen.h>

#include <algorithm>
#include <charconv>
#include <cmath>
#include <utility>

#include "nodes/sd/tensors/seed_sequence.h"

namespace weft::sd {
namespace {

constexpr std::size_t kPoolSize = 24;

/// To 6 decimals, correctly rounded in decimal as Python's round() is.
double round6(double value) {
  char text[400];  // the largest double has 309 digits before the point
  const char* end = std::to_chars(text, text + sizeof text, value, std::chars_format::fixed, 6).ptr;
  double rounded = 0;
  std::from_chars(text, end, rounded);
  return rounded;
}

}  // namespace

std::uint32_t seed_sequence_word(std::uint64_t entropy, std::span<const std::uint64_t> spawn_key) {
  return seed_sequence_words(entropy, spawn_key, kPoolSize, 1).front();
}

/// A node: an interval, and its place: `depth` halvings down, `path` holds a bit for each (1: right).
struct BrownianTree::Interval {
  double begin, end;
  std::uint64_t path = 0, depth = 0;

  double middle() const { return round6(0.5 * (end + begin)); }
  Interval left() const { return {begin, middle(), 2 * path, depth + 1}; }
  Interval right() const { return {middle(), end, 2 * path + 1, depth + 1}; }
};

BrownianTree::BrownianTree(at::IntArrayRef shape, double begin, double end, std::uint64_t seed)
    : BrownianTree({seed, shape.vec(), {}}, begin, end) {}

BrownianTree::BrownianTree(NoiseGroup group, double begin, double end)
    : group_(std::move(group)), begin_(round6(begin)), end_(round6(end)) {
  whole_ = draw(seed_sequence_word(group_.seed)) * std::sqrt(end - begin);
}

at::Tensor BrownianTree::draw(std::uint32_t seed) const { return group_.pick(NormalDraws(seed)(group_.shape)); }

at::Tensor BrownianTree::increment(double from, double to) const {
  from = round6(std::clamp(from, begin_, end_));
  to = round6(std::clamp(to, begin_, end_));
  if (from >= to) return at::zeros_like(whole_);
  std::vector<at::Tensor> pieces;
  collect({begin_, end_}, whole_, from, to, pieces);
  at::Tensor sum = pieces[0];
  for (std::size_t i = 1; i < pieces.size(); ++i) sum = sum + pieces[i];
  return sum;
}

/// Appends the increments that cover [from, to], a part of `node` whose own increment is w, left to right.
/// A half is drawn from the Brownian bridge: mean l / (l + r) * w, variance l * r / (l + r).
void BrownianTree::collect(
    const Interval& node, const at::Tensor& w, double from, double to, std::vector<at::Tensor>& pieces) const {
  if (from == node.begin && to == node.end) {
    pieces.push_back(w);
    return;
  }
  const double middle = node.middle();
  const double l = middle - node.begin, r = node.end - middle, inverse = 1 / (node.end - node.begin);
  const std::uint64_t key[] = {node.path, node.depth};
  const at::Tensor noise = draw(seed_sequence_word(group_.seed, key));
  const at::Tensor left = l * w * inverse + std::sqrt(l * r * inverse) * noise;
  if (from < middle) collect(node.left(), left, from, std::min(to, middle), pieces);
  if (to > middle) collect(node.right(), w - left, std::max(from, middle), to, pieces);
}

BrownianNoise::BrownianNoise(const at::Tensor& x, float sigma_min, float sigma_max, std::uint64_t seed,
    BatchNoise batch, const BatchPlaces& places)
    : groups_(x.sizes(), seed, batch, places), device_(x.device()) {
  for (const NoiseGroup& group : groups_.groups) trees_.emplace_back(group, sigma_min, sigma_max);
}

at::Tensor BrownianNoise::operator()(float sigma, float next) const {
  const float low = std::min(sigma, next), high = std::max(sigma, next);
  std::vector<at::Tensor> increments;
  for (const BrownianTree& tree : trees_) increments.push_back(tree.increment(low, high));
  const at::Tensor increment = groups_.join(increments);
  const float deviation = std::sqrt(high - low);
  return (increment / (sigma < next ? deviation : -deviation)).to(device_);
}

}  // namespace weft::sd
