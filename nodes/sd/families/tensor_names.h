// The names of tensors in files in terms of diffusers' names, which the networks ask for. Each family has the tables for
// its parts; a name is looked up in all of them, so files are read before anybody knows whose they are.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>

#include "nodes/sd/families/part.h"
#include "nodes/sd/families/rename.h"

namespace weft::sd {

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
void split_pixel_attention(TensorMap& unet, const std::function<std::int64_t(std::int64_t channels)>& heads_in);

/// OpenCLIP has an attention's queries, keys and values in one tensor "in_proj", one after the other, and its projection
/// transposed. Makes of them what transformers has ("q_proj", "k_proj", "v_proj"), as views of the same memory.
void split_encoder_attention(TensorMap& encoder);

/// Whether a tensor of that name is one that these two split.
bool is_joined(std::string_view name);

}  // namespace weft::sd
