#include "nodes/sd/pictures/palette.h"

#include <ATen/ATen.h>

#include <algorithm>
#include <array>
#include <functional>
#include <iterator>
#include <limits>
#include <map>
#include <memory>
#include <utility>
#include <vector>

#include "base/cancel_point.h"

namespace weft::sd {
namespace {

using Colour = std::array<int, 3>;

std::vector<Colour> colours_of(const at::Tensor& rgb) {
  const at::Tensor bytes = rgb.contiguous();
  const std::uint8_t* in = bytes.const_data_ptr<std::uint8_t>();
  std::vector<Colour> colours(static_cast<std::size_t>(bytes.numel() / 3));
  for (Colour& colour : colours)
    for (int& value : colour) value = *in++;
  return colours;
}

at::Tensor as_tensor(const std::vector<Colour>& colours, at::IntArrayRef shape) {
  at::Tensor bytes = at::empty(shape, at::kByte);
  std::uint8_t* out = bytes.data_ptr<std::uint8_t>();
  for (const Colour& colour : colours)
    for (const int value : colour) *out++ = static_cast<std::uint8_t>(value);
  return bytes;
}

struct Counted {
  Colour colour;
  std::int64_t pixels;
};

/// Some of the colours; the leaves of the tree become the palette.
struct Box {
  std::vector<Counted> colours = {};
  std::int64_t pixels = 0;
  std::unique_ptr<Box> high = {}, low = {};

  explicit Box(std::vector<Counted> all) : colours(std::move(all)) {
    for (const Counted& each : colours) pixels += each.pixels;
  }

  Colour extent() const {
    Colour least = colours.front().colour, most = least;
    for (const Counted& each : colours)
      for (std::size_t axis = 0; axis < 3; ++axis) {
        least[axis] = std::min(least[axis], each.colour[axis]);
        most[axis] = std::max(most[axis], each.colour[axis]);
      }
    return {most[0] - least[0], most[1] - least[1], most[2] - least[2]};
  }
  bool can_be_cut() const { return colours.size() > 1; }

  /// Colours of one value stay together; neither half is empty.
  void cut() {
    constexpr Colour kWeights{77, 150, 29};
    const Colour size = extent();
    std::size_t axis = 0;
    for (std::size_t other = 1; other < 3; ++other)
      if (size[other] * kWeights[other] > size[axis] * kWeights[axis]) axis = other;
    std::map<int, std::int64_t, std::greater<>> pixels_of;  // by value, the highest first
    for (const Counted& each : colours) pixels_of[each.colour[axis]] += each.pixels;
    std::int64_t sum = 0;
    int least = 0;  // of the high half
    for (const auto& [value, count] : pixels_of) {
      least = value;
      sum += count;
      if (sum * 2 > pixels) break;
    }
    if (least == pixels_of.rbegin()->first) least = std::next(pixels_of.rbegin())->first;
    const auto middle =
        std::partition(colours.begin(), colours.end(), [&](const Counted& each) { return each.colour[axis] >= least; });
    high = std::make_unique<Box>(std::vector(colours.begin(), middle));
    low = std::make_unique<Box>(std::vector(middle, colours.end()));
    colours.clear();
  }
};

/// The boxes that may be cut, that with most pixels first; of equal ones that which Pillow's heap gives first.
class Heap {
 public:
  bool empty() const { return boxes_.empty(); }

  void add(Box* box) {
    std::size_t place = boxes_.size() + 1;  // counted from 1: the one above is at half of it
    boxes_.push_back(box);
    for (; place > 1 && box->pixels > at(place / 2)->pixels; place /= 2) at(place) = at(place / 2);
    at(place) = box;
  }

  Box* take() {
    Box* const first = boxes_.front();
    Box* const last = boxes_.back();
    boxes_.pop_back();
    if (boxes_.empty()) return first;
    std::size_t place = 1;
    while (place * 2 <= boxes_.size()) {
      std::size_t below = place * 2;
      if (below < boxes_.size() && at(below)->pixels < at(below + 1)->pixels) ++below;
      if (last->pixels > at(below)->pixels) break;
      at(place) = at(below);
      place = below;
    }
    at(place) = last;
    return first;
  }

 private:
  Box*& at(std::size_t place) { return boxes_[place - 1]; }

  std::vector<Box*> boxes_;
};

/// Different colours with their numbers; all shifted so far that they are no more than Pillow counts.
std::vector<Counted> counted(const std::vector<Colour>& pixels, int& shift) {
  constexpr std::size_t kMost = 65536;
  std::map<Colour, std::int64_t> counts;
  for (const Colour& colour : pixels) ++counts[colour];
  for (shift = 0; counts.size() > kMost;) {
    ++shift;
    std::map<Colour, std::int64_t> fewer;
    for (const auto& [colour, count] : counts) fewer[{colour[0] >> 1, colour[1] >> 1, colour[2] >> 1}] += count;
    counts = std::move(fewer);
  }
  std::vector<Counted> all;
  for (const auto& [colour, count] : counts) all.push_back({colour, count});
  return all;
}

void number_leaves(const Box& box, std::map<Colour, std::size_t>& numbers, std::size_t& next) {
  if (box.high) {
    number_leaves(*box.high, numbers, next);
    number_leaves(*box.low, numbers, next);
    return;
  }
  for (const Counted& each : box.colours) numbers[each.colour] = next;
  ++next;
}

/// Finds the nearest colour of a palette, and remembers it.
class Nearest {
 public:
  explicit Nearest(const at::Tensor& palette) : palette_(colours_of(palette)), known_(std::size_t{1} << 18, -1) {}

  const Colour& operator()(const Colour& colour) {
    const Colour cell{colour[0] & ~3, colour[1] & ~3, colour[2] & ~3};
    int& known = known_[static_cast<std::size_t>(cell[0] << 10 | cell[1] << 4 | cell[2] >> 2)];
    if (known < 0) known = search(cell);
    return palette_[static_cast<std::size_t>(known)];
  }

 private:
  int search(const Colour& colour) const {
    int best = 0, least = std::numeric_limits<int>::max();
    for (std::size_t i = 0; i < palette_.size(); ++i) {
      int distance = 0;
      for (std::size_t k = 0; k < 3; ++k) distance += (palette_[i][k] - colour[k]) * (palette_[i][k] - colour[k]);
      if (distance >= least) continue;
      least = distance;
      best = static_cast<int>(i);
    }
    return best;
  }

  std::vector<Colour> palette_;
  std::vector<int> known_;
};

/// From -0.5 to 0.5 about, [order, order].
at::Tensor bayer_matrix(std::int64_t order) {
  at::Tensor matrix = at::zeros({1, 1});
  for (std::int64_t size = 1; size < order; size *= 2) {
    const auto parts = static_cast<double>(4 * size * size);
    const at::Tensor m = matrix * parts;
    matrix = at::cat({at::cat({m - 1.5, m + 0.5}, 1), at::cat({m + 1.5, m - 0.5}, 1)}, 0) / parts;
  }
  return matrix;
}

}  // namespace

at::Tensor median_cut_palette(const at::Tensor& rgb, std::int64_t most) {
  const std::vector<Colour> pixels = colours_of(rgb);
  int shift = 0;
  Box root(counted(pixels, shift));
  Heap heap;
  heap.add(&root);
  for (std::int64_t boxes = 1; boxes < most; ++boxes) {
    cancel_point();
    Box* box = nullptr;
    while (!heap.empty() && !box)
      if (box = heap.take(); !box->can_be_cut()) box = nullptr;
    if (!box) break;
    box->cut();
    heap.add(box->high.get());
    heap.add(box->low.get());
  }
  std::map<Colour, std::size_t> numbers;
  std::size_t count = 0;
  number_leaves(root, numbers, count);
  std::vector<std::array<std::int64_t, 4>> sums(count, {0, 0, 0, 0});
  for (const Colour& colour : pixels) {
    auto& sum = sums[numbers.at({colour[0] >> shift, colour[1] >> shift, colour[2] >> shift})];
    for (std::size_t k = 0; k < 3; ++k) sum[k] += colour[k];
    ++sum[3];
  }
  std::vector<Colour> palette;
  for (const auto& sum : sums) {
    Colour mean;
    for (std::size_t k = 0; k < 3; ++k)
      mean[k] = static_cast<int>(0.5 + static_cast<double>(sum[k]) / static_cast<double>(sum[3]));
    palette.push_back(mean);
  }
  return as_tensor(palette, {static_cast<std::int64_t>(palette.size()), 3});
}

at::Tensor in_colours(const at::Tensor& rgb, const at::Tensor& palette) {
  Nearest nearest(palette);
  std::vector<Colour> pixels = colours_of(rgb);
  for (Colour& colour : pixels) colour = nearest(colour);
  return as_tensor(pixels, rgb.sizes());
}

at::Tensor diffused(const at::Tensor& rgb, const at::Tensor& palette) {
  Nearest nearest(palette);
  std::vector<Colour> pixels = colours_of(rgb);
  const auto height = static_cast<std::size_t>(rgb.size(0)), width = static_cast<std::size_t>(rgb.size(1));
  std::vector<Colour> above(width), missed(width);  // errors in sixteenths from the row above; those of this row
  for (std::size_t y = 0; y < height; ++y) {
    for (std::size_t x = 0; x < width; ++x) {
      Colour& pixel = pixels[y * width + x];
      Colour wanted;
      for (std::size_t k = 0; k < 3; ++k)
        wanted[k] = std::clamp(pixel[k] + ((x ? 7 * missed[x - 1][k] : 0) + above[x][k]) / 16, 0, 255);
      pixel = nearest(wanted);
      for (std::size_t k = 0; k < 3; ++k) missed[x][k] = wanted[k] - pixel[k];
    }
    for (std::size_t x = 0; x < width; ++x)
      for (std::size_t k = 0; k < 3; ++k)
        above[x][k] = 5 * missed[x][k] + (x ? missed[x - 1][k] : 0) + (x + 1 < width ? 3 * missed[x + 1][k] : 0);
    above[width - 1] = {above[width - 1][2], missed[width - 1][2], missed[width - 1][2]};
  }
  return as_tensor(pixels, rgb.sizes());
}

at::Tensor ordered(const at::Tensor& rgb, const at::Tensor& palette, std::int64_t order) {
  const double spread = 2 * 256.0 / static_cast<double>(palette.size(0));
  const auto times = [&](std::int64_t length) { return (length + order - 1) / order; };
  const at::Tensor pattern = (bayer_matrix(order) * spread + 0.5)
                                 .repeat({times(rgb.size(0)), times(rgb.size(1))})
                                 .slice(0, 0, rgb.size(0))
                                 .slice(1, 0, rgb.size(1))
                                 .unsqueeze(2);
  return in_colours((rgb.to(at::kFloat) + pattern).clamp(0, 255).to(at::kByte), palette);
}

}  // namespace weft::sd
