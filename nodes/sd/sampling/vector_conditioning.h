// What a U-Net is told beside its context: a vector that is added to the time's embedding. Stable Diffusion XL (Podell et
// al. 2023, arXiv:2307.01952, section 2.2) puts the prompt's pooled encoding there, and numbers on the picture's size, each
// as the embedding that times have. Pure functions: any thread.
#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <span>

#include "nodes/sd/sampling/conditioning.h"

namespace weft::sd {

/// One after the other. Sizes are in pixels. Pictures: an unCLIP model's, with the level of their noise; it stands alone.
enum class VectorPart { Pooled, Pictures, Height, Width, CropTop, CropLeft, TargetHeight, TargetWidth, AestheticScore };

/// What a model is told.
struct VectorSpec {
  std::span<const VectorPart> parts = {};  ///< of static storage; none: nothing
  std::int64_t width = 0;  ///< of these together
  ImageNorm image_norm = {};  ///< of the pictures' embeddings
};

/// What is sampled.
struct VectorRequest {
  std::int64_t height = 0, width = 0;  ///< in pixels: what the entry says nothing else of
  bool negative = false;
  std::uint64_t seed = 0;  ///< of the noise on pictures' embeddings
};

/// The vector for an entry, [B, spec.width] float32; undefined where there are no parts. Without a score that is said it is
/// 6, on the negative side 2.5, and without pictures an unCLIP model is told zeros, as in ComfyUI. Throws NodeError where
/// there is no pooled encoding, or one or a picture that does not fit the width.
at::Tensor vector_for(const VectorSpec& spec, const ConditioningEntry& entry, const VectorRequest& request);

}  // namespace weft::sd
