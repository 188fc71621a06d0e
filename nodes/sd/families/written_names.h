// What the tensors of a model are called in files that are written: the other direction of tensor_names.h. Names are those of
// CompVis' layout, as ComfyUI, diffusers and everybody else read single files; a few tensors have another form there. Pure
// functions: any thread.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "nodes/sd/families/checkpoint.h"

namespace weft::sd {

/// A tensor of a single file, and those of the network that it is made of.
struct WrittenName {
  enum class Form : std::uint8_t {
    Same,
    Joined,  ///< queries, keys and values, one after the other on the first axis
    Transposed,
    Convolution,  ///< a linear layer as one of 1x1
    Linear,  ///< and back
  };

  std::string name;
  std::vector<std::string> parts;  ///< canonical names: three of a Joined one, else one
  Form form = Form::Same;
};

/// All tensors that a part's networks use, by their names in a single file. Throws ModelError for a family whose single files
/// are not written.
std::vector<WrittenName> names_in_single_file(const Checkpoint& model, Part part);

/// Whether a tensor of an autoencoder is a linear layer of attention, which single files have as a convolution.
bool is_attention_of_vae(const std::string& canonical);

/// How they begin: "model.diffusion_model."; empty of a part that such a model has not.
std::string prefix_in_single_file(const Checkpoint& model, Part part);

/// The block of CompVis' U-Net that a tensor is in, with what follows: "input_blocks.1.0.in_layers.0.weight" for
/// "down_blocks.0.resnets.0.norm1.weight", without a prefix. Empty for a name that is none of a U-Net's.
std::string compvis_unet_name(const std::string& canonical, std::int64_t layers_per_block);

}  // namespace weft::sd
