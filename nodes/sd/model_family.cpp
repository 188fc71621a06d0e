#include "nodes/sd/model_family.h"

#include <fmt/format.h>

#include <algorithm>
#include <string_view>

#include "nodes/sd/model_error.h"

namespace weft::sd {
namespace {

struct Sign {
  std::string_view fragment;  ///< in the name of some tensor
  std::string_view what, remedy;
};

constexpr std::string_view kUseSd1 = "use a Stable Diffusion 1.x checkpoint";

// The first that is found decides: the special ones stand first.
constexpr Sign kSigns[] = {
    {"lora_up.", "is a LoRA, not a checkpoint", "load it on top of a checkpoint"},
    {"lora_down.", "is a LoRA, not a checkpoint", "load it on top of a checkpoint"},
    {".lora_A.", "is a LoRA, not a checkpoint", "load it on top of a checkpoint"},
    {".lora.up.", "is a LoRA, not a checkpoint", "load it on top of a checkpoint"},
    {"hada_w1_a", "is a LyCORIS (LoHa) file, not a checkpoint", "load it on top of a checkpoint"},
    {"lokr_w1", "is a LyCORIS (LoKr) file, not a checkpoint", "load it on top of a checkpoint"},
    {"control_model.", "is a ControlNet, not a checkpoint", "put it in the controlnet folder"},
    {"controlnet_cond_embedding.", "is a ControlNet, not a checkpoint", "put it in the controlnet folder"},
    {"input_hint_block.", "is a ControlNet, not a checkpoint", "put it in the controlnet folder"},
    {"emb_params", "is a textual-inversion embedding, not a checkpoint", "put it in the embeddings folder"},
    {"string_to_param", "is a textual-inversion embedding, not a checkpoint",
     "put it in the embeddings folder"},
    {"joint_blocks.", "is a Stable Diffusion 3 model, which is not supported yet", kUseSd1},
    {"double_blocks.", "is a FLUX model, which is not supported yet", kUseSd1},
    {"single_transformer_blocks.", "is a FLUX model, which is not supported yet", kUseSd1},
    {"clip_txt_mapper.", "is a Stable Cascade model, which is not supported yet", kUseSd1},
    {"clip_txt_pooled_mapper.", "is a Stable Cascade model, which is not supported yet", kUseSd1},
    {"y_embedder.y_proj.", "is a PixArt model, which is not supported yet", kUseSd1},
    {"caption_projection.", "is a PixArt model, which is not supported yet", kUseSd1},
    {"conditioner.embedders.", "is a Stable Diffusion XL model, which is not supported yet", kUseSd1},
    {"model.diffusion_model.label_emb.", "is a Stable Diffusion XL model, which is not supported yet",
     kUseSd1},
    {"cond_stage_model.model.",
     "is a Stable Diffusion 2.x model (its text encoder is OpenCLIP ViT-H), not supported yet", kUseSd1},
    {"body.0.rdb1.", "is an upscaler, not a checkpoint", "put it in the upscale_models folder"},
    {"model.0.weight", "is an upscaler, not a checkpoint", "put it in the upscale_models folder"},
};

bool any_contains(const std::vector<std::string>& names, std::string_view fragment) {
  return std::any_of(names.begin(), names.end(),
                     [&](const auto& name) { return name.find(fragment) != std::string::npos; });
}

bool any_starts(const std::vector<std::string>& names, std::string_view prefix) {
  return std::any_of(names.begin(), names.end(), [&](const auto& name) { return name.starts_with(prefix); });
}

}  // namespace

void refuse_other_families(const std::filesystem::path& file, const std::vector<std::string>& names) {
  const auto refuse = [&](std::string_view what, std::string_view remedy) {
    throw ModelError(file.string(), std::string(what), std::string(remedy));
  };
  for (const auto& sign : kSigns) {
    if (any_contains(names, sign.fragment)) refuse(sign.what, sign.remedy);
  }
  if (any_starts(names, "model.diffusion_model.")) return;
  if (any_starts(names, "first_stage_model.") || any_starts(names, "decoder.")) {
    refuse("holds a VAE only, not a whole checkpoint", "load it as a VAE");
  }
  if (any_starts(names, "down_blocks.")) {
    refuse("holds a U-Net only", "give the diffusers folder that has model_index.json in it");
  }
  if (any_starts(names, "text_model.") || any_starts(names, "cond_stage_model.")) {
    refuse("holds a text encoder only", "give the diffusers folder that has model_index.json in it");
  }
  refuse("is not a Stable Diffusion checkpoint: it has no tensor model.diffusion_model.*",
         std::string(kUseSd1));
}

void refuse_other_pipelines(const std::filesystem::path& folder, const std::string& pipeline_class) {
  // StableDiffusionPipeline, StableDiffusionInpaintPipeline, StableDiffusionInstructPix2PixPipeline, ...
  const bool sd = pipeline_class.starts_with("StableDiffusion");
  const bool later =
      pipeline_class.starts_with("StableDiffusionXL") || pipeline_class.starts_with("StableDiffusion3");
  if (sd && !later) return;
  throw ModelError(folder.string(), fmt::format("is a {} model, which is not supported yet", pipeline_class),
                   std::string(kUseSd1));
}

}  // namespace weft::sd
