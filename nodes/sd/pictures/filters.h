// Filters that look at a window around each pixel. A picture is [B, H, W, C] in [0, 1], and so is the result, with the
// meaning that ComfyUI gives each number.
#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>

namespace weft::sd {

/// A Gaussian over a square of 2 * radius + 1 pixels, whose `sigma` counts in radii: 1 makes the edge of the window one
/// standard deviation away. The picture is mirrored at its edges. Radius: at least 1, below both sides.
at::Tensor blur(const at::Tensor& image, std::int64_t radius, double sigma);

/// The picture plus ten times `amount` of what that blur takes from it, clamped.
at::Tensor sharpen(const at::Tensor& image, std::int64_t radius, double sigma, double amount);

/// The same of a latent [B, C, h, w]: the directions of its channel vectors are sharpened, and their lengths stay. Radius: below
/// h and w.
at::Tensor latent_sharpened(const at::Tensor& latent, std::int64_t radius, double sigma, double amount);

/// The lengths of a latent's channel vectors compressed after Reinhard (2002), so that the largest of them tend to their mean
/// and five deviations, times `multiplier`.
at::Tensor tone_mapped(const at::Tensor& latent, double multiplier);

enum class Morphology {
  Erode,  ///< the darkest of the square
  Dilate,  ///< the brightest
  Open,  ///< erode, then dilate
  Close,
  Gradient,  ///< dilated - eroded
  TopHat,  ///< picture - opened
  BottomHat,  ///< closed - picture
};

/// Over squares of `size` x `size` pixels, within the picture; an even one reaches one pixel further before than after
/// the pixel where it erodes, and the other way round where it dilates.
at::Tensor morphed(const at::Tensor& image, Morphology operation, std::int64_t size);

}  // namespace weft::sd
