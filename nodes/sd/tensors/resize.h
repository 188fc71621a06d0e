// Resizing of latents, masks and images, as [B, C, H, W] tensors, with ComfyUI's meaning of each method's
// name.
#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <span>
#include <string_view>

namespace weft::sd {

enum class Resize {
  NearestExact,
  Bilinear,  ///< no antialiasing, as the next two
  Area,
  Bicubic,
  Bislerp,  ///< interpolates direction and length of the channel vector apart; made for latents
  Lanczos,  ///< Pillow's, on values rounded down to 8 bits: images in [0, 1] only
};

enum class Crop {
  Disabled,  ///< stretch
  Center,    ///< first cut to the new aspect ratio
};

struct ResizeInfo {
  std::string_view name;  ///< as in workflows: "nearest-exact", "bilinear", ...
  Resize method;
};

/// All methods. Latents take all but the last, images all but bislerp.
std::span<const ResizeInfo> resize_methods();

/// The method of that name; throws std::invalid_argument, which lists the names, for a name that is none.
Resize resize_method(std::string_view name);

/// samples [B, C, H, W], float. Returns [B, C, height, width]; both at least 1.
at::Tensor resize(
    const at::Tensor& samples, std::int64_t width, std::int64_t height, Resize method, Crop crop = Crop::Disabled);

struct TargetSize {
  std::int64_t width, height;
};
/// The size to resize to, where a width or height of 0 (not both) means "keep the shape": the other one is worked out as
/// ComfyUI does, a half rounded to even. No side is less than `least`.
TargetSize keep_shape(
    std::int64_t old_width, std::int64_t old_height, std::int64_t width, std::int64_t height, std::int64_t least);

enum class Side { Longer, Shorter };
/// The size whose longer (shorter) side is `length`, with the same shape, as ComfyUI works it out; no side is less than 1.
TargetSize keep_side(std::int64_t old_width, std::int64_t old_height, std::int64_t length, Side side);

/// The batch cut, or repeated from its start, to `count` items.
at::Tensor repeat_to_batch(const at::Tensor& samples, std::int64_t count);

}  // namespace weft::sd
