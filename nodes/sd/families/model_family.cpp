#include "nodes/sd/families/model_family.h"

#include <fmt/format.h>

#include <algorithm>
#include <string_view>

#include "nodes/sd/files/model_error.h"

namespace weft::sd {
namespace {

struct Sign {
  std::string_view fragment;  ///< in the name of some tensor
  std::string_view what, remedy;
};

constexpr std::string_view kUseSd1 = "use a Stable Diffusion 1.x or latent diffusion checkpoint";

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
    {"string_to_param", "is a textual-inversion embedding, not a checkpoint", "put it in the embeddings folder"},
    {"joint_blocks.", "is a Stable Diffusion 3 model, which is not supported yet", kUseSd1},
    {"double_blocks.", "is a FLUX model, which is not supported yet", kUseSd1},
    {"single_transformer_blocks.", "is a FLUX model, which is not supported yet", kUseSd1},
    {"clip_txt_mapper.", "is a Stable Cascade model, which is not supported yet", kUseSd1},
    {"clip_txt_pooled_mapper.", "is a Stable Cascade model, which is not supported yet", kUseSd1},
    {"y_embedder.y_proj.", "is a PixArt model, which is not supported yet", kUseSd1},
    {"caption_projection.", "is a PixArt model, which is not supported yet", kUseSd1},
    {"conditioner.embedders.", "is a Stable Diffusion XL model, which is not supported yet", kUseSd1},
    {"label_emb.0.", "is a Stable Diffusion XL model, which is not supported yet", kUseSd1},
    {"add_embedding.linear_1.", "is a Stable Diffusion XL model, which is not supported yet", kUseSd1},
    {"cond_stage_model.model.",
        "is a Stable Diffusion 2.x model (its text encoder is OpenCLIP ViT-H), not supported yet", kUseSd1},
    {"cond_stage_model.encoder.",
        "is a latent diffusion model conditioned on pictures (bsr_sr, inpainting_big), which is not supported "
        "yet",
        kUseSd1},
    {"body.0.rdb1.", "is an upscaler, not a checkpoint", "put it in the upscale_models folder"},
    {"model.0.weight", "is an upscaler, not a checkpoint", "put it in the upscale_models folder"},
};

bool any_contains(const std::vector<std::string>& names, std::string_view fragment) {
  return std::any_of(
      names.begin(), names.end(), [&](const auto& name) { return name.find(fragment) != std::string::npos; });
}

bool any_starts(const std::vector<std::string>& names, std::string_view prefix) {
  return std::any_of(names.begin(), names.end(), [&](const auto& name) { return name.starts_with(prefix); });
}

[[noreturn]] void refuse(const std::filesystem::path& file, std::string_view what, std::string_view remedy) {
  throw ModelError(file.string(), std::string(what), std::string(remedy));
}

void refuse_by_signs(const std::filesystem::path& file, const std::vector<std::string>& names) {
  for (const auto& sign : kSigns) {
    if (any_contains(names, sign.fragment)) refuse(file, sign.what, sign.remedy);
  }
}

}  // namespace

void refuse_other_families(const std::filesystem::path& file, const std::vector<std::string>& names) {
  refuse_by_signs(file, names);
  if (any_starts(names, "model.diffusion_model.")) return;
  if (any_starts(names, "first_stage_model.") || any_starts(names, "decoder.")) {
    refuse(file, "holds a VAE only, not a whole checkpoint", "put it in the folder 'vae' and load it with vae.load");
  }
  if (any_starts(names, "down_blocks.") || any_starts(names, "input_blocks.")) {
    refuse(file, "holds a U-Net only", "put it in the folder 'diffusion_models' and load it with unet.load");
  }
  if (any_starts(names, "text_model.") || any_starts(names, "cond_stage_model.")) {
    refuse(file, "holds a text encoder only", "give the diffusers folder that has model_index.json in it");
  }
  refuse(file, "is not a Stable Diffusion checkpoint: it has no tensor model.diffusion_model.*", kUseSd1);
}

void refuse_other_unets(const std::filesystem::path& file, const std::vector<std::string>& names) {
  refuse_by_signs(file, names);
  for (const char* beginning : {"model.diffusion_model.", "down_blocks.", "input_blocks."}) {
    if (any_starts(names, beginning)) return;
  }
  refuse(file, "holds no U-Net: it has no tensor down_blocks.* or input_blocks.*", kUseSd1);
}

void refuse_other_pipelines(const std::filesystem::path& folder, const std::string& pipeline_class) {
  // StableDiffusionPipeline, StableDiffusionInpaintPipeline, StableDiffusionInstructPix2PixPipeline, ...
  const bool sd = pipeline_class.starts_with("StableDiffusion");
  const bool later = pipeline_class.starts_with("StableDiffusionXL") || pipeline_class.starts_with("StableDiffusion3");
  if (sd && !later) return;
  throw ModelError(
      folder.string(), fmt::format("is a {} model, which is not supported yet", pipeline_class), std::string(kUseSd1));
}

}  // namespace weft::sd
