// Stable Diffusion 1.x (Rombach et al. 2022), and what has been made of it: inpainting and instruct-pix2pix models, whose
// U-Nets take more channels, and smaller ones of the same kind. Its context is CLIP's words; models like it that attend to
// classes or see maps have the parts for them from latent diffusion. So it is what a model is read as that shows no signs of
// another family.
#include "nodes/sd/families/family.h"
#include "nodes/sd/families/shared_names.h"

namespace weft::sd {

extern const Family kStableDiffusion1;

namespace {

bool recognises(const ModelShapes&) { return true; }

Usual usual(const ModelShapes&) {
  return {.heads = 8,
      .beta_start = 0.00085,
      .beta_end = 0.012,
      .prediction = Prediction::Noise,
      // Latents of which nobody says whose they are count as this family's, so latent_space.h has the numbers.
      .latents = LatentSpace()};
}

constexpr const TextKind* kTextKinds[] = {&kClipText};
constexpr TextSlot kTexts[] = {{Part::TextEncoder, kTextKinds}};
constexpr PartNames kSingleFile[] = {kUNetNames, kVAENames, kClipTextNames, kControlNames, kControlHalfNames};
// StableDiffusionPipeline, StableDiffusionInpaintPipeline, StableDiffusionInstructPix2PixPipeline, ...
constexpr std::string_view kPipelines[] = {"StableDiffusion"};

}  // namespace

constinit const Family kStableDiffusion1{.name = "Stable Diffusion 1.x",
    .recognises = recognises,
    .usual = usual,
    .texts = kTexts,
    .single_file = kSingleFile,
    .diffusers = kDiffusersNames,
    .pipelines = kPipelines};

}  // namespace weft::sd
