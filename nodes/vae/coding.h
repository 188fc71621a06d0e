// Between pixels and latents, for the nodes of this library: whole if memory allows, else in tiles.
#pragma once

#include "nodes/sd/values/values.h"
#include "plugins/sdk.h"

namespace weft::vae {

/// How to cut a large picture. Pixels, rounded down to what latents span; size 0: do not cut unless memory runs out. Tiles
/// that are less than four overlaps wide overlap by a quarter, as in ComfyUI.
struct Tiles {
  std::int64_t size = 0;
  std::int64_t overlap = 64;
};

/// Pixels [B, H, W, channels] cut at the middle to sides that are multiples of `unit`, with a warning.
torch::Tensor cut_to_multiples(RunContext& ctx, const torch::Tensor& pixels, std::int64_t unit);

/// Pixels [B, H, W, 3] in [0, 1] to latents [B, C, h, w], float32, in the VAE's space. Sides that are no multiples of its
/// downscale are cut at the middle, with a warning. Throws NodeError where they are not finite.
Latent encode(RunContext& ctx, const Vae& vae, torch::Tensor pixels, const Tiles& tiles = {});

/// Latents [B, C, h, w] to pixels [B, H, W, 3] in [0, 1], float32 on the CPU. Throws NodeError where they are not finite.
torch::Tensor decode(RunContext& ctx, const Vae& vae, const torch::Tensor& samples, const Tiles& tiles = {});

}  // namespace weft::vae
