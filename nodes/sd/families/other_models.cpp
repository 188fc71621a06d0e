#include "nodes/sd/families/other_models.h"

#include <fmt/format.h>

#include <algorithm>
#include <span>
#include <string_view>

#include "nodes/sd/files/model_error.h"

namespace weft::sd {
namespace {

/// Without a remedy of its own it is to use a model of a family that is known.
struct Sign {
  std::string_view fragment;  ///< in the name of some tensor
  std::string_view what, remedy = {};
};

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
    {"joint_blocks.", "is a Stable Diffusion 3 model, which is not supported yet"},
    {"double_blocks.", "is a FLUX model, which is not supported yet"},
    {"single_transformer_blocks.", "is a FLUX model, which is not supported yet"},
    {"clip_txt_mapper.", "is a Stable Cascade model, which is not supported yet"},
    {"clip_txt_pooled_mapper.", "is a Stable Cascade model, which is not supported yet"},
    {"y_embedder.y_proj.", "is a PixArt model, which is not supported yet"},
    {"caption_projection.", "is a PixArt model, which is not supported yet"},
    {"cond_stage_model.encoder.",
        "is a latent diffusion model conditioned on pictures (bsr_sr, inpainting_big), which is not supported yet"},
    {"body.0.rdb1.", "is an upscaler, not a checkpoint", "put it in the upscale_models folder"},
    {"model.0.weight", "is an upscaler, not a checkpoint", "put it in the upscale_models folder"},
};

/// What else a file is that has none of these.
struct Contents {
  std::string_view beginnings[2];  ///< of some tensor's name; the second may be empty
  std::string_view what, remedy;
};

constexpr Contents kContents[] = {
    {{"first_stage_model.", "decoder."}, "holds a VAE only, not a whole checkpoint",
        "put it in the folder 'vae' and load it with vae.load"},
    {{"down_blocks.", "input_blocks."}, "holds a U-Net only",
        "put it in the folder 'diffusion_models' and load it with unet.load"},
    {{"text_model.", "cond_stage_model."}, "holds a text encoder only",
        "give the diffusers folder that has model_index.json in it"},
};

/// Classes of pipelines that begin as a known family's do.
constexpr std::string_view kOtherPipelines[] = {"StableDiffusion3"};

using Names = std::vector<std::string>;

bool any_contains(const Names& names, std::string_view fragment) {
  return std::ranges::any_of(names, [&](const auto& name) { return name.find(fragment) != name.npos; });
}

bool any_starts(const Names& names, std::string_view prefix) {
  return !prefix.empty() && std::ranges::any_of(names, [&](const auto& name) { return name.starts_with(prefix); });
}

bool starts_any(std::string_view name, std::span<const std::string_view> beginnings) {
  return std::ranges::any_of(beginnings, [&](std::string_view beginning) { return name.starts_with(beginning); });
}

[[noreturn]] void refuse(const std::string& model, std::string_view what, std::string_view remedy = {}) {
  throw ModelError(model, std::string(what), remedy.empty() ? use_a_known_family() : std::string(remedy));
}

void refuse_by_signs(const std::string& file, const Names& names) {
  for (const Sign& sign : kSigns)
    if (any_contains(names, sign.fragment)) refuse(file, sign.what, sign.remedy);
}

}  // namespace

void refuse_other_files(const std::string& file, const Names& names) {
  refuse_by_signs(file, names);
  if (any_starts(names, info(Part::UNet).prefix)) return;
  for (const Contents& contents : kContents)
    if (std::ranges::any_of(contents.beginnings, [&](auto beginning) { return any_starts(names, beginning); }))
      refuse(file, contents.what, contents.remedy);
  refuse(file, "is not a Stable Diffusion checkpoint: it has no tensor model.diffusion_model.*");
}

void refuse_other_unets(const std::string& file, const Names& names) {
  refuse_by_signs(file, names);
  for (const char* beginning : {"model.diffusion_model.", "down_blocks.", "input_blocks."})
    if (any_starts(names, beginning)) return;
  refuse(file, "holds no U-Net: it has no tensor down_blocks.* or input_blocks.*");
}

void refuse_other_control_nets(const std::string& file, const Names& names) {
  constexpr Sign kOthers[] = {
      {"task_embedding", "is a union ControlNet, which is not supported yet",
          "use a ControlNet for one kind of picture"},
      {"lora_controlnet", "is a control-LoRA, which is not supported yet",
          "use the whole ControlNet that it was made from"},
      {"double_blocks.", "is a ControlNet for FLUX, which is not supported",
          "use one for Stable Diffusion 1.x, 2.x or XL"},
      {"transformer_blocks.0.norm1_context", "is a ControlNet for Stable Diffusion 3, which is not supported",
          "use one for Stable Diffusion 1.x, 2.x or XL"},
  };
  for (const Sign& sign : kOthers)
    if (any_contains(names, sign.fragment)) refuse(file, sign.what, sign.remedy);
  for (const char* fragment : {"zero_convs.", "controlnet_down_blocks."})
    if (any_contains(names, fragment)) return;
  refuse(file, "is no ControlNet: it has no tensor zero_convs.* or controlnet_down_blocks.*",
      "choose a file of the folder 'controlnet'");
}

void refuse_other_pipelines(const std::string& folder, const std::string& pipeline) {
  const bool known =
      std::ranges::any_of(families(), [&](const Family* family) { return starts_any(pipeline, family->pipelines); });
  if (!known || starts_any(pipeline, kOtherPipelines))
    refuse(folder, fmt::format("is a {} model, which is not supported yet", pipeline));
}

}  // namespace weft::sd
