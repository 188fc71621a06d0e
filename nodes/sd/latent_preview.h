// A latent as a small picture without a decoder: each latent becomes one pixel.
#pragma once

#include <ATen/core/Tensor.h>

#include "graph/value.h"

namespace weft::sd {

/// The first latent of a batch [B, C, h, w], of any scale, as RGB of w x h pixels. Four channels are taken for Stable
/// Diffusion's, whose colours are nearly linear in the latent; otherwise the first three channels are the colours.
Picture latent_preview(const at::Tensor& samples);

}  // namespace weft::sd
