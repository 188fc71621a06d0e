// Pictures as a prompt: CLIP's vision encoder, what a U-Net is told of what it saw, and unCLIP models, against transformers,
// diffusers and ComfyUI (tests/reference/make_unclip_golden.py).
#include <ATen/ATen.h>
#include <ATen/core/grad_mode.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>

#include "base/error.h"
#include "nodes/sd/families/checkpoint.h"
#include "nodes/sd/files/model_error.h"
#include "nodes/sd/files/safetensors.h"
#include "nodes/sd/sampling/vector_conditioning.h"
#include "tests/nodes/seeded_source.h"
#include "tests/nodes/small_models.h"

namespace weft::sd {
namespace {

namespace fs = std::filesystem;

constexpr std::int64_t kWidth = 48;  // of an embedding

double relative_error(const at::Tensor& found, const at::Tensor& expected) {
  EXPECT_EQ(found.sizes(), expected.sizes());
  return ((found - expected).norm() / expected.norm()).item<double>();
}

VisionEncoderConfig vision_config(EncoderActivation activation) {
  return {.picture = 32,
      .patch = 8,
      .width = 64,
      .layers = 3,
      .heads = 1,
      .mlp_width = 128,
      .projection = kWidth,
      .activation = activation};
}

TensorMap vision_tensors() {
  const auto source = std::make_shared<SeededSource>();
  static_cast<void>(VisionEncoder(vision_config(EncoderActivation::Gelu), Weights(source)));
  return source->tensors();
}

/// As OpenAI's and open_clip's files call them.
TensorMap with_open_clip_names(const TensorMap& tensors, const std::string& prefix) {
  const std::map<std::string, std::string> plain = {{"embeddings.class_embedding", "class_embedding"},
      {"embeddings.patch_embedding.weight", "conv1.weight"},
      {"embeddings.position_embedding.weight", "positional_embedding"}, {"pre_layrnorm.weight", "ln_pre.weight"},
      {"pre_layrnorm.bias", "ln_pre.bias"}, {"post_layernorm.weight", "ln_post.weight"},
      {"post_layernorm.bias", "ln_post.bias"}};
  TensorMap file;
  for (const auto& [name, theirs] : plain) file[prefix + theirs] = tensors.at("vision_model." + name);
  file[prefix + "proj"] = tensors.at("visual_projection.weight").t().contiguous();
  for (int i = 0; i < 3; ++i) {
    const std::string ours = "vision_model.encoder.layers." + std::to_string(i) + ".";
    const std::string theirs = prefix + "transformer.resblocks." + std::to_string(i) + ".";
    for (const std::string end : {"weight", "bias"}) {
      file[theirs + "ln_1." + end] = tensors.at(ours + "layer_norm1." + end);
      file[theirs + "ln_2." + end] = tensors.at(ours + "layer_norm2." + end);
      file[theirs + "mlp.c_fc." + end] = tensors.at(ours + "mlp.fc1." + end);
      file[theirs + "mlp.c_proj." + end] = tensors.at(ours + "mlp.fc2." + end);
      file[theirs + "attn.out_proj." + end] = tensors.at(ours + "self_attn.out_proj." + end);
      file[theirs + "attn.in_proj_" + end] = at::cat({tensors.at(ours + "self_attn.q_proj." + end),
          tensors.at(ours + "self_attn.k_proj." + end), tensors.at(ours + "self_attn.v_proj." + end)});
    }
  }
  return file;
}

UNetConfig unet_config() {
  return {.block_channels = {64, 128},
      .layers_per_block = 1,
      .depths = AttentionDepths::by_level({1, 0}, 1),
      .context_dim = 1024,
      .head_width = 64,
      .use_linear_projection = true,
      .vector_width = 2 * kWidth};
}

TensorMap unet_tensors() {
  const auto source = std::make_shared<SeededSource>();
  static_cast<void>(UNet(unet_config(), Weights(source)));
  return source->tensors();
}

class UnClip : public testing::Test {
 protected:
  at::Tensor expected(const std::string& name) const { return golden_.tensor(name); }
  void expect_vision(const Checkpoint& model, const std::string& which) const {
    EXPECT_THAT(model.unused(), testing::IsEmpty());
    const VisionEncoding found =
        model.vision_encoder(at::kCPU, at::kFloat).forward(seeded_normal("input.vision", {2, 3, 32, 32}));
    EXPECT_LT(relative_error(found.embedding, expected(which + ".embedding")), 1e-5);
    EXPECT_LT(relative_error(found.hidden.slice(1, 0, 17, 5), expected(which + ".hidden")), 1e-5);
    EXPECT_LT(relative_error(found.penultimate.slice(1, 0, 17, 5), expected(which + ".penultimate")), 1e-5);
  }
  /// Of a diffusers folder.
  void write_part(
      const std::string& part, const std::string& file, const TensorMap& tensors, const std::string& config) {
    fs::create_directories(folder_ / part);
    write_safetensors(folder_ / part / file, tensors);
    std::ofstream(folder_ / part / "config.json") << config;
  }

  const at::NoGradGuard no_grad_;
  TemporaryFolder folder_;
  SafetensorsFile golden_ = SafetensorsFile::open(golden("unclip.safetensors"));
};

TEST_F(UnClip, VisionEncodersAreReadByTransformersNames) {
  write_safetensors(folder_ / "v.safetensors", vision_tensors());
  expect_vision(Checkpoint::open_vision_encoder(folder_ / "v.safetensors"), "quick_gelu");
}

TEST_F(UnClip, VisionEncodersAreReadByOpenClipsNames) {
  write_safetensors(folder_ / "v.safetensors", with_open_clip_names(vision_tensors(), "visual."));
  expect_vision(Checkpoint::open_vision_encoder(folder_ / "v.safetensors"), "quick_gelu");
}

TEST_F(UnClip, VisionEncodersSayTheirActivationInAFolder) {
  write_part("image_encoder", "model.safetensors", vision_tensors(),
      R"({"hidden_act": "gelu", "num_attention_heads": 1, "layer_norm_eps": 1e-5})");
  expect_vision(Checkpoint::open_vision_encoder(folder_ / "image_encoder"), "gelu");
}

TEST_F(UnClip, WhatIsNoVisionEncoderIsRefused) {
  write_safetensors(folder_ / "v.safetensors", {{"vision.weight", at::ones({2})}});
  EXPECT_THROW(Checkpoint::open_vision_encoder(folder_ / "v.safetensors"), ModelError);
}

TEST_F(UnClip, PicturesAreMadeWhatClipSawInTraining) {
  const at::Tensor picture =
      (seeded_normal("input.picture", {1, 37, 53, 3}) * 0.25 + 0.5).clamp(0, 1).permute({0, 3, 1, 2});
  EXPECT_LT((clip_pixels(picture, 32, true) - expected("pixels.crop")).abs().max().item<double>(), 1e-5);
  EXPECT_LT((clip_pixels(picture, 32, false) - expected("pixels.none")).abs().max().item<double>(), 1e-5);
}

TEST_F(UnClip, EmbeddingsGetNoiseAndSayHowMuch) {
  const ImagePrompt one{seeded_normal("input.one", {1, kWidth}), 1, 0.3};
  EXPECT_LT(relative_error(image_prompt_vector({one}, {}, 0.05, 1234), expected("prompt.one")), 1e-5);
  const ImageNorm norm{at::full({kWidth}, 0.3), at::full({kWidth}, 1.7)};
  EXPECT_LT(relative_error(image_prompt_vector({one}, norm, 0.05, 1234), expected("prompt.normed")), 1e-5);
}

TEST_F(UnClip, SeveralPicturesAreAddedByTheirStrengths) {
  const ImagePrompts both{
      {seeded_normal("input.one", {1, kWidth}), 0.75, 0}, {seeded_normal("input.two", {1, kWidth}), 0.5, 0.5}};
  const at::Tensor found = image_prompt_vector(both, {}, /*merged_noise=*/0, 1234);
  const at::Tensor sum = expected("prompt.both").narrow(1, 0, kWidth);
  const double noise_of_first_level = 0.0065;
  EXPECT_LT((found.narrow(1, 0, kWidth) - sum).abs().max().item<double>(), 4 * noise_of_first_level);
  EXPECT_TRUE(found.narrow(1, kWidth, kWidth / 2).equal(at::ones({1, kWidth / 2}))) << "the cosines of level 0";
  EXPECT_THROW(image_prompt_vector({both[0], {at::ones({1, 7})}}, {}, 0, 1), NodeError);
}

TEST_F(UnClip, ModelsAreReadFromAFolder) {
  TensorMap unet;
  for (const auto& [name, tensor] : unet_tensors())
    unet[name.starts_with("add_embedding.") ? "class_embedding." + name.substr(14) : name] = tensor;
  write_part("unet", "diffusion_pytorch_model.safetensors", unet,
      R"({"class_embed_type": "projection", "projection_class_embeddings_input_dim": 96, "attention_head_dim": [1, 2]})");
  write_part(
      "image_encoder", "model.safetensors", vision_tensors(), R"({"hidden_act": "gelu", "num_attention_heads": 1})");
  write_part("image_normalizer", "diffusion_pytorch_model.safetensors",
      {{"mean", at::full({1, kWidth}, 0.3)}, {"std", at::full({1, kWidth}, 1.7)}}, R"({"embedding_dim": 48})");
  std::ofstream(folder_ / "model_index.json") << R"({"_class_name": "StableUnCLIPImg2ImgPipeline",
      "image_encoder": ["transformers", "CLIPVisionModelWithProjection"]})";
  const Checkpoint model = Checkpoint::open(folder_ / "");
  EXPECT_EQ(model.family().name, "Stable Diffusion 2.1 unCLIP");
  expect_vision(model, "gelu");
  NetworkCall call;
  call.x = seeded_normal("input.unet.x", {1, 4, 8, 11});
  call.timesteps = at::full({1}, 500.0);
  call.context = seeded_normal("input.unet.context", {1, 7, 1024});
  call.vector = seeded_normal("input.unet.vector", {1, 2 * kWidth});
  EXPECT_LT(relative_error(model.unet(at::kCPU, at::kFloat).forward(call), expected("unet")), 1e-5);

  const VectorSpec spec{model.family().vector, 2 * kWidth, model.image_norm()};
  ConditioningEntry entry{.image_prompts = {{seeded_normal("input.one", {1, kWidth}), 1, 0.3}}};
  EXPECT_LT(relative_error(vector_for(spec, entry, {.seed = 1234}), expected("prompt.normed")), 1e-5);
  EXPECT_TRUE(vector_for(spec, {}, {}).equal(at::zeros({1, 2 * kWidth}))) << "nobody showed a picture";
  entry.image_prompts[0].embeddings = at::ones({1, 7});
  EXPECT_THROW(vector_for(spec, entry, {}), NodeError);
}

TEST_F(UnClip, ModelsAreReadFromAFileWithTheirVisionEncoder) {
  TensorMap file = with_open_clip_names(vision_tensors(), "embedder.model.visual.");
  const std::map<std::string, std::string> places = {{"add_embedding.linear_1.", "label_emb.0.0."},
      {"add_embedding.linear_2.", "label_emb.0.2."}, {"time_embedding.linear_1.", "time_embed.0."},
      {"time_embedding.linear_2.", "time_embed.2."}};
  for (const auto& [name, tensor] : unet_tensors())
    for (const auto& [ours, theirs] : places)
      if (name.starts_with(ours)) file["model.diffusion_model." + theirs + name.substr(ours.size())] = tensor;
  write_safetensors(folder_ / "m.safetensors", file);
  try {
    Checkpoint::open(folder_ / "m.safetensors");
    FAIL() << "the rest of the U-Net is missing";
  } catch (const ModelError& error) {
    EXPECT_THAT(error.what(), testing::Not(testing::HasSubstr("not supported")));
  }
}

TEST_F(UnClip, PicturesStandForThePooledTextInSdxl) {
  const VectorPart parts[] = {VectorPart::Pooled, VectorPart::Height, VectorPart::Width};
  const ConditioningEntry entry{
      .pooled = at::ones({1, kWidth}), .image_prompts = {{seeded_normal("input.one", {1, kWidth}), 1, 0.3}}};
  const at::Tensor vector = vector_for({parts, kWidth + 16}, entry, {.height = 64, .width = 64, .seed = 1234});
  EXPECT_LT(relative_error(vector.narrow(1, 0, kWidth), expected("prompt.one").narrow(1, 0, kWidth)), 1e-5);
}

}  // namespace
}  // namespace weft::sd
