#include "nodes/sd/families/checkpoint.h"

#include <ATen/ATen.h>
#include <ATen/core/grad_mode.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>
#include <nlohmann/json.hpp>

#include "nodes/sd/families/tensor_names.h"
#include "nodes/sd/files/model_error.h"
#include "nodes/sd/files/safetensors.h"
#include "tests/nodes/small_models.h"

namespace weft::sd {
namespace {

namespace fs = std::filesystem;
using testing::HasSubstr;

std::string error_of(const std::function<void()>& act) {
  try {
    act();
  } catch (const ModelError& error) {
    return error.what();
  }
  return "no error";
}

std::string error_of_opening(const fs::path& path) {
  return error_of([&] { Checkpoint::open(path); });
}

std::string error_of_tensors(const TensorMap& tensors, const std::map<std::string, std::string>& metadata = {}) {
  const TemporaryFolder folder;
  write_safetensors(folder / "model.safetensors", tensors, metadata);
  return error_of_opening(folder / "model.safetensors");
}

std::string error_of_tensor_named(const std::string& name) { return error_of_tensors({{name, at::zeros({1})}}); }

TEST(Checkpoint, InfersItsConfigurationFromShapes) {
  const TemporaryFolder folder;
  write_single_file(folder / "model.safetensors", medium_model());
  const Checkpoint model = Checkpoint::open(folder / "model.safetensors");
  EXPECT_THAT(model.unet_config().block_channels, testing::ElementsAre(64, 96, 128, 128));
  EXPECT_EQ(model.unet_config().depths, AttentionDepths::by_level({1, 1, 1, 0}, 1));
  EXPECT_EQ(model.unet_config().layers_per_block, 1);
  EXPECT_EQ(model.unet_config().context_dim, 64);
  EXPECT_FALSE(model.unet_config().use_linear_projection);
  EXPECT_THAT(model.vae_config().block_channels, testing::ElementsAre(32, 64, 96, 96));
  EXPECT_EQ(model.vae_config().downscale(), 8);
  EXPECT_EQ(model.text_encoder_config().layers, 3);
  EXPECT_EQ(model.text_encoder_config().eos_id, 999);
  EXPECT_EQ(model.prediction(), Prediction::Noise);
  EXPECT_FALSE(model.tokenizer_files().has_value());
}

TEST(Checkpoint, CountsWhatAnInpaintingModelTakesIn) {
  const TemporaryFolder folder;
  write_single_file(folder / "model.safetensors", small_model());
  EXPECT_EQ(Checkpoint::open(folder / "model.safetensors").unet_config().in_channels, 9);
}

TEST(Checkpoint, TellsPredictionAndScaleFromTheFoldersConfigs) {
  const TemporaryFolder folder;
  write_folder(folder / "model", small_model());
  fs::create_directories(folder / "model/scheduler");
  std::ofstream(folder / "model/scheduler/scheduler_config.json") << R"({"prediction_type": "v_prediction"})";
  std::ofstream(folder / "model/vae/config.json") << R"({"norm_num_groups": 8, "scaling_factor": 0.5})";
  fs::create_directories(folder / "model/tokenizer");
  const Checkpoint model = Checkpoint::open(folder / "model");
  EXPECT_EQ(model.prediction(), Prediction::Velocity);
  EXPECT_EQ(model.vae_config().scaling_factor, 0.5);
  EXPECT_EQ(model.tokenizer_files(), folder / "model/tokenizer");
}

TEST(Checkpoint, TakesTheHalfPrecisionVariantOfAFolderWhenThereIsNoOther) {
  const TemporaryFolder folder;
  write_folder(folder / "model", small_model());
  fs::rename(folder / "model/unet/diffusion_pytorch_model.safetensors",
      folder / "model/unet/diffusion_pytorch_model.fp16.safetensors");
  EXPECT_NO_THROW(Checkpoint::open(folder / "model").unet(at::kCPU, at::kFloat));
}

TEST(Checkpoint, AcceptsTheAttentionNamesOfOldDiffusers) {
  EXPECT_EQ(canonical_from_diffusers(Part::VAE, "decoder.mid_block.attentions.0.proj_attn.bias"),
      "decoder.mid_block.attentions.0.to_out.0.bias");
  EXPECT_EQ(canonical_from_diffusers(Part::VAE, "encoder.mid_block.attentions.0.query.weight"),
      "encoder.mid_block.attentions.0.to_q.weight");
  EXPECT_EQ(canonical_from_diffusers(Part::TextEncoder, "final_layer_norm.bias"), "text_model.final_layer_norm.bias");
}

TEST(Checkpoint, KeepsItsWeightsWhenTheFileIsReplaced) {
  const TemporaryFolder folder;
  const fs::path path = folder / "model.safetensors";
  write_single_file(path, small_model());
  const Checkpoint model = Checkpoint::open(path);
  fs::remove(path);
  EXPECT_NO_THROW(model.text_encoder(at::kCPU, at::kFloat));
}

TEST(Checkpoint, ReportsTensorsThatItDoesNotUse) {
  const TemporaryFolder folder;
  TensorMap tensors = ldm_tensors(small_model());
  tensors["model.diffusion_model.extra.weight"] = at::zeros({2});
  tensors["first_stage_model.decoder.mid_block.extra.weight"] = at::zeros({2});
  tensors["alphas_cumprod"] = at::zeros({2});
  write_safetensors(folder / "m.safetensors", tensors, metadata_of(small_model()));
  EXPECT_THAT(Checkpoint::open(folder / "m.safetensors").unused(),
      testing::UnorderedElementsAre(
          "model.diffusion_model.extra.weight", "first_stage_model.decoder.mid_block.extra.weight"));
}

TEST(Checkpoint, NamesAMissingTensorAndTheFile) {
  TensorMap tensors = ldm_tensors(small_model());
  tensors.erase("model.diffusion_model.output_blocks.1.0.out_layers.3.weight");
  const std::string error = error_of_tensors(tensors, metadata_of(small_model()));
  EXPECT_THAT(error, HasSubstr("up_blocks.0.resnets.1.conv2.weight\" [64, 64, 3, 3] is missing"));
  EXPECT_THAT(error, HasSubstr("model.safetensors"));
}

TEST(Checkpoint, NamesAMisshapenTensorWithBothShapes) {
  TensorMap tensors = ldm_tensors(small_model());
  tensors["model.diffusion_model.middle_block.0.in_layers.0.weight"] = at::zeros({5});
  EXPECT_THAT(
      error_of_tensors(tensors, metadata_of(small_model())), HasSubstr("has shape [5], the network needs [64]"));
}

TEST(Checkpoint, RefusesHeadsThatDoNotDivideTheChannels) {
  auto metadata = metadata_of(small_model());
  metadata["weft.unet.heads"] = "5";
  EXPECT_THAT(error_of_tensors(ldm_tensors(small_model()), metadata), HasSubstr("5 attention heads"));
  metadata["weft.unet.heads"] = "many";
  EXPECT_THAT(error_of_tensors(ldm_tensors(small_model()), metadata), HasSubstr("must be a number"));
  metadata["weft.unet.heads"] = "-4";
  EXPECT_THAT(error_of_tensors(ldm_tensors(small_model()), metadata), HasSubstr("must be a positive number"));
}

TEST(Checkpoint, NamesFamiliesThatItDoesNotSupport) {
  EXPECT_THAT(error_of_tensor_named("model.diffusion_model.joint_blocks.0.x"), HasSubstr("Stable Diffusion 3"));
  EXPECT_THAT(error_of_tensor_named("double_blocks.0.img_attn.proj.bias"), HasSubstr("FLUX"));
  EXPECT_THAT(error_of_tensor_named("clip_txt_pooled_mapper.weight"), HasSubstr("Stable Cascade"));
  EXPECT_THAT(error_of_tensor_named("y_embedder.y_proj.fc1.weight"), HasSubstr("PixArt"));
  EXPECT_THAT(error_of_tensor_named("lora_unet_mid_block_x.lora_up.weight"), HasSubstr("LoRA"));
  EXPECT_THAT(error_of_tensor_named("control_model.input_blocks.0.0.bias"), HasSubstr("ControlNet"));
  EXPECT_THAT(error_of_tensor_named("emb_params"), HasSubstr("textual-inversion"));
  EXPECT_THAT(error_of_tensor_named("decoder.conv_in.weight"), HasSubstr("VAE only"));
  EXPECT_THAT(error_of_tensor_named("down_blocks.0.resnets.0.conv1.weight"), HasSubstr("U-Net only"));
  EXPECT_THAT(error_of_tensor_named("something.else"), HasSubstr("not a Stable Diffusion checkpoint"));
}

TEST(Checkpoint, NamesPipelinesThatItDoesNotSupport) {
  const TemporaryFolder folder;
  for (const char* name : {"StableDiffusion3Pipeline", "FluxPipeline", "PixArtAlphaPipeline"}) {
    std::ofstream(folder / "model_index.json") << nlohmann::json{{"_class_name", name}};
    EXPECT_THAT(error_of_opening(folder / ""), HasSubstr(std::string("is a ") + name));
  }
}

TEST(Checkpoint, ExplainsFilesThatAreNotSafetensors) {
  const TemporaryFolder folder;
  const auto error_of_bytes = [&](const std::string& bytes) {
    std::ofstream(folder / "model.ckpt") << bytes;
    return error_of_opening(folder / "model.ckpt");
  };
  EXPECT_THAT(error_of_bytes("PK\x03\x04 and so on"), HasSubstr("convert it to .safetensors"));
  EXPECT_THAT(error_of_bytes("\x80\x02} and so on"), HasSubstr("convert it to .safetensors"));
  EXPECT_THAT(error_of_bytes("version https://git-lfs.github.com/spec/v1"), HasSubstr("git lfs pull"));
  EXPECT_THAT(error_of_bytes("<!DOCTYPE html><html>"), HasSubstr("web page"));
  EXPECT_THAT(error_of_opening(folder / "none.safetensors"), HasSubstr("no such file"));
  EXPECT_THAT(error_of_opening(folder / ""), HasSubstr("model_index.json"));
}

/// Every JSON file of the folder in turn: a stack that ends is no error that can be caught.
TEST(Checkpoint, RefusesJsonThatIsNestedWithoutEnd) {
  const TemporaryFolder folder;
  const fs::path model = folder / "model";
  write_folder(model, small_model());
  const std::string deep = "{\"a\": " + std::string(50'000, '[') + std::string(50'000, ']') + "}";
  int files = 0;
  for (const auto& entry : fs::recursive_directory_iterator(model)) {
    if (entry.path().extension() != ".json") continue;
    ++files;
    std::ifstream stream(entry.path());
    const std::string whole((std::istreambuf_iterator<char>(stream)), {});
    std::ofstream(entry.path()) << deep;
    EXPECT_THAT(error_of_opening(model), HasSubstr("is nested deeper than 100 levels")) << entry.path();
    std::ofstream(entry.path()) << whole;
  }
  EXPECT_GT(files, 3);
}

TEST(Checkpoint, ExplainsFoldersThatAreIncompleteOrDamaged) {
  const TemporaryFolder folder;
  const fs::path model = folder / "model";
  write_folder(model, small_model());
  std::ofstream(model / "unet/config.json") << R"({"attention_head_dim": "eight"})";
  EXPECT_THAT(error_of_opening(model), HasSubstr("attention_head_dim is \"eight\""));
  std::ofstream(model / "unet/config.json") << R"({"attention_head_dim": [4, 6]})";
  EXPECT_THAT(error_of_opening(model),
      HasSubstr("attention_head_dim is [4, 6], which are not heads of one width at levels of [32, 64] channels"));
  std::ofstream(model / "unet/config.json") << "[]";
  EXPECT_THAT(error_of_opening(model), HasSubstr("is not a JSON object"));
  std::ofstream(model / "unet/config.json") << "{";
  EXPECT_THAT(error_of_opening(model), HasSubstr("config.json: it is not JSON: line 1, column 2"));
  fs::remove(model / "vae/diffusion_pytorch_model.safetensors");
  EXPECT_THAT(error_of_opening(model), HasSubstr("has no diffusion_pytorch_model*.safetensors"));
  std::ofstream(model / "vae/diffusion_pytorch_model.bin") << "PK";
  EXPECT_THAT(error_of_opening(model), HasSubstr("pickles (.bin) only"));
}

TEST(Checkpoint, RefusesPartsOfDifferentModels) {
  TensorMap tensors = ldm_tensors(small_model());
  for (const auto& [name, tensor] : ldm_tensors(medium_model())) {
    if (name.starts_with("cond_stage_model.")) tensors[name] = tensor;
  }
  EXPECT_THAT(error_of_tensors(tensors, metadata_of(small_model())), HasSubstr("64 wide and its U-Net expects 32"));
}

TEST(Checkpoint, ReadsAVAEFromAFileOfItsOwnAndFromAFolder) {
  const TemporaryFolder folder;
  TensorMap tensors;
  for (const auto& [name, tensor] : ldm_tensors(small_model())) {
    if (name.starts_with("first_stage_model.")) tensors[name.substr(18)] = tensor;
  }
  write_safetensors(folder / "vae.safetensors", tensors, metadata_of(small_model()));
  write_folder(folder / "model", small_model());
  at::NoGradGuard no_grad;
  const at::Tensor latent = at::ones({1, 4, 4, 4});
  const auto decode = [&](const fs::path& path) {
    return Checkpoint::open_vae(path).vae_decoder(at::kCPU, at::kFloat).decode(latent);
  };
  EXPECT_TRUE(decode(folder / "vae.safetensors").equal(decode(folder / "model/vae")));
  EXPECT_THAT(error_of([&] { Checkpoint::open_vae(folder / "model/unet"); }), HasSubstr("has no VAE"));
}

}  // namespace
}  // namespace weft::sd
