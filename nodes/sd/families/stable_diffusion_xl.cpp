// Stable Diffusion XL (Podell et al. 2023, arXiv:2307.01952) and what has been made of it: inpainting, instruct-pix2pix,
// turbo, Lightning, Playground v2.5, CosXL and the like, and the smaller SSD-1B and Segmind-Vega. It reads with CLIP's ViT-L
// and OpenCLIP's ViT-bigG side by side, and is told the text's pooled encoding and the picture's size. The refiner reads with
// the second alone, and is told how beautiful the picture is to be.
#include <ATen/ATen.h>

#include "nodes/sd/families/family.h"
#include "nodes/sd/families/shared_names.h"
#include "nodes/sd/sampling/model_sampling.h"

namespace weft::sd {

extern const Family kStableDiffusionXL, kStableDiffusionXLRefiner;

namespace {

bool recognises(const ModelShapes& model) { return model.vector_width() > 0; }

/// The base model reads with two encoders.
bool recognises_refiner(const ModelShapes& model) {
  if (!recognises(model)) return false;
  if (model.has(Part::TextEncoder2)) return !model.has(Part::TextEncoder);
  return model.context_width() == 1280;
}

/// The number in a mark; `usual` where it is not there or not one number.
double number_in(const ModelShapes& model, const std::string& mark, double usual) {
  const TensorMap& marks = model.part(Part::Marks);
  const auto found = marks.find(mark);
  return found == marks.end() || found->second.numel() != 1 ? usual : found->second.to(at::kDouble).item<double>();
}

/// Playground v2.5 (Li et al. 2024, arXiv:2402.17245).
bool is_playground(const ModelShapes& model) {
  return model.has(Part::Marks, "edm_mean") && model.has(Part::Marks, "edm_std");
}

Usual usual_playground(Usual usual) {
  usual.prediction = Prediction::Edm;
  usual.zero_terminal_snr = false;
  usual.continuous = {.sigma_min = 0.002, .sigma_max = 80, .data_deviation = 0.5};
  usual.latents = playground_latents();
  return usual;
}

/// CosXL: the velocity at all noise levels up to a very large one.
Usual usual_continuous_velocity(const ModelShapes& model, Usual usual) {
  usual.prediction = Prediction::Velocity;
  usual.zero_terminal_snr = false;
  usual.continuous = {.sigma_min = number_in(model, "edm_vpred.sigma_min", 0.002),
      .sigma_max = number_in(model, "edm_vpred.sigma_max", 120)};
  return usual;
}

Usual usual_discrete(const ModelShapes& model) {
  const bool velocity = model.has(Part::Marks, "v_pred");
  return {.head_width = 64,
      .beta_start = 0.00085,
      .beta_end = 0.012,
      .prediction = velocity ? Prediction::Velocity : Prediction::Noise,
      .zero_terminal_snr = velocity && model.has(Part::Marks, "ztsnr"),
      // The colours are ComfyUI's fit to its decoder.
      .latents = {.scale = 0.13025,
          .colours = {0.3651, 0.4232, 0.4341, -0.2533, -0.0042, 0.1068, 0.1076, 0.1111, -0.0362, -0.3165, -0.2492,
              -0.2188, 0.1084, -0.0175, -0.0011}}};
}

Usual usual(const ModelShapes& model) {
  const Usual discrete = usual_discrete(model);
  if (is_playground(model)) return usual_playground(discrete);
  if (model.has(Part::Marks, "edm_vpred.sigma_max")) return usual_continuous_velocity(model, discrete);
  return discrete;
}

constexpr const TextKind* kClip[] = {&kClipText};
constexpr const TextKind* kOpenClip[] = {&kOpenClipText};
constexpr TextSlot kFirst{.part = Part::TextEncoder, .kinds = kClip, .layer = 2, .norm_inner = false};
constexpr TextSlot kSecond{
    .part = Part::TextEncoder2, .kinds = kOpenClip, .layer = 2, .norm_inner = false, .embedding_key = "clip_g"};
constexpr TextSlot kTexts[] = {kFirst, kSecond};
constexpr TextSlot kRefinerTexts[] = {kSecond};

constexpr Rule kMarks[] = {{"v_pred", "v_pred"}, {"ztsnr", "ztsnr"}, {"edm_mean", "edm_mean"}, {"edm_std", "edm_std"},
    {"edm_vpred.sigma_max", "edm_vpred.sigma_max"}, {"edm_vpred.sigma_min", "edm_vpred.sigma_min"}};
constexpr PartNames kSingleFile[] = {kUNetNames, kVAENames,
    {Part::TextEncoder, "conditioner.embedders.0.transformer.", kClipTextPlaces},
    {Part::TextEncoder2, "conditioner.embedders.1.model.", kOpenClipPlaces},
    {Part::TextEncoder2, "conditioner.embedders.0.model.", kOpenClipPlaces}, {Part::Marks, "", kMarks}};

constexpr VectorPart kTold[] = {VectorPart::Pooled, VectorPart::Height, VectorPart::Width, VectorPart::CropTop,
    VectorPart::CropLeft, VectorPart::TargetHeight, VectorPart::TargetWidth};
constexpr VectorPart kRefinerTold[] = {VectorPart::Pooled, VectorPart::Height, VectorPart::Width, VectorPart::CropTop,
    VectorPart::CropLeft, VectorPart::AestheticScore};

constexpr std::string_view kPipelines[] = {"StableDiffusionXL"};

}  // namespace

constinit const Family kStableDiffusionXL{.name = "Stable Diffusion XL",
    .recognises = recognises,
    .usual = usual,
    .texts = kTexts,
    .single_file = kSingleFile,
    .diffusers = kDiffusersNames,
    .pipelines = kPipelines,
    .vector = kTold};

constinit const Family kStableDiffusionXLRefiner{.name = "Stable Diffusion XL refiner",
    .recognises = recognises_refiner,
    .usual = usual,
    .texts = kRefinerTexts,
    .single_file = kSingleFile,
    .diffusers = kDiffusersNames,
    .pipelines = kPipelines,
    .vector = kRefinerTold};

}  // namespace weft::sd
