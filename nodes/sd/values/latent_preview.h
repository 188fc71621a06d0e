// A latent as a small picture without a decoder: each latent becomes one pixel.
#pragma once

#include <ATen/core/Tensor.h>

#include "graph/value.h"
#include "nodes/sd/networks/latent_space.h"

namespace weft::sd {

/// The first latent of a batch [B, C, h, w], of any scale, as RGB of w x h pixels. The colours of four channels are nearly
/// linear in the latent, and `colours` says how; of another number of channels the first three are the colours.
Picture latent_preview(const at::Tensor& samples, const PreviewColours& colours);

}  // namespace weft::sd
