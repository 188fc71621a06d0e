// What a U-Net is told beside its context: a vector that is added to the time's embedding. Stable Diffusion XL (Podell et
// al. 2023, arXiv:2307.01952, section 2.2) puts the prompt's pooled encoding there, and numbers on the picture's size, each
// as the embedding that times have. Pure functions: any thread.
#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <span>

#include "nodes/sd/sampling/conditioning.h"

namespace weft::sd {

/// One after the other. Sizes are in pixels.
enum class VectorPart { Pooled, Height, Width, CropTop, CropLeft, TargetHeight, TargetWidth, AestheticScore };

/// The vector for an entry, [B, width] float32; undefined where `parts` are none. `height` and `width` are those of the
/// picture that is sampled, in pixels: what the entry says nothing else of. Without a score that is said it is 6, on the
/// negative side 2.5, as in ComfyUI. Throws NodeError where there is no pooled encoding, or one that does not fit `width`.
at::Tensor vector_for(std::span<const VectorPart> parts, std::int64_t vector_width, const ConditioningEntry& entry,
    std::int64_t height, std::int64_t width, bool negative);

}  // namespace weft::sd
