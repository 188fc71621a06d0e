// The names of tensors in single-file checkpoints (CompVis' "latent diffusion" layout) in terms of diffusers'
// names, which the networks ask for. All of the difference between the two layouts is in this file's table.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "nodes/sd/networks/weights.h"

namespace weft::sd {

/// A part of a checkpoint: a network, or what stands for one where the context is not words.
enum class Part { kUNet, kVAE, kTextEncoder, kLabelEncoder, kSpatialRescaler };

/// What the U-Net's block numbers depend on.
struct LdmShape {
  int64_t unet_layers_per_block = 2;
  int64_t vae_levels = 4;
};

/// Reads both from the names in a file.
LdmShape ldm_shape(const std::vector<std::string>& names);

struct CanonicalName {
  Part part;
  std::string name;
};

/// "model.diffusion_model.input_blocks.1.0.in_layers.0.weight" -> {kUNet,
/// "down_blocks.0.resnets.0.norm1.weight"}. Nothing for names that belong to no network (training state,
/// schedules).
std::optional<CanonicalName> canonical_from_ldm(const std::string& name, const LdmShape& shape);

/// Today's name of a tensor in a diffusers or transformers file, which may have been written by an older
/// version.
std::string canonical_from_diffusers(Part part, const std::string& name);

/// Attention without a context has its queries, keys and values in one tensor "qkv", head after head, in
/// CompVis' layout (the block's name with "norm", "qkv" and "proj_out"). Splits them as diffusers has them
/// ("group_norm", "to_q", "to_k", "to_v", "to_out.0"). `heads_in` is called with the number of channels.
void split_pixel_attention(TensorMap& unet, const std::function<int64_t(int64_t channels)>& heads_in);

}  // namespace weft::sd
