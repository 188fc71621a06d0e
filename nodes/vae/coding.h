// Between pixels and latents, for the nodes of this library: whole if memory allows, else in tiles.
#pragma once

#include "nodes/sd/values.h"
#include "plugins/sdk.h"

namespace weft::vae {

/// How to cut a large picture. Pixels; 0: do not cut unless memory runs out.
struct Tiles {
  int64_t size = 0;
  int64_t overlap = 64;
};

/// Pixels [B, H, W, channels] cut at the middle to sides that are multiples of `unit`, with a warning.
torch::Tensor cut_to_multiples(RunContext& ctx, const torch::Tensor& pixels, int64_t unit);

/// Pixels [B, H, W, 3] in [0, 1] to latents [B, C, H/8, W/8], float32. Sides that are no multiples of 8 are cut at the
/// middle, with a warning.
torch::Tensor encode(RunContext& ctx, const Vae& vae, torch::Tensor pixels, const Tiles& tiles = {});

/// Latents [B, C, h, w] to pixels [B, 8h, 8w, 3] in [0, 1], float32 on the CPU.
torch::Tensor decode(RunContext& ctx, const Vae& vae, const torch::Tensor& samples, const Tiles& tiles = {});

}  // namespace weft::vae
