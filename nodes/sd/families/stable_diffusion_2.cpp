// Stable Diffusion 2.0 and 2.1 (Stability AI, 2022): as 1.x, with OpenCLIP's ViT-H to read, heads 64 wide and linear layers
// around attention. Its models for 768 x 768 predict v, those for 512 x 512, for inpainting and for depth the noise. Those
// for unCLIP (after Ramesh et al. 2022, arXiv:2204.06125) are told pictures beside the words.
#include <ATen/ATen.h>

#include "nodes/sd/families/family.h"
#include "nodes/sd/families/shared_names.h"

namespace weft::sd {

extern const Family kStableDiffusion2, kUnClip;

namespace {

bool is_un_clip(const ModelShapes& model) { return model.context_width() == 1024 && model.vector_width() > 0; }

bool recognises(const ModelShapes& model) {
  return model.context_width() == 1024 || (model.has_linear_projection() && model.vector_width() == 0);
}

/// Nothing in a single file says what its U-Net predicts. In those that predict v this bias is spread wider (the measure is
/// ComfyUI's); models that are given more than the latent all predict noise.
bool looks_like_velocity(const ModelShapes& model) {
  constexpr double kWidest = 0.09;
  const TensorMap& unet = model.part(Part::UNet);
  const auto bias = unet.find("up_blocks.3.attentions.2.transformer_blocks.0.norm1.bias");
  if (bias == unet.end() || bias->second.is_meta() || model.size(Part::UNet, "conv_in.weight", 1) != 4) return false;
  return bias->second.to(at::kFloat).std(/*unbiased=*/false).item<double>() > kWidest;
}

Usual usual(const ModelShapes& model) {
  return {.head_width = 64,
      .beta_start = 0.00085,
      .beta_end = 0.012,
      .prediction = looks_like_velocity(model) ? Prediction::Velocity : Prediction::Noise,
      .latents = LatentSpace()};
}

constexpr const TextKind* kTextKinds[] = {&kOpenClipText};
constexpr TextSlot kTexts[] = {
    {.part = Part::TextEncoder, .kinds = kTextKinds, .layer = 2, .embedding_key = "clip_h", .cut_in_folder = 1}};
constexpr PartNames kSingleFile[] = {
    kUNetNames, kVAENames, {Part::TextEncoder, "cond_stage_model.model.", kOpenClipPlaces}, kVisionNames};
constexpr VectorPart kToldPictures[] = {VectorPart::Pictures};
constexpr std::string_view kUnClipPipelines[] = {"StableUnCLIP"};

}  // namespace

constinit const Family kStableDiffusion2{.name = "Stable Diffusion 2.x",
    .recognises = recognises,
    .usual = usual,
    .texts = kTexts,
    .single_file = kSingleFile,
    .diffusers = kDiffusersNames};

constinit const Family kUnClip{.name = "Stable Diffusion 2.1 unCLIP",
    .recognises = is_un_clip,
    .usual = usual,
    .texts = kTexts,
    .single_file = kSingleFile,
    .diffusers = kDiffusersNames,
    .pipelines = kUnClipPipelines,
    .vector = kToldPictures};

}  // namespace weft::sd
