// The tiny autoencoder (TAESD) against diffusers (tests/reference/make_tiny_vae_golden.py), in all forms that its files have.
#include <ATen/ATen.h>
#include <ATen/core/grad_mode.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>

#include "nodes/sd/families/checkpoint.h"
#include "nodes/sd/files/model_error.h"
#include "tests/nodes/seeded_source.h"
#include "tests/nodes/small_models.h"

namespace weft::sd {
namespace {

using testing::HasSubstr;

constexpr double kScale = 0.18215, kScaleXL = 0.13025;

double relative_error(const at::Tensor& found, const at::Tensor& expected) {
  return ((found - expected).norm() / expected.norm()).item<double>();
}

TensorMap by_names_of_diffusers() {
  VAEConfig config;
  config.tiny = true;
  config.block_channels = {16, 16, 16, 16};
  const auto source = std::make_shared<SeededSource>();
  static_cast<void>(VAEEncoder(config, Weights(source)));
  static_cast<void>(VAEDecoder(config, Weights(source)));
  return source->tensors();
}

/// Its author's: numbers alone, the decoder's one more than diffusers'.
TensorMap half(const std::string& which, const std::string& prefix = "") {
  TensorMap result;
  for (const auto& [name, tensor] : by_names_of_diffusers()) {
    if (!name.starts_with(which)) continue;
    const std::string rest = name.substr(which.size() + std::string(".layers.").size());
    const std::size_t dot = rest.find('.');
    const int number = std::stoi(rest.substr(0, dot)) + (which == "decoder" ? 1 : 0);
    result[prefix + std::to_string(number) + rest.substr(dot)] = tensor;
  }
  return result;
}

class TinyVAE : public testing::Test {
 protected:
  void expect_as_diffusers(const std::filesystem::path& path, double scale) const {
    const Checkpoint vae = Checkpoint::open_vae(path);
    EXPECT_TRUE(vae.unused().empty());
    EXPECT_EQ(vae.vae_config().space().downscale, 8);
    EXPECT_EQ(vae.vae_config().space().scale, scale);
    const auto golden_file = SafetensorsFile::open(golden("tiny_vae.safetensors"));
    const at::Tensor picture = seeded_normal("picture", {1, 3, 24, 16}).tanh();
    const at::Tensor latent = 2 * seeded_normal("latent", {1, 4, 3, 2});
    const at::NoGradGuard no_grad;
    EXPECT_LT(
        relative_error(vae.vae_encoder(at::kCPU, at::kFloat).encode(picture) * scale, golden_file.tensor("encoded")),
        1e-5);
    EXPECT_LT(
        relative_error(vae.vae_decoder(at::kCPU, at::kFloat).decode(latent / scale), golden_file.tensor("decoded")),
        1e-5);
  }

  std::string error_of(const std::function<void()>& action) const {
    try {
      action();
    } catch (const ModelError& error) {
      return error.what();
    }
    return "no error";
  }

  TemporaryFolder folder_;
};

TEST_F(TinyVAE, TwoFilesOfItsAuthorAreOneByEitherName) {
  for (const std::string name : {"taesd", "taesdxl"}) {
    write_safetensors(folder_ / (name + "_encoder.safetensors"), half("encoder"));
    write_safetensors(folder_ / (name + "_decoder.safetensors"), half("decoder"));
    for (const char* which : {"_encoder.safetensors", "_decoder.safetensors"})
      expect_as_diffusers(folder_ / (name + which), name == "taesd" ? kScale : kScaleXL);
  }
}

TEST_F(TinyVAE, FilesWithBothAreRead) {
  write_safetensors(folder_ / "tiny.safetensors", by_names_of_diffusers());
  expect_as_diffusers(folder_ / "tiny.safetensors", kScale);
  TensorMap both = half("encoder", "taesd_encoder.");
  both.merge(half("decoder", "taesd_decoder."));
  write_safetensors(folder_ / "tiny_sdxl.safetensors", both);
  expect_as_diffusers(folder_ / "tiny_sdxl.safetensors", kScaleXL);
  write_safetensors(folder_ / "said.safetensors", both, {{"weft.vae.scaling_factor", "0.5"}});
  expect_as_diffusers(folder_ / "said.safetensors", 0.5);
}

TEST_F(TinyVAE, AFolderOfDiffusersIsRead) {
  std::filesystem::create_directories(folder_ / "taesdxl");
  write_safetensors(folder_ / "taesdxl/diffusion_pytorch_model.safetensors", by_names_of_diffusers());
  std::ofstream(folder_ / "taesdxl/config.json")
      << R"({"_class_name": "AutoencoderTiny", "act_fn": "relu", "scaling_factor": 1.0, "latent_magnitude": 3})";
  expect_as_diffusers(folder_ / "taesdxl", kScaleXL);
  std::ofstream(folder_ / "taesdxl/config.json") << R"({"_class_name": "AutoencoderTiny", "act_fn": "silu"})";
  EXPECT_THAT(error_of([&] { Checkpoint::open_vae(folder_ / "taesdxl"); }), HasSubstr("act_fn"));
}

TEST_F(TinyVAE, HalfOfOneDecodesAndSaysThatItCannotEncode) {
  write_safetensors(folder_ / "taesd_decoder.safetensors", half("decoder"));
  const Checkpoint vae = Checkpoint::open_vae(folder_ / "taesd_decoder.safetensors");
  EXPECT_EQ(vae.vae_decoder(at::kCPU, at::kFloat).decode(at::zeros({1, 4, 2, 2})).size(3), 16);
  EXPECT_THAT(
      error_of([&] { vae.vae_encoder(at::kCPU, at::kFloat); }), HasSubstr("is half a tiny VAE: it has no encoder"));
}

TEST_F(TinyVAE, OthersOfItsKindAreRefused) {
  TensorMap of_sd3 = half("decoder");
  of_sd3["1.weight"] = at::zeros({16, 16, 3, 3});
  write_safetensors(folder_ / "taesd3_decoder.safetensors", of_sd3);
  EXPECT_THAT(error_of([&] { Checkpoint::open_vae(folder_ / "taesd3_decoder.safetensors"); }),
      HasSubstr("is a tiny VAE for latents of 16 channels"));
  TensorMap damaged = half("decoder");
  damaged.erase("8.conv.2.bias");
  write_safetensors(folder_ / "d.safetensors", damaged);
  EXPECT_THAT(
      error_of([&] { Checkpoint::open_vae(folder_ / "d.safetensors"); }), HasSubstr("decoder.layers.7.conv.2.bias"));
}

}  // namespace
}  // namespace weft::sd
