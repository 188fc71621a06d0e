// model.lora in workflows: which half it changes at which strength, and that it comes off again. What it does to a weight is
// held against the training libraries in tests/nodes/sd/adapters/.
#include <ATen/ATen.h>
#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "nodes/sd/files/safetensors.h"
#include "nodes/sd/values/values.h"
#include "tests/nodes/seeded_source.h"
#include "tests/nodes/small_models.h"
#include "tests/workflows/bench.h"

namespace weft::test {
namespace {

class LoraNodes : public testing::Test {
 protected:
  LoraNodes() {
    std::filesystem::create_directories(models_ / "loras");
    sd::TensorMap file;
    const auto add = [&](const std::string& layer, std::int64_t out, std::int64_t in) {
      file[layer + ".lora_up.weight"] = 0.3 * sd::seeded_normal(layer + "up", {out, 4});
      file[layer + ".lora_down.weight"] = 0.3 * sd::seeded_normal(layer + "down", {4, in});
    };
    add("lora_unet_down_blocks_1_attentions_0_transformer_blocks_0_attn2_to_v", 128, 128);
    add("lora_te_text_model_encoder_layers_0_mlp_fc1", 512, 128);
    sd::write_safetensors(models_ / "loras/ink.safetensors", file);
  }

  struct Made {
    at::Tensor context, latent;
  };
  Made made(double strength_model, double strength_clip) {
    const RunResult result = bench_.run(fmt::format(R"({{"weft": 1, "nodes": {{
        "model": {{"type": "checkpoint.load", "inputs": {{"name": "paper-cut"}}}},
        "lora": {{"type": "model.lora", "inputs": {{"model": {{"link": "model.model"}}, "clip": {{"link": "model.clip"}},
            "name": "ink.safetensors", "strength_model": {}, "strength_clip": {}}}}},
        "text": {{"type": "text.encode", "inputs": {{"clip": {{"link": "lora.clip"}}, "text": "a red boat"}}}},
        "plain": {{"type": "text.encode", "inputs": {{"clip": {{"link": "model.clip"}}, "text": "a red boat"}}}},
        "empty": {{"type": "latent.empty", "inputs": {{"width": 64, "height": 64}}}},
        "sampler": {{"type": "sample.ksampler", "inputs": {{"model": {{"link": "lora.model"}},
            "positive": {{"link": "plain.conditioning"}}, "negative": {{"link": "plain.conditioning"}},
            "latent": {{"link": "empty.latent"}}, "seed": 3, "steps": 2, "cfg": 1}}}}}}}})",
                                            strength_model, strength_clip),
        {"text", "sampler"});
    return {output<Conditioning>(result, "text").entries[0].context, output<Latent>(result, "sampler").samples};
  }

  const sd::TemporaryFolder models_;
  Bench bench_{{models_ / ""}};
};

TEST_F(LoraNodes, EachStrengthChangesItsHalfAndZeroNothing) {
  const Made plain = made(0, 0), model = made(1, 0), clip = made(0, 1), both = made(1, 1), half = made(0.5, 0.5);
  EXPECT_TRUE(model.context.equal(plain.context));
  EXPECT_FALSE(model.latent.allclose(plain.latent, 1e-3, 1e-3));
  EXPECT_TRUE(clip.latent.equal(plain.latent));
  EXPECT_FALSE(clip.context.allclose(plain.context, 1e-3, 1e-3));
  EXPECT_TRUE(both.context.equal(clip.context));
  EXPECT_TRUE(both.latent.equal(model.latent));
  EXPECT_FALSE(half.context.allclose(both.context, 1e-3, 1e-3));
  const Made again = made(0, 0);
  EXPECT_TRUE(again.context.equal(plain.context)) << "taken off, nothing is left of it";
  EXPECT_TRUE(again.latent.equal(plain.latent));
}

TEST_F(LoraNodes, BlocksHaveStrengthsOfTheirOwn) {
  const auto made_by = [&](const std::string& type, const std::string& more, bool may_fail = false) {
    return bench_.run(fmt::format(R"({{"weft": 1, "nodes": {{
        "model": {{"type": "checkpoint.load", "inputs": {{"name": "paper-cut"}}}},
        "lora": {{"type": "{}", "inputs": {{"model": {{"link": "model.model"}}, "clip": {{"link": "model.clip"}},
            "name": "ink.safetensors"{}}}}},
        "text": {{"type": "text.encode", "inputs": {{"clip": {{"link": "lora.clip"}}, "text": "a red boat"}}}},
        "empty": {{"type": "latent.empty", "inputs": {{"width": 64, "height": 64}}}},
        "sampler": {{"type": "sample.ksampler", "inputs": {{"model": {{"link": "lora.model"}},
            "positive": {{"link": "text.conditioning"}}, "negative": {{"link": "text.conditioning"}},
            "latent": {{"link": "empty.latent"}}, "seed": 3, "steps": 2, "cfg": 1}}}}}}}})",
                          type, more),
        {"sampler"}, may_fail);
  };
  const auto latent = [&](const std::string& type, const std::string& more) {
    return output<Latent>(made_by(type, more), "sampler").samples;
  };
  // The file changes down_blocks.1, which is IN03 of a model with one layer a level, and the text encoder (BASE).
  const auto blocks = [](double base, double in_3) {
    return fmt::format(R"(, "blocks": "{},1,1,1,{},1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1")", base, in_3);
  };
  const std::string by_blocks = "model.lora_blocks";
  EXPECT_TRUE(latent(by_blocks, blocks(1, 1)).equal(latent("model.lora", "")));
  EXPECT_TRUE(latent(by_blocks, blocks(1, 0)).equal(latent("model.lora", R"(, "strength_model": 0)")));
  EXPECT_TRUE(latent(by_blocks, blocks(1, 0.5)).equal(latent("model.lora", R"(, "strength_model": 0.5)")));
  EXPECT_TRUE(latent(by_blocks, blocks(0, 1)).equal(latent("model.lora", R"(, "strength_clip": 0)")));
  const RunResult failed = made_by("model.lora_blocks", R"(, "blocks": "1,2")", /*may_fail=*/true);
  ASSERT_EQ(failed.problems.size(), 1u);
  EXPECT_THAT(failed.problems[0].text(), testing::HasSubstr("2 numbers are of no model"));
}

}  // namespace
}  // namespace weft::test
