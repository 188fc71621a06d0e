#include "nodes/sd/families/part.h"

#include <algorithm>
#include <cassert>
#include <iterator>

namespace weft::sd {
namespace {

constexpr PartInfo kParts[] = {
    {.part = Part::UNet,
        .title = "U-Net",
        .folder = "unet",
        .weights = "diffusion_pytorch_model",
        .prefix = "model.diffusion_model.",
        .diffusers_sign = "down_blocks."},
    {.part = Part::VAE,
        .title = "VAE",
        .folder = "vae",
        .weights = "diffusion_pytorch_model",
        .prefix = "first_stage_model.",
        .diffusers_sign = "encoder.down_blocks."},
    {.part = Part::TextEncoder,
        .title = "text encoder",
        .folder = "text_encoder",
        .weights = "model",
        .tokenizer = "tokenizer"},
    {.part = Part::TextEncoder2,
        .title = "second text encoder",
        .folder = "text_encoder_2",
        .weights = "model",
        .tokenizer = "tokenizer_2"},
    {.part = Part::ControlNet,
        .title = "ControlNet",
        .weights = "diffusion_pytorch_model",
        .prefix = "control_model.",
        .diffusers_sign = "controlnet_down_blocks."},
    {.part = Part::VisionEncoder,
        .title = "vision encoder",
        .folder = "image_encoder",
        .weights = "model",
        .prefix = "embedder.model.",
        .diffusers_sign = "vision_model."},
    {.part = Part::ImageNormalizer,
        .title = "image normalizer",
        .folder = "image_normalizer",
        .weights = "diffusion_pytorch_model"},
    {.part = Part::LabelEncoder, .title = "class embedder", .folder = "label_encoder", .weights = "model"},
    {.part = Part::SpatialRescaler, .title = "spatial rescaler"},
    {.part = Part::Marks, .title = "mark"},
};

}  // namespace

std::span<const PartInfo> parts() { return kParts; }

const PartInfo& info(Part part) {
  const auto* row = std::ranges::find(kParts, part, &PartInfo::part);
  assert(row != std::end(kParts) && "a part needs a row in kParts");
  return *row;
}

}  // namespace weft::sd
