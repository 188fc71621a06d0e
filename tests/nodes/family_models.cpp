#include "tests/nodes/family_models.h"

#include <ATen/ATen.h>
#include <fmt/format.h>

#include <fstream>
#include <stdexcept>

#include "nodes/sd/files/safetensors.h"
#include "tests/nodes/seeded_source.h"
#include "tests/nodes/small_models.h"

namespace weft::sd {

namespace fs = std::filesystem;
using nlohmann::json;

namespace {

TextEncoderConfig clip_l() {
  return {.vocab = 1000, .width = 64, .layers = 3, .heads = 1, .mlp_width = 128, .eos_id = 999};
}

TextEncoderConfig open_clip(std::int64_t projection) {
  return {.vocab = 1000,
      .width = 128,
      .layers = 3,
      .heads = 2,
      .mlp_width = 256,
      .activation = EncoderActivation::Gelu,
      .eos_id = 999,
      .projection = projection};
}

UNetConfig xl_unet(
    std::vector<std::int64_t> channels, AttentionDepths depths, std::int64_t context, std::int64_t numbers) {
  return {.block_channels = std::move(channels),
      .depths = std::move(depths),
      .context_dim = context,
      .head_width = 64,
      .use_linear_projection = true,
      .vector_width = 96 + 8 * numbers};
}

FamilyCase sd2() {
  return {"sd2", "Stable Diffusion 2.x",
      {.block_channels = {64, 128},
          .layers_per_block = 1,
          .depths = AttentionDepths::by_level({1, 0}, 1),
          .context_dim = 128,
          .head_width = 64,
          .use_linear_projection = true},
      {{Part::TextEncoder, open_clip(0)}}, {{"attention_head_dim", {1, 2}}}, "StableDiffusionPipeline"};
}

FamilyCase xl() {
  return {"xl", "Stable Diffusion XL", xl_unet({64, 128, 128}, AttentionDepths::by_level({0, 1, 2}, 2), 192, 6),
      {{Part::TextEncoder, clip_l()}, {Part::TextEncoder2, open_clip(96)}},
      {{"attention_head_dim", {1, 2, 2}}, {"addition_embed_type", "text_time"}}, "StableDiffusionXLPipeline"};
}

FamilyCase refiner() {
  return {"refiner", "Stable Diffusion XL refiner",
      xl_unet({64, 128, 128, 128}, AttentionDepths::by_level({0, 2, 2, 0}, 2), 128, 5),
      {{Part::TextEncoder2, open_clip(96)}},
      {{"attention_head_dim", {1, 2, 2, 2}}, {"addition_embed_type", "text_time"}}, "StableDiffusionXLImg2ImgPipeline"};
}

FamilyCase ssd() {
  FamilyCase small = xl();
  small.name = "ssd";
  small.unet.depths = {.down = {{0, 0}, {1, 1}, {2, 2}}, .up = {{0, 0, 0}, {2, 1, 1}, {2, 2, 3}}, .middle = 0};
  small.unet.middle = MiddleBlock::Residual;
  small.unet_json["mid_block_type"] = "UNetMidBlock2D";
  return small;
}

}  // namespace

FamilyCase family_case(const std::string& name) {
  for (FamilyCase (*make)() : {sd2, xl, refiner, ssd})
    if (FamilyCase made = make(); made.name == name) return made;
  throw std::logic_error(name);
}

namespace {

template <class Network, class Config>
TensorMap seeded(const Config& config) {
  const auto source = std::make_shared<SeededSource>();
  static_cast<void>(Network(config, Weights(source)));
  return source->tensors();
}

std::map<Part, TensorMap> text_tensors(const FamilyCase& given) {
  std::map<Part, TensorMap> tensors;
  for (const auto& [part, config] : given.texts) tensors[part] = seeded<TextEncoder>(config);
  return tensors;
}

}  // namespace

TensorMap single_file_tensors(const FamilyCase& given) {
  const TensorMap unet = seeded<UNet>(given.unet);
  const auto texts = text_tensors(given);
  std::istringstream names = golden_text(fmt::format("family_names_{}.txt", given.name));
  TensorMap file;
  for (std::string theirs, ours; names >> theirs >> ours;) {
    if (theirs.starts_with("model.")) {
      file[theirs] = unet.at(ours);
      continue;
    }
    const bool second = theirs.find(".embedders.1.") != theirs.npos || given.name == "refiner";
    const TensorMap& text = texts.at(second ? Part::TextEncoder2 : Part::TextEncoder);
    at::Tensor tensor = text.at(ours);
    if (theirs.find(".in_proj_") != theirs.npos) {
      const auto beside = [&](const char* which) {
        std::string name = ours;
        return text.at(name.replace(name.find("k_proj"), 6, which));
      };
      tensor = at::cat({beside("q_proj"), tensor, beside("v_proj")});
    }
    file[theirs] = theirs.ends_with("text_projection") ? tensor.t().contiguous() : tensor;
  }
  return file;
}

void write_family_folder(const fs::path& folder, const FamilyCase& given) {
  const auto write = [&](const std::string& part, const std::string& file, const TensorMap& tensors,
                         const json& config) {
    fs::create_directories(folder / part);
    write_safetensors(folder / part / file, tensors);
    std::ofstream(folder / part / "config.json") << config;
  };
  write("unet", "diffusion_pytorch_model.safetensors", seeded<UNet>(given.unet), given.unet_json);
  for (auto& [part, tensors] : text_tensors(given)) {
    // The folders of Stable Diffusion 2 lack the last layer.
    if (given.name == "sd2")
      std::erase_if(tensors, [](const auto& tensor) { return tensor.first.find("layers.2.") != std::string::npos; });
    const TextEncoderConfig& config = given.texts.at(part);
    write(std::string(info(part).folder), "model.safetensors", tensors,
        {{"num_attention_heads", config.heads},
            {"hidden_act", config.activation == EncoderActivation::Gelu ? "gelu" : "quick_gelu"},
            {"eos_token_id", config.eos_id}});
  }
  std::ofstream(folder / "model_index.json") << json{{"_class_name", given.pipeline}};
}

at::Tensor seeded_vector(const FamilyCase& given, std::span<const VectorPart> parts) {
  if (given.unet.vector_width == 0) return {};
  const at::Tensor pooled = seeded_normal("input.unet.pooled", {2, 96});
  ConditioningEntry first{.pooled = pooled.narrow(0, 0, 1)}, second{.pooled = pooled.narrow(0, 1, 1)};
  first.size = PictureSize{1024, 768, 0, 64, 1000, 900};
  first.aesthetic_score = 1000;
  second.size = PictureSize{512, 640, 8, 0, 512, 6};
  second.aesthetic_score = 512;
  const auto vector = [&](const ConditioningEntry& told) {
    return vector_for({parts, given.unet.vector_width}, told, {.height = 1, .width = 1});
  };
  return at::cat({vector(first), vector(second)});
}

NetworkCall seeded_call(const FamilyCase& given, std::span<const VectorPart> parts) {
  const std::int64_t height = 4 << (given.unet.block_channels.size() - 1);
  NetworkCall call;
  call.x = seeded_normal("input.unet.x", {2, 4, height, height + 3});
  call.timesteps = at::tensor({3, 987});
  call.context = seeded_normal("input.unet.context", {2, 77, given.unet.context_dim});
  call.vector = seeded_vector(given, parts);
  return call;
}

}  // namespace weft::sd
