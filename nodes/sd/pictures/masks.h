// Masks for painting anew: widening them, fading them out, padding pictures to paint beyond their border, and laying one
// picture or latent into another. A mask is [B, H, W] in [0, 1], 1 where to paint; a picture [B, H, W, C]; a latent [B,
// C, h, w].
#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>

namespace weft::sd {

/// The mask rounded to 0 or 1 and widened by a square of `size` pixels around each pixel (`size` / 2 to each
/// side); 0 only rounds.
at::Tensor grow_mask(const at::Tensor& mask, std::int64_t size);

/// How a mask grows pixel by pixel.
enum class Corners {
  Square,  ///< in all eight directions
  Tapered,  ///< to the four sides only: a single pixel becomes a diamond
};

/// The mask grown by `pixels`: each pixel gets the largest value that it can reach in that many steps; negative: the
/// smallest, so that it shrinks.
at::Tensor grown(const at::Tensor& mask, std::int64_t pixels, Corners corners);

/// The picture with what the mask covers made grey (0.5), for a VAE to encode without knowing what was there.
/// mask: any size; it is fitted to the picture and rounded.
at::Tensor blank_masked(const at::Tensor& image, const at::Tensor& mask);

/// Pixels at each side.
struct Border {
  std::int64_t left = 0, top = 0, right = 0, bottom = 0;
};

/// The mask faded out towards its sides: times 1/n, 2/n ... over the n pixels there, n at most its width or height.
at::Tensor faded_at_sides(const at::Tensor& mask, const Border& sides);

struct PaddedImage {
  at::Tensor image;  ///< grey outside
  at::Tensor mask;  ///< [1, H', W']: 1 outside, falling to 0 over `feather` pixels inside, by the square
};

/// A picture with a border to paint. The mask falls off only towards sides that grow, and not at all where
/// the picture is too small for `feather` on both sides.
PaddedImage pad_for_outpainting(const at::Tensor& image, const Border& border, std::int64_t feather);

/// `from` laid into `to` at (x, y), all in latents; what lies outside is cut. Edges inside `to` are faded in
/// over `feather` latents.
at::Tensor composite_latents(
    const at::Tensor& to, const at::Tensor& from, std::int64_t x, std::int64_t y, std::int64_t feather);

/// `from` [b, C, h, w] laid into `to` [B, C, H, W] at (x, y), which may be negative, through a mask; what lies outside is
/// cut. mask: any size, it is fitted to `from`, 1 where `from` shows; undefined: everywhere. Both are repeated to B.
at::Tensor composite_masked(
    const at::Tensor& to, const at::Tensor& from, std::int64_t x, std::int64_t y, const at::Tensor& mask);

}  // namespace weft::sd
