#include "nodes/sd/pictures/filters.h"

#include <ATen/ATen.h>

#include <limits>
#include <stdexcept>

namespace weft::sd {
namespace {

at::Tensor gaussian_window(std::int64_t radius, double sigma) {
  const at::Tensor x = at::linspace(-1, 1, 2 * radius + 1, at::kFloat);
  const at::Tensor distance = (x.view({-1, 1}).square() + x.view({1, -1}).square()).sqrt();
  const at::Tensor weights = at::exp(-distance.square() / (2 * sigma * sigma));
  return weights / weights.sum();
}

/// Each channel of [B, C, H, W] by itself.
at::Tensor filtered(const at::Tensor& planes, const at::Tensor& window, std::int64_t radius) {
  const std::int64_t channels = planes.size(1);
  const at::Tensor padded = at::reflection_pad2d(planes, {radius, radius, radius, radius});
  const at::Tensor kernel = window.to(planes.options()).expand({channels, 1, -1, -1}).contiguous();
  return at::conv2d(padded, kernel, {}, 1, at::IntArrayRef({0, 0}), 1, channels);
}

/// A blur less the picture, turned round: what sharpens.
at::Tensor sharpening_window(std::int64_t radius, double sigma, double amount) {
  at::Tensor window = gaussian_window(radius, sigma) * (-10 * amount);
  at::Tensor centre = window[radius][radius];
  centre.copy_(centre - window.sum() + 1);
  return window;
}

at::Tensor planes_of(const at::Tensor& image) { return image.permute({0, 3, 1, 2}); }
at::Tensor image_of(const at::Tensor& planes) { return planes.permute({0, 2, 3, 1}).contiguous(); }

/// The largest value from `before` pixels before to `after` behind each pixel, along both axes of [B, C, H, W].
at::Tensor largest_around(const at::Tensor& planes, std::int64_t before, std::int64_t after) {
  const std::int64_t size = before + after + 1;
  const at::Tensor padded =
      at::constant_pad_nd(planes, {before, after, before, after}, -std::numeric_limits<float>::infinity());
  return at::max_pool2d(at::max_pool2d(padded, {size, 1}, {1, 1}), {1, size}, {1, 1});
}

at::Tensor dilated(const at::Tensor& planes, std::int64_t size) {
  return largest_around(planes, size - size / 2 - 1, size / 2);
}
at::Tensor eroded(const at::Tensor& planes, std::int64_t size) {
  return -largest_around(-planes, size / 2, size - size / 2 - 1);
}

}  // namespace

at::Tensor blur(const at::Tensor& image, std::int64_t radius, double sigma) {
  return image_of(filtered(planes_of(image), gaussian_window(radius, sigma), radius));
}

at::Tensor sharpen(const at::Tensor& image, std::int64_t radius, double sigma, double amount) {
  return image_of(filtered(planes_of(image), sharpening_window(radius, sigma, amount), radius).clamp(0, 1));
}

at::Tensor latent_sharpened(const at::Tensor& latent, std::int64_t radius, double sigma, double amount) {
  const at::Tensor length = latent.norm(2, {1}, /*keepdim=*/true) + 1e-6;
  return length * filtered(latent / length, sharpening_window(radius, sigma, amount), radius);
}

at::Tensor tone_mapped(const at::Tensor& latent, double multiplier) {
  const at::Tensor length = latent.norm(2, {1}, /*keepdim=*/true) + 1e-10;
  const at::Tensor flat = length.flatten(1);
  const auto of_each = [](const at::Tensor& t) { return t.view({-1, 1, 1, 1}); };
  const at::Tensor top =
      (of_each(flat.std(at::IntArrayRef{1}, /*unbiased=*/true)) * 5 + of_each(flat.mean(1))) * multiplier;
  const at::Tensor share = length / top;
  return latent / length * (share / (share + 1) * top);
}

at::Tensor morphed(const at::Tensor& image, Morphology operation, std::int64_t size) {
  const at::Tensor planes = planes_of(image);
  const at::Tensor result = [&]() -> at::Tensor {
    switch (operation) {
      case Morphology::Erode:
        return eroded(planes, size);
      case Morphology::Dilate:
        return dilated(planes, size);
      case Morphology::Open:
        return dilated(eroded(planes, size), size);
      case Morphology::Close:
        return eroded(dilated(planes, size), size);
      case Morphology::Gradient:
        return dilated(planes, size) - eroded(planes, size);
      case Morphology::TopHat:
        return planes - dilated(eroded(planes, size), size);
      case Morphology::BottomHat:
        return eroded(dilated(planes, size), size) - planes;
    }
    throw std::logic_error("an operation is missing here");
  }();
  return image_of(result);
}

}  // namespace weft::sd
