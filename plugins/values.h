// The value types that every plugin shares: pictures and masks. Those of diffusion (latent, conditioning,
// model ...) are in nodes/sd/values/values.h.
#pragma once

#include <torch/types.h>

#include <cstddef>
#include <string_view>
#include <utility>

#include "base/error.h"

namespace weft {

/// A batch of RGB pictures: float32 [batch, height, width, 3], values in [0, 1], sRGB as in files.
class Image {
 public:
  static constexpr std::string_view kType = "image";

  Image() = default;
  explicit Image(torch::Tensor pixels) : pixels_(std::move(pixels)) {
    if (pixels_.dim() != 4 || pixels_.size(3) != 3 || pixels_.scalar_type() != torch::kFloat32)
      throw NodeError("an image is float32 [batch, height, width, 3]; this tensor is not");
  }
  const torch::Tensor& pixels() const { return pixels_; }
  std::int64_t batch() const { return pixels_.size(0); }
  std::int64_t height() const { return pixels_.size(1); }
  std::int64_t width() const { return pixels_.size(2); }
  std::size_t bytes() const { return pixels_.defined() ? pixels_.nbytes() : 0; }

 private:
  torch::Tensor pixels_;
};

/// A batch of masks: float32 [batch, height, width], values in [0, 1]; 1 = selected (for inpainting: to be
/// made anew).
class Mask {
 public:
  static constexpr std::string_view kType = "mask";

  Mask() = default;
  explicit Mask(torch::Tensor values) : values_(std::move(values)) {
    if (values_.dim() != 3 || values_.scalar_type() != torch::kFloat32)
      throw NodeError("a mask is float32 [batch, height, width]; this tensor is not");
  }
  const torch::Tensor& values() const { return values_; }
  std::size_t bytes() const { return values_.defined() ? values_.nbytes() : 0; }

 private:
  torch::Tensor values_;
};

}  // namespace weft
