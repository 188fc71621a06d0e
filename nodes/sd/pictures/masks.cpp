#include "nodes/sd/pictures/masks.h"

#include <ATen/ATen.h>

#include <algorithm>

#include "base/cancel_point.h"
#include "nodes/sd/tensors/resize.h"

namespace weft::sd {
namespace {

/// For each position on an axis, the pixels to the nearest end that grows; `length` where neither does.
at::Tensor distance_to_growing_end(std::int64_t length, bool begin_grows, bool end_grows) {
  const at::Tensor position = at::arange(length, at::kFloat);
  at::Tensor distance = at::full({length}, static_cast<double>(length), at::kFloat);
  if (begin_grows) distance = at::minimum(distance, position);
  if (end_grows) distance = at::minimum(distance, length - position);
  return distance;
}

/// Multiplies the first (or last) `count` rows along an axis by 1/count, 2/count, ...
void fade(at::Tensor& weight, std::int64_t axis, std::int64_t count, bool at_end) {
  const std::int64_t length = weight.size(axis);
  for (std::int64_t t = 0; t < std::min(count, length); ++t) {
    weight.narrow(axis, at_end ? length - 1 - t : t, 1).mul_(static_cast<double>(t + 1) / static_cast<double>(count));
  }
}

}  // namespace

at::Tensor grow_mask(const at::Tensor& mask, std::int64_t size) {
  const at::Tensor rounded = mask.round();
  if (size <= 0) return rounded;
  const at::Tensor planes = rounded.unsqueeze(1), kernel = at::ones({1, 1, size, size}, mask.options());
  const at::Tensor near = at::conv2d(planes, kernel, {}, 1, size / 2).clamp(0, 1).round();  // even sizes add a pixel
  return near.squeeze(1).slice(1, 0, mask.size(1)).slice(2, 0, mask.size(2));
}

at::Tensor grown(const at::Tensor& mask, std::int64_t pixels, Corners corners) {
  if (pixels < 0) return -grown(-mask, -pixels, corners);
  at::Tensor planes = mask.unsqueeze(1);
  const auto widest = [](const at::Tensor& t, std::int64_t down, std::int64_t across) {
    return at::max_pool2d(t, {2 * down + 1, 2 * across + 1}, {1, 1}, {down, across});
  };
  if (corners == Corners::Square) {  // along one axis, then the other; further than the mask is large changes nothing
    const std::int64_t down = std::min(pixels, mask.size(1)), across = std::min(pixels, mask.size(2));
    return widest(widest(planes, down, 0), 0, across).squeeze(1);
  }
  for (std::int64_t step = 0; step < std::min(pixels, mask.size(1) + mask.size(2)); ++step) {
    cancel_point();
    planes = at::maximum(widest(planes, 1, 0), widest(planes, 0, 1));
  }
  return planes.squeeze(1);
}

at::Tensor blank_masked(const at::Tensor& image, const at::Tensor& mask) {
  at::Tensor fitted = mask.to(image.options()).reshape({-1, 1, mask.size(-2), mask.size(-1)});
  fitted = resize(fitted, image.size(2), image.size(1), Resize::Bilinear).round().permute({0, 2, 3, 1});
  return (image - 0.5) * (1 - fitted) + 0.5;
}

at::Tensor faded_at_sides(const at::Tensor& mask, const Border& sides) {
  at::Tensor faded = mask.clone();
  fade(faded, 2, std::min(sides.left, mask.size(2)), false);
  fade(faded, 2, std::min(sides.right, mask.size(2)), true);
  fade(faded, 1, std::min(sides.top, mask.size(1)), false);
  fade(faded, 1, std::min(sides.bottom, mask.size(1)), true);
  return faded;
}

PaddedImage pad_for_outpainting(const at::Tensor& image, const Border& border, std::int64_t feather) {
  const std::int64_t height = image.size(1), width = image.size(2);
  const std::int64_t full_height = height + border.top + border.bottom, full_width = width + border.left + border.right;
  const auto inside = [&](const at::Tensor& whole) {
    return whole.narrow(1, border.top, height).narrow(2, border.left, width);
  };
  PaddedImage padded;
  padded.image = at::full({image.size(0), full_height, full_width, image.size(3)}, 0.5, image.options());
  inside(padded.image).copy_(image);
  padded.mask = at::ones({1, full_height, full_width}, image.options().dtype(at::kFloat));
  inside(padded.mask).zero_();
  if (feather > 0 && feather * 2 < height && feather * 2 < width) {
    const at::Tensor down = distance_to_growing_end(height, border.top != 0, border.bottom != 0).view({-1, 1});
    const at::Tensor across = distance_to_growing_end(width, border.left != 0, border.right != 0).view({1, -1});
    const at::Tensor share = ((feather - at::minimum(down, across)) / feather).clamp_min(0);
    inside(padded.mask).copy_((share * share).unsqueeze(0));
  }
  return padded;
}

at::Tensor composite_latents(
    const at::Tensor& to, const at::Tensor& from, std::int64_t x, std::int64_t y, std::int64_t feather) {
  at::Tensor result = to.clone();
  const std::int64_t height = std::min(from.size(2), to.size(2) - y), width = std::min(from.size(3), to.size(3) - x);
  if (height <= 0 || width <= 0) return result;
  at::Tensor weight = at::ones({1, 1, from.size(2), from.size(3)}, to.options());
  if (y != 0) fade(weight, 2, feather, false);
  if (y + from.size(2) < to.size(2)) fade(weight, 2, feather, true);
  if (x != 0) fade(weight, 3, feather, false);
  if (x + from.size(3) < to.size(3)) fade(weight, 3, feather, true);
  weight = weight.slice(2, 0, height).slice(3, 0, width);
  const at::Tensor piece = repeat_to_batch(from.to(to.options()), to.size(0)).slice(2, 0, height).slice(3, 0, width);
  const at::Tensor place = result.narrow(2, y, height).narrow(3, x, width);
  place.copy_(piece * weight + place * (1 - weight));
  return result;
}

at::Tensor composite_masked(
    const at::Tensor& to, const at::Tensor& from, std::int64_t x, std::int64_t y, const at::Tensor& mask) {
  at::Tensor result = to.clone();
  const std::int64_t left = std::max<std::int64_t>(x, 0), right = std::min(x + from.size(3), to.size(3));
  const std::int64_t top = std::max<std::int64_t>(y, 0), bottom = std::min(y + from.size(2), to.size(2));
  if (left >= right || top >= bottom) return result;
  const auto cut = [&](const at::Tensor& t) {
    return repeat_to_batch(t.to(to.options()), to.size(0)).slice(2, top - y, bottom - y).slice(3, left - x, right - x);
  };
  at::Tensor place = result.slice(2, top, bottom).slice(3, left, right);
  if (!mask.defined()) {
    place.copy_(cut(from));
    return result;
  }
  const at::Tensor planes = mask.to(to.options()).reshape({-1, 1, mask.size(-2), mask.size(-1)});
  const at::Tensor weight = cut(resize(planes, from.size(3), from.size(2), Resize::Bilinear));
  place.copy_(weight * cut(from) + (1 - weight) * place);
  return result;
}

}  // namespace weft::sd
