// Pictures as a prompt: the embeddings that CLIP's vision encoder makes of them, for models that are told them in the vector
// beside the words: unCLIP (Ramesh et al. 2022, arXiv:2204.06125) in place of nothing, Stable Diffusion XL in place of the
// text's pooled encoding ("revision"). Noise on them leaves the model more freedom, and it is told how much. Pure functions:
// any thread.
#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <vector>

namespace weft::sd {

struct ImagePrompt {
  at::Tensor embeddings;  ///< [B, D], one of each picture; all count
  double strength = 1;
  double noise = 0;  ///< 0: as it is, 1: as much as the model was trained with
};
using ImagePrompts = std::vector<ImagePrompt>;

/// What embeddings had in training; undefined: 0 and 1.
struct ImageNorm {
  at::Tensor mean = {}, deviation = {};  ///< [D] float32
};

/// [1, 2 D] float32 on the CPU: the embeddings with their noise, and the noise's level as the embedding that times have.
/// Several are added by their strengths, and get `merged_noise` once more (as ComfyUI does). The noise is that of `seed`, for
/// each picture alike. Throws NodeError where embeddings differ in width.
at::Tensor image_prompt_vector(
    const ImagePrompts& prompts, const ImageNorm& norm, double merged_noise, std::uint64_t seed);

}  // namespace weft::sd
