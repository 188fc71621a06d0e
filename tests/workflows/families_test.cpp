// Whole text-to-images of scaled-down models of Stable Diffusion XL and 2 against diffusers
// (tests/reference/make_xl_pipeline_golden.py).
#include <ATen/ATen.h>
#include <fmt/format.h>
#include <gtest/gtest.h>

#include <cmath>
#include <fstream>

#include "nodes/sd/files/safetensors.h"
#include "nodes/sd/values/values.h"
#include "tests/nodes/family_models.h"
#include "tests/nodes/seeded_source.h"
#include "tests/nodes/small_models.h"
#include "tests/workflows/bench.h"

namespace weft::test {
namespace {

/// A folder with the usual vocabulary, and the autoencoder that the reference has.
void write_model(const std::filesystem::path& folder, const std::string& name) {
  sd::FamilyCase given = sd::family_case(name);
  for (auto& [part, config] : given.texts) {
    config.vocab = 49408;
    config.eos_id = 49407;
  }
  sd::write_family_folder(folder, given);
  const auto source = std::make_shared<sd::SeededSource>();
  const sd::VAEConfig vae{.block_channels = {16, 16, 32, 32}, .layers_per_block = 1, .norm_groups = 8};
  static_cast<void>(sd::AutoencoderKL(vae, sd::Weights(source)));
  std::filesystem::create_directories(folder / "vae");
  sd::write_safetensors(folder / "vae/diffusion_pytorch_model.safetensors", source->tensors());
  std::ofstream(folder / "vae/config.json") << R"({"norm_num_groups": 8})";
  if (name != "sd2") return;
  std::filesystem::create_directories(folder / "scheduler");
  std::ofstream(folder / "scheduler/scheduler_config.json") << R"({"prediction_type": "v_prediction"})";
}

class FamilyPipeline : public testing::TestWithParam<const char*> {};

TEST_P(FamilyPipeline, FourStepsGiveDiffusersPicture) {
  const std::string name = GetParam();
  const sd::TemporaryFolder models;
  write_model(models / "checkpoints/model", name);
  Bench bench({models / ""});
  const RunResult result = bench.run(R"({"weft": 1, "nodes": {
      "model": {"type": "checkpoint.load", "inputs": {"name": "model"}},
      "yes": {"type": "text.encode", "inputs": {"clip": {"link": "model.clip"}, "text": "a red boat on the sea at sunset"}},
      "no": {"type": "text.encode", "inputs": {"clip": {"link": "model.clip"}, "text": ""}},
      "empty": {"type": "latent.empty", "inputs": {"width": 128, "height": 96}},
      "sampler": {"type": "sample.ksampler", "inputs": {"model": {"link": "model.model"}, "positive": {"link": "yes.conditioning"},
          "negative": {"link": "no.conditioning"}, "latent": {"link": "empty.latent"}, "seed": 42, "steps": 4, "cfg": 4,
          "sampler": "ddim", "schedule": "ddim_uniform"}},
      "decode": {"type": "vae.decode", "inputs": {"latent": {"link": "sampler.latent"}, "vae": {"link": "model.vae"}}}}})",
      {"yes", "sampler", "decode"});
  ASSERT_TRUE(result.ok);

  const auto golden =
      sd::SafetensorsFile::open((source_folder() / "tests/workflows/golden/families.safetensors").string());
  const auto relative_error = [&](const at::Tensor& found, const std::string& what) {
    const at::Tensor expected = golden.tensor(name + "." + what);
    EXPECT_EQ(found.sizes(), expected.sizes());
    return ((found - expected).norm() / expected.norm()).item<double>();
  };
  const sd::ConditioningEntry& positive = output<Conditioning>(result, "yes").entries[0];
  EXPECT_LE(relative_error(positive.context.slice(1, 0, 77, 7), "context"), 1e-5);
  if (name == "xl") {
    EXPECT_LE(relative_error(positive.pooled, "pooled"), 1e-5);
  }
  EXPECT_LE(relative_error(output<Latent>(result, "sampler").samples, "latent"), 1e-3);
  const at::Tensor error =
      output<Image>(result, "decode").pixels().slice(1, 0, 96, 2).slice(2, 0, 128, 2) - golden.tensor(name + ".image");
  EXPECT_GE(-10 * std::log10(error.square().mean().item<double>()), 50) << "dB PSNR";
}

INSTANTIATE_TEST_SUITE_P(
    All, FamilyPipeline, testing::Values("xl", "sd2"), [](const auto& info) { return info.param; });

// Both texts, the sizes, and the error where a model reads one text alone.
TEST(EncodeXl, TellsTextsAndSizes) {
  const sd::TemporaryFolder models;
  write_model(models / "checkpoints/xl", "xl");
  write_model(models / "checkpoints/refiner", "refiner");
  Bench bench({models / ""});
  const auto workflow = [](const std::string& model) {
    return fmt::format(R"({{"weft": 1, "nodes": {{
      "model": {{"type": "checkpoint.load", "inputs": {{"name": "{}"}}}},
      "same": {{"type": "text.encode", "inputs": {{"clip": {{"link": "model.clip"}}, "text": "a boat"}}}},
      "long": {{"type": "text.encode_xl", "inputs": {{"clip": {{"link": "model.clip"}}, "text_g": "a boat", "text_l":
          "one two three four five six seven eight nine ten one two three four five six seven eight nine ten one two three four five six seven eight nine ten one two three four five six seven eight nine ten one two three four five six seven eight nine ten one two three four five six seven eight nine ten one two three four five six seven eight nine ten one two three four five six seven eight nine ten", "width": 640, "crop_left": 8}}}},
      "score": {{"type": "text.encode_xl_refiner", "inputs": {{"clip": {{"link": "model.clip"}}, "text": "a boat",
          "aesthetic_score": 3}}}}}}}})",
        model);
  };
  const RunResult result = bench.run(workflow("xl"), {"same", "long"});
  ASSERT_TRUE(result.ok);
  const sd::ConditioningEntry& same = output<Conditioning>(result, "same").entries[0];
  const sd::ConditioningEntry& longer = output<Conditioning>(result, "long").entries[0];
  EXPECT_FALSE(same.size.has_value());
  EXPECT_EQ(longer.size, (sd::PictureSize{1024, 640, 0, 8, 1024, 1024}));
  EXPECT_EQ(longer.context.sizes(), (at::IntArrayRef{1, 154, 192}));
  EXPECT_TRUE(longer.pooled.allclose(same.pooled, 1e-5, 1e-5)) << "of the larger encoder, which read the same";
  EXPECT_TRUE(longer.context.narrow(1, 0, 77).narrow(2, 64, 128).allclose(same.context.narrow(2, 64, 128), 1e-5, 1e-5));

  const RunResult refined = bench.run(workflow("refiner"), {"score"});
  EXPECT_EQ(output<Conditioning>(refined, "score").entries[0].aesthetic_score, 3);
  const RunResult refused = bench.run(workflow("refiner"), {"long"}, /*may_fail=*/true);
  ASSERT_FALSE(refused.ok);
}

}  // namespace
}  // namespace weft::test
