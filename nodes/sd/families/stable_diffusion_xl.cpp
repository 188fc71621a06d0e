// Stable Diffusion XL (Podell et al. 2023, arXiv:2307.01952) and what has been made of it: inpainting, instruct-pix2pix,
// turbo, Lightning and the like, and the smaller SSD-1B and Segmind-Vega. It reads with CLIP's ViT-L and OpenCLIP's
// ViT-bigG side by side, and is told the text's pooled encoding and the picture's size. The refiner reads with the second
// alone, and is told how beautiful the picture is to be.
#include "nodes/sd/families/family.h"
#include "nodes/sd/families/shared_names.h"

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

Usual usual(const ModelShapes& model) {
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

constexpr const TextKind* kClip[] = {&kClipText};
constexpr const TextKind* kOpenClip[] = {&kOpenClipText};
constexpr TextSlot kFirst{.part = Part::TextEncoder, .kinds = kClip, .layer = 2, .norm_inner = false};
constexpr TextSlot kSecond{
    .part = Part::TextEncoder2, .kinds = kOpenClip, .layer = 2, .norm_inner = false, .embedding_key = "clip_g"};
constexpr TextSlot kTexts[] = {kFirst, kSecond};
constexpr TextSlot kRefinerTexts[] = {kSecond};

constexpr Rule kMarks[] = {{"v_pred", "v_pred"}, {"ztsnr", "ztsnr"}};
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
