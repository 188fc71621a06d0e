#include "tests/nodes/small_models.h"

#include <ATen/ATen.h>
#include <fmt/format.h>
#include <gtest/gtest.h>
#include <unistd.h>
#include <zlib.h>

#include <fstream>
#include <memory>
#include <nlohmann/json.hpp>
#include <stdexcept>

#include "nodes/sd/files/safetensors.h"
#include "tests/nodes/seeded_source.h"

namespace weft::sd {

namespace fs = std::filesystem;
using nlohmann::json;

SmallModel small_model() {
  return {.name = "small",
      .unet = {.in_channels = 9,
          .block_channels = {32, 64},
          .layers_per_block = 2,
          .depths = AttentionDepths::by_level({1, 0}, 2),
          .context_dim = 32,
          .heads = 4,
          .norm_groups = 16},
      .vae = {.block_channels = {16, 32, 32}, .layers_per_block = 1, .norm_groups = 8},
      .text = {.vocab = 64, .width = 32, .layers = 2, .heads = 4, .mlp_width = 128, .eos_id = 63}};
}

SmallModel medium_model() {
  return {.name = "medium",
      .unet = {.block_channels = {64, 96, 128, 128},
          .layers_per_block = 1,
          .depths = AttentionDepths::by_level({1, 1, 1, 0}, 1),
          .context_dim = 64,
          .heads = 8,
          .norm_groups = 32},
      .vae = {.block_channels = {32, 64, 96, 96}, .layers_per_block = 2, .norm_groups = 32},
      .text = {.vocab = 1000,
          .width = 64,
          .layers = 3,
          .heads = 2,
          .mlp_width = 256,
          .activation = EncoderActivation::Gelu,
          .eos_id = 999}};
}

ModelTensors tensors_of(const SmallModel& model) {
  const auto unet = std::make_shared<SeededSource>();
  const auto vae = std::make_shared<SeededSource>();
  const auto text = std::make_shared<SeededSource>();
  static_cast<void>(UNet(model.unet, Weights(unet)));
  static_cast<void>(AutoencoderKL(model.vae, Weights(vae)));
  static_cast<void>(TextEncoder(model.text, Weights(text)));
  return {unet->tensors(), vae->tensors(), text->tensors()};
}

TensorMap ldm_tensors(const SmallModel& model) {
  const ModelTensors tensors = tensors_of(model);
  std::istringstream names = golden_text(fmt::format("ldm_names_{}.txt", model.name));
  TensorMap result;
  for (std::string ldm, canonical; names >> ldm >> canonical;) {
    const TensorMap& part = ldm.starts_with("model.") ? tensors.unet
        : ldm.starts_with("first_stage_model.")       ? tensors.vae
                                                      : tensors.text;
    const at::Tensor& tensor = part.at(canonical);
    const bool stored_as_conv = ldm.find(".attn_1.") != std::string::npos && tensor.dim() == 2;
    result[ldm] = stored_as_conv ? tensor.unsqueeze(-1).unsqueeze(-1) : tensor;
  }
  return result;
}

std::map<std::string, std::string> metadata_of(const SmallModel& model) {
  return {{"weft.unet.heads", std::to_string(model.unet.heads)},
      {"weft.unet.norm_groups", std::to_string(model.unet.norm_groups)},
      {"weft.vae.norm_groups", std::to_string(model.vae.norm_groups)},
      {"weft.text.heads", std::to_string(model.text.heads)},
      {"weft.text.activation", model.text.activation == EncoderActivation::Gelu ? "gelu" : "quick_gelu"}};
}

void write_single_file(const fs::path& path, const SmallModel& model) {
  write_safetensors(path, ldm_tensors(model), metadata_of(model));
}

void write_folder(const fs::path& folder, const SmallModel& model) {
  const ModelTensors tensors = tensors_of(model);
  const auto write = [&](const std::string& part, const std::string& file, const TensorMap& weights,
                         const json& config) {
    fs::create_directories(folder / part);
    write_safetensors(folder / part / file, weights);
    std::ofstream(folder / part / "config.json") << config;
  };
  write("unet", "diffusion_pytorch_model.safetensors", tensors.unet,
      {{"attention_head_dim", model.unet.heads}, {"norm_num_groups", model.unet.norm_groups}});
  write("vae", "diffusion_pytorch_model.safetensors", tensors.vae,
      {{"norm_num_groups", model.vae.norm_groups}, {"scaling_factor", 0.18215}});
  write("text_encoder", "model.safetensors", tensors.text,
      {{"num_attention_heads", model.text.heads},
          {"hidden_act", model.text.activation == EncoderActivation::Gelu ? "gelu" : "quick_gelu"},
          {"eos_token_id", 2}});
  std::ofstream(folder / "model_index.json") << json{{"_class_name", "StableDiffusionPipeline"}};
}

fs::path golden(const std::string& name) { return fs::path(WEFT_SOURCE_DIR) / "tests/nodes/golden" / name; }

std::istringstream golden_text(const std::string& name) {
  const std::unique_ptr<gzFile_s, int (*)(gzFile)> file(gzopen(golden(name + ".gz").c_str(), "rb"), gzclose);
  if (!file) throw std::runtime_error("there is no golden " + name);
  std::string text, block(1 << 16, '\0');
  for (int count = 0; (count = gzread(file.get(), block.data(), static_cast<unsigned>(block.size()))) > 0;)
    text.append(block, 0, static_cast<std::size_t>(count));
  return std::istringstream(text);
}

TemporaryFolder::TemporaryFolder() {
  const auto* test = testing::UnitTest::GetInstance()->current_test_info();
  path_ = fs::temp_directory_path() / fmt::format("weft_{}_{}_{}", test->test_suite_name(), test->name(), getpid());
  fs::create_directories(path_);
}

TemporaryFolder::~TemporaryFolder() {
  std::error_code ignored;
  fs::remove_all(path_, ignored);
}

}  // namespace weft::sd
