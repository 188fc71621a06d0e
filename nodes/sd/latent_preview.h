// A latent as a small picture without a decoder: each latent becomes one pixel.
#pragma once

#include <ATen/core/Tensor.h>

#include "graph/value.h"

namespace weft::sd {

/// Stable Diffusion 1's latents = its VAE's * this.
inline constexpr double kStableDiffusionScale = 0.18215;

/// The first latent of a batch [B, C, h, w], of any scale, as RGB of w x h pixels. The colours of four
/// channels are nearly linear in the latent; which they are is known for the spaces of Stable Diffusion 1 and
/// of paper-cut, told by the scale of their model (DiffusionModel::latent_scale), and those of other spaces
/// are taken for Stable Diffusion's. Of another number of channels the first three are the colours.
Picture latent_preview(const at::Tensor& samples, double latent_scale = kStableDiffusionScale);

}  // namespace weft::sd
