// What adapter files call the weights of a model. Several programs write them, each with names of its own: kohya's and
// LyCORIS' ("lora_unet_down_blocks_0_attentions_0_proj_in", "lora_te1_text_model_encoder_layers_0_mlp_fc1"), with the names
// of CompVis' layout for Stable Diffusion XL ("lora_unet_input_blocks_4_1_proj_in"); diffusers' and peft's
// ("unet.down_blocks.0.attentions.0.proj_in"); ComfyUI's ("diffusion_model.input_blocks.1.1.proj_in").
//
// An underscore may be a dot or itself, so nothing is parsed: all that a model's weights can be called is listed, and looked
// up. Constant once built: any thread.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>

#include "nodes/sd/families/checkpoint.h"

namespace weft::sd {

class AdapterNames {
 public:
  explicit AdapterNames(const Checkpoint& model);

  /// The layer ("unet.down_blocks.0.attentions.0.proj_in", as Patch::weight is given names, but without ".weight") that an
  /// adapter calls `name`; null: none of this model's.
  const std::string* find(const std::string& name) const;

 private:
  void add_unet(const Checkpoint& model);
  void add_text_encoder(const Checkpoint& model, Part part);

  std::unordered_map<std::string, std::string> layers_;
};

}  // namespace weft::sd
