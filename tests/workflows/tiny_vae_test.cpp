// vae.load with the tiny autoencoder: ComfyUI's name for its two files, and a picture through both halves.
#include <ATen/ATen.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "import/comfyui/import.h"
#include "nodes/sd/families/checkpoint.h"
#include "nodes/sd/files/safetensors.h"
#include "nodes/sd/values/values.h"
#include "tests/nodes/seeded_source.h"
#include "tests/nodes/small_models.h"
#include "tests/workflows/bench.h"

namespace weft::test {
namespace {

using testing::HasSubstr;

/// Its author's file of one half: layers have numbers only, the decoder's one more than diffusers'.
void write_half(const std::filesystem::path& path, const std::string& which) {
  sd::VAEConfig config;
  config.tiny = true;
  config.block_channels = {16, 16, 16, 16};
  const auto source = std::make_shared<sd::SeededSource>();
  if (which == "encoder") {
    static_cast<void>(sd::VAEEncoder(config, sd::Weights(source)));
  } else {
    static_cast<void>(sd::VAEDecoder(config, sd::Weights(source)));
  }
  sd::TensorMap half;
  for (const auto& [name, tensor] : source->tensors()) {
    const std::string rest = name.substr(which.size() + std::string(".layers.").size());
    const std::size_t dot = rest.find('.');
    half[std::to_string(std::stoi(rest.substr(0, dot)) + (which == "decoder" ? 1 : 0)) + rest.substr(dot)] = tensor;
  }
  sd::write_safetensors(path, half);
}

class TinyVaeNodes : public testing::Test {
 protected:
  TinyVaeNodes() { std::filesystem::create_directories(models_ / "vae_approx"); }

  const sd::TemporaryFolder models_;
  Bench bench_{{models_ / ""}};
};

TEST_F(TinyVaeNodes, ComfyUIsNameStandsForTheTwoFilesInVaeApprox) {
  for (const std::string which : {"encoder", "decoder"})
    write_half(models_ / ("vae_approx/taesdxl_" + which + ".safetensors"), which);
  const auto comfy = nlohmann::json::parse(R"({
      "1": {"class_type": "VAELoader", "inputs": {"vae_name": "taesdxl"}},
      "3": {"class_type": "EmptyLatentImage", "inputs": {"width": 64, "height": 32, "batch_size": 1}},
      "4": {"class_type": "VAEDecode", "inputs": {"samples": ["3", 0], "vae": ["1", 0]}},
      "5": {"class_type": "VAEEncode", "inputs": {"pixels": ["4", 0], "vae": ["1", 0]}}})");
  const RunResult result = bench_.run(comfyui::import_workflow(comfy, bench_.registry(), "test").workflow, {"4", "5"});
  const Latent& latent = output<Latent>(result, "5");
  EXPECT_EQ(latent.samples.sizes(), at::IntArrayRef({1, 4, 4, 8}));
  EXPECT_EQ(latent.space.scale, 0.13025);
  // What the library gives for the same picture, whose numbers are held against diffusers.
  const at::Tensor picture = output<Image>(result, "4").pixels();
  EXPECT_EQ(picture.sizes(), at::IntArrayRef({1, 32, 64, 3}));
  const auto vae = sd::Checkpoint::open_vae(models_ / "vae_approx/taesdxl_encoder.safetensors");
  const at::Tensor expected =
      vae.vae_encoder(at::kCPU, at::kFloat).encode(picture.permute({0, 3, 1, 2}).contiguous() * 2 - 1);
  EXPECT_LT(((latent.samples - expected).norm() / expected.norm()).item<double>(), 0.05);
}

TEST_F(TinyVaeNodes, ADecoderAloneDecodesAndSaysWhatEncodingNeeds) {
  std::filesystem::create_directories(models_ / "vae");
  write_half(models_ / "vae/taesd_decoder.safetensors", "decoder");
  const RunResult result = bench_.run(R"({"weft": 1, "nodes": {
      "vae": {"type": "vae.load", "inputs": {"name": "taesd_decoder.safetensors"}},
      "empty": {"type": "latent.empty", "inputs": {"width": 64, "height": 64}},
      "decode": {"type": "vae.decode", "inputs": {"vae": {"link": "vae.vae"}, "latent": {"link": "empty.latent"}}},
      "encode": {"type": "vae.encode", "inputs": {"vae": {"link": "vae.vae"}, "image": {"link": "decode.image"}}}}})",
      {"decode", "encode"}, /*may_fail=*/true);
  EXPECT_EQ(output<Image>(result, "decode").pixels().size(2), 64);
  ASSERT_EQ(result.problems.size(), 1u);
  EXPECT_THAT(result.problems[0].text(), HasSubstr("half a tiny VAE: it has no encoder"));
}

}  // namespace
}  // namespace weft::test
