// The nodes that patch a U-Net or its guidance, each against ComfyUI's node of that kind on the same small U-Net
// (tests/reference/make_patch_golden.py): x0 at two noise levels, one after the other.
#include <ATen/ATen.h>
#include <ATen/core/grad_mode.h>
#include <fmt/format.h>
#include <gtest/gtest.h>

#include "nodes/sd/adapters/gligen_file.h"
#include "nodes/sd/families/checkpoint.h"
#include "nodes/sd/files/safetensors.h"
#include "nodes/sd/sampling/noise.h"
#include "nodes/sd/values/latent_operation.h"
#include "nodes/sd/values/values.h"
#include "tests/nodes/seeded_source.h"
#include "tests/nodes/small_models.h"
#include "tests/workflows/bench.h"

namespace weft::test {
namespace {

using nlohmann::json;

constexpr std::array<float, 2> kSigmas{6.0F, 2.5F};

sd::SmallModel patched_model() {
  sd::SmallModel model = sd::medium_model();
  model.unet.block_channels = {32, 64, 128, 128};
  return model;
}

sd::ConditioningEntries words(const std::string& side) {
  sd::ConditioningEntry entry;
  entry.context = sd::seeded_normal("patched." + side, {1, 7, 64});
  return {entry};
}

class PatchNodes : public testing::Test {
 protected:
  PatchNodes() { sd::write_folder(models_ / "checkpoints/patched", patched_model()); }

  /// The model that node `type` makes of the plain one. More nodes may come before it.
  Model model_of(const std::string& type, json inputs, const json& more = json::object()) {
    json nodes = more;
    nodes["checkpoint"] = {{"type", "checkpoint.load"}, {"inputs", {{"name", "patched"}}}};
    inputs["model"] = {{"link", "checkpoint.model"}};
    nodes["patch"] = {{"type", type}, {"inputs", inputs}};
    return output<Model>(bench_.run(json{{"weft", 1}, {"nodes", nodes}}.dump(), {"patch"}), "patch");
  }

  at::Tensor x0(const sd::DiffusionModel& model, double cfg, std::int64_t batch = 2) const {
    const auto positive = words("positive"), negative = words("negative");
    const auto x = [&](std::size_t i) {
      return sd::seeded_normal(fmt::format("patched.x{}", i), {2, 4, 32, 16}).narrow(0, 0, batch) * kSigmas[i];
    };
    const sd::GuidedDenoiser denoiser(model, positive, negative, x(0), {.cfg = cfg});
    std::vector<at::Tensor> kept;
    for (std::size_t i = 0; i < kSigmas.size(); ++i)
      kept.push_back(denoiser.x0(x(i), kSigmas[i]).flatten().slice(0, 0, std::nullopt, 29));
    return at::cat(kept);
  }

  void expect_as_in_comfyui(const std::string& name, const Model& model, double cfg = 6, std::int64_t batch = 2) {
    const at::Tensor expected = golden_.tensor(name), found = x0(*model.on({}), cfg, batch);
    ASSERT_EQ(found.sizes(), expected.sizes()) << name;
    EXPECT_LT(((found - expected).norm() / expected.norm()).item<double>(), 1e-5) << name;
  }
  void expect_as_in_comfyui(const std::string& name, const std::string& type, const json& inputs, double cfg = 6) {
    expect_as_in_comfyui(name, model_of(type, inputs), cfg);
  }

  const at::NoGradGuard no_grad_;
  const sd::TemporaryFolder models_;
  Bench bench_{{models_ / ""}};
  sd::SafetensorsFile golden_ =
      sd::SafetensorsFile::open(source_folder() / "tests/workflows/golden/patches.safetensors");
};

TEST_F(PatchNodes, PlainModelIsThatOfTheReference) { expect_as_in_comfyui("plain", "model.pag", {{"scale", 0}}); }

TEST_F(PatchNodes, FreeU) {
  expect_as_in_comfyui("freeu", "model.freeu", json::object());
  expect_as_in_comfyui("freeu_v2", "model.freeu_v2", json::object());
}

TEST_F(PatchNodes, RescaleCfg) { expect_as_in_comfyui("rescale_cfg", "model.rescale_cfg", json::object()); }

// The draws are those of torch's generator, seeded with 0.
TEST_F(PatchNodes, HyperTile) {
  expect_as_in_comfyui("hypertile", "model.hypertile", {{"tile_size", 32}, {"max_depth", 1}});
  expect_as_in_comfyui("hypertile_drawn", "model.hypertile",
      {{"tile_size", 16}, {"swap_size", 4}, {"max_depth", 1}, {"scale_depth", true}});
}

TEST_F(PatchNodes, HyperTileAsPublishedLetsATileAttendToItself) {
  // A tile as large as the picture on one side and half of it on the other: two pictures of half the height attend apart.
  const at::Tensor q = sd::seeded_normal("q", {2, 32 * 16, 32});
  const Model model = model_of("model.hypertile", {{"tile_size", 128}, {"layout", "tiles"}});
  const sd::Patches patches = sd::begun(model.on({})->patches);
  const std::string name = "down_blocks.0.attentions.0.transformer_blocks.0.attn1";
  sd::NetworkCall whole;
  whole.x = at::zeros({2, 4, 32, 16});
  whole.patches = patches;
  const auto to_mean = [](const sd::AttentionLayerCall& call) {
    return (call.x + call.k_context.mean(1, true) + 2 * call.v_context.mean(1, true)).contiguous();
  };
  const at::Tensor found = sd::patched_attention_layer(
      {.name = name, .self = true, .height = 32, .width = 16, .whole = whole, .x = q, .k_context = q, .v_context = q},
      to_mean);
  std::vector<at::Tensor> halves;
  for (const at::Tensor& half : q.chunk(2, 1)) halves.push_back(half + 3 * half.mean(1, true));
  EXPECT_TRUE(found.allclose(at::cat(halves, 1), 1e-5, 1e-5));
}

TEST_F(PatchNodes, TokenMerging) { expect_as_in_comfyui("tome", "model.tome", {{"ratio", 0.5}}); }

TEST_F(PatchNodes, PerturbedAttentionGuidance) {
  expect_as_in_comfyui("pag", "model.pag", json::object());
  expect_as_in_comfyui("pag_cfg1", "model.pag", json::object(), 1);
}

TEST_F(PatchNodes, SelfAttentionGuidance) {
  expect_as_in_comfyui("sag", "model.sag", json::object());
  expect_as_in_comfyui("sag_cfg1", "model.sag", {{"scale", 0.75}, {"blur_sigma", 1}}, 1);
}

TEST_F(PatchNodes, DeepShrink) {
  expect_as_in_comfyui(
      "shrink_after", "model.deep_shrink", {{"block_number", 2}, {"end_percent", 0.9}, {"upscale_method", "bislerp"}});
  expect_as_in_comfyui("shrink_before", "model.deep_shrink",
      {{"block_number", 3}, {"downscale_factor", 1.6}, {"end_percent", 1}, {"downscale_after_skip", false},
          {"downscale_method", "area"}, {"upscale_method", "nearest-exact"}});
}

TEST_F(PatchNodes, AdaptiveProjectedGuidance) {
  expect_as_in_comfyui("apg", "model.apg", {{"eta", 0.3}});
  expect_as_in_comfyui("apg_momentum", "model.apg", {{"eta", -0.5}, {"norm_threshold", 12}, {"momentum", 0.6}});
}

TEST_F(PatchNodes, WhatAStepCarriesOnIsForgottenByTheNextSampling) {
  const Model model = model_of("model.apg", {{"momentum", 0.6}});
  const auto network = model.on({});
  EXPECT_TRUE(x0(*network, 6).equal(x0(*network, 6)));
}

TEST_F(PatchNodes, TangentialDamping) { expect_as_in_comfyui("tcfg", "model.tcfg", json::object()); }

TEST_F(PatchNodes, NormalizedAttentionGuidance) {
  expect_as_in_comfyui("nag", "model.nag", json::object());
  expect_as_in_comfyui("nag_cfg1", "model.nag", {{"alpha", 0.25}, {"tau", 2.5}}, 1);
}

TEST_F(PatchNodes, CfgZeroStar) { expect_as_in_comfyui("cfg_zero_star", "model.cfg_zero_star", json::object()); }

TEST_F(PatchNodes, CfgNorm) {
  expect_as_in_comfyui("cfg_norm", "model.cfg_norm", {{"strength", 0.9}});
  expect_as_in_comfyui("cfg_norm_pre", "model.cfg_norm", {{"strength", 0.7}, {"pre_cfg", true}});
}

TEST_F(PatchNodes, Mahiro) {
  expect_as_in_comfyui("mahiro", "model.mahiro", json::object());
  expect_as_in_comfyui("mahiro_cfg1", "model.mahiro", json::object(), 1);
}

TEST_F(PatchNodes, EpsilonScaling) {
  expect_as_in_comfyui("epsilon_scaling", "model.epsilon_scaling", {{"scaling_factor", 1.05}});
}

TEST_F(PatchNodes, TemporalScoreRescaling) {
  expect_as_in_comfyui(
      "tsr", model_of("model.temporal_score_rescaling", {{"tsr_k", 0.8}, {"tsr_sigma", 2}}), 6, /*batch=*/1);
}

TEST_F(PatchNodes, FreSca) {
  expect_as_in_comfyui("fresca", "model.fresca", {{"scale_low", 0.8}, {"scale_high", 1.5}, {"freq_cutoff", 3}});
}

TEST_F(PatchNodes, AttentionFactors) {
  const json factors{{"q", 1.2}, {"k", 0.9}, {"v", 1.1}, {"out", 0.8}};
  expect_as_in_comfyui("self_attention", "model.multiply_self_attention", factors);
  expect_as_in_comfyui("cross_attention", "model.multiply_cross_attention", factors);
}

TEST_F(PatchNodes, ClipAttentionFactors) {
  const auto context = [&](const json& factors) {
    json inputs = factors;
    inputs["clip"] = {{"link", "checkpoint.clip"}};
    const json workflow{{"weft", 1},
        {"nodes",
            {{"checkpoint", {{"type", "checkpoint.load"}, {"inputs", {{"name", "paper-cut"}}}}},
                {"patch", {{"type", "model.multiply_clip_attention"}, {"inputs", inputs}}},
                {"text",
                    {{"type", "text.encode"},
                        {"inputs", {{"clip", {{"link", "patch.clip"}}}, {"text", "a red boat"}}}}}}}};
    return output<Conditioning>(bench_.run(workflow.dump(), {"text"}), "text").entries.at(0).context;
  };
  const at::Tensor plain = context(json::object());
  EXPECT_TRUE(context({{"q", 2}, {"k", 0.5}}).allclose(plain, 1e-4, 1e-5)) << "attention is of their product";
  for (const char* factor : {"q", "k", "v", "out"})
    EXPECT_FALSE(context({{factor, 1.5}}).allclose(plain, 1e-2, 1e-2)) << factor;
}

TEST_F(PatchNodes, GligenBoxesTravelInTheConditioning) {
  // For the paper-cut model: in its middle block alone.
  const auto plain = Bench().run(
      R"({"weft": 1, "nodes": {"checkpoint": {"type": "checkpoint.load", "inputs": {"name": "paper-cut"}}}})",
      {"checkpoint"});
  const Model model = output<Model>(plain, "checkpoint");
  const sd::UNetConfig& unet = model.checkpoint().unet_config();
  sd::GligenConfig config;
  config.token_width = unet.context_dim;
  config.text_width = unet.context_dim;
  config.widths["mid_block.attentions.0.transformer_blocks.0"] = unet.block_channels.back();
  const auto source = std::make_shared<sd::SeededSource>();
  static_cast<void>(sd::Gligen(config, sd::Weights(source)));
  std::filesystem::create_directories(models_ / "gligen");
  sd::TensorMap tensors = source->tensors();
  for (auto& [name, tensor] : tensors)
    if (name.ends_with("alpha_attn")) tensor = at::full({}, 3.0);
  sd::write_safetensors(models_ / "gligen/boxes.safetensors", tensors);

  const RunResult result = bench_.run(R"({"weft": 1, "nodes": {
      "checkpoint": {"type": "checkpoint.load", "inputs": {"name": "paper-cut"}},
      "gligen": {"type": "gligen.load", "inputs": {"name": "boxes.safetensors"}},
      "text": {"type": "text.encode", "inputs": {"clip": {"link": "checkpoint.clip"}, "text": "a red boat"}},
      "one": {"type": "conditioning.gligen_text_box", "inputs": {"conditioning": {"link": "text.conditioning"},
          "clip": {"link": "checkpoint.clip"}, "gligen": {"link": "gligen.gligen"}, "text": "a boat", "x": 16, "y": 24,
          "width": 32, "height": 40}},
      "two": {"type": "conditioning.gligen_text_box", "inputs": {"conditioning": {"link": "one.conditioning"},
          "clip": {"link": "checkpoint.clip"}, "gligen": {"link": "gligen.gligen"}, "text": "the sea"}},
      "phrase": {"type": "text.encode", "inputs": {"clip": {"link": "checkpoint.clip"}, "text": "a boat"}}}})",
      {"checkpoint", "text", "one", "two", "phrase"});
  const auto network = output<Model>(result, "checkpoint").on({});
  const float sigma = 5;
  const at::Tensor x = sd::initial_noise({1, 4, 24, 16}, 3) * sigma;
  const auto& text = output<Conditioning>(result, "text").entries;
  const auto& one = output<Conditioning>(result, "one").entries;
  EXPECT_EQ(one.at(0).patches.size(), 1u);
  EXPECT_EQ(output<Conditioning>(result, "two").entries.at(0).patches.size(), 1u) << "both boxes are one patch";
  const auto x0 = [&](const sd::ConditioningEntries& asked, const sd::Patches& patches = {}) {
    sd::DiffusionModel patched = *network;
    patched.patches = patches;
    return sd::GuidedDenoiser(patched, asked, text, x, {.cfg = 3}).x0(x, sigma);
  };
  const sd::Gligen gligen(config, sd::Weights(std::make_shared<sd::TensorMapSource>(tensors, "a test")));
  const sd::GligenBox box{
      .phrase = output<Conditioning>(result, "phrase").entries.at(0).pooled, .x = 2, .y = 3, .width = 4, .height = 5};
  const sd::Patch by_hand{.key = "by hand", .between = [&](const sd::TransformerPlace& place, const at::Tensor& h) {
                            return gligen.fused(place.name, h, gligen.tokens({box}, 24, 16));
                          }};
  const at::Tensor found = x0(one), expected = x0(text, {std::make_shared<const sd::Patch>(by_hand)});
  EXPECT_LT(((found - expected).norm() / expected.norm()).item<double>(), 1e-5) << "the negative side has it, too";
  EXPECT_GT(((found - x0(text)).norm() / expected.norm()).item<double>(), 1e-3);
}

TEST_F(PatchNodes, OperationsOnGuidance) {
  const auto with = [&](const std::string& type, const json& inputs) {
    return model_of("model.apply_latent_operation", {{"operation", {{"link", "op.operation"}}}},
        {{"op", {{"type", type}, {"inputs", inputs}}}});
  };
  expect_as_in_comfyui("reinhard", with("latent.tone_map", {{"multiplier", 0.8}}));
  expect_as_in_comfyui("sharpen", with("latent.sharpen", {{"radius", 3}, {"sigma", 0.7}, {"amount", 0.2}}));
}

TEST_F(PatchNodes, AnOperationOnALatentIsThatOnGuidance) {
  const RunResult result = bench_.run(R"({"weft": 1, "nodes": {
      "empty": {"type": "latent.empty", "inputs": {"width": 64, "height": 64}},
      "noisy": {"type": "latent.noise", "inputs": {"latent": {"link": "empty.latent"}}},
      "op": {"type": "latent.tone_map"},
      "apply": {"type": "latent.apply_operation", "inputs": {"latent": {"link": "noisy.noise"},
          "operation": {"link": "op.operation"}}}}})",
      {"noisy", "op", "apply"});
  const at::Tensor expected = output<LatentOperation>(result, "op").apply(output<Latent>(result, "noisy").samples);
  EXPECT_TRUE(output<Latent>(result, "apply").samples.equal(expected));
}

TEST_F(PatchNodes, ARadiusLargerThanTheLatentIsRefused) {
  const RunResult result = bench_.run(R"({"weft": 1, "nodes": {
      "empty": {"type": "latent.empty", "inputs": {"width": 64, "height": 64}},
      "op": {"type": "latent.sharpen"},
      "apply": {"type": "latent.apply_operation", "inputs": {"latent": {"link": "empty.latent"},
          "operation": {"link": "op.operation"}}}}})",
      {"apply"}, /*may_fail=*/true);
  EXPECT_FALSE(result.ok);
}

TEST_F(PatchNodes, DynamicThresholding) {
  expect_as_in_comfyui("thresholding_simple", "model.dynamic_thresholding_simple",
      {{"mimic_scale", 3}, {"threshold_percentile", 0.9}}, 9);
  const auto full = [](double percentile, const char* mimic, double mimic_least, const char* cfg, double cfg_least,
                        double value, bool channels, const char* start, const char* measure, double phi) {
    return json{{"mimic_scale", 3}, {"threshold_percentile", percentile}, {"mimic_mode", mimic},
        {"mimic_scale_min", mimic_least}, {"cfg_mode", cfg}, {"cfg_scale_min", cfg_least}, {"sched_val", value},
        {"separate_feature_channels", channels}, {"scaling_startpoint", start}, {"variability_measure", measure},
        {"interpolate_phi", phi}};
  };
  const std::string type = "model.dynamic_thresholding";
  expect_as_in_comfyui(
      "thresholding_channels", type, full(0.95, "Half Cosine Up", 1, "Power Down", 2, 2, true, "MEAN", "AD", 0.7), 9);
  expect_as_in_comfyui(
      "thresholding_zero", type, full(0.95, "Linear Repeating", 1, "Sawtooth", 2, 3.3, false, "ZERO", "AD", 1), 9);
  expect_as_in_comfyui(
      "thresholding_std", type, full(1, "Cosine Repeating", 0.5, "Linear Down", 1, 1.5, true, "MEAN", "STD", 1), 9);
}

/// Counts how often the U-Net or one of its blocks is asked, on a slow way down.
class StepCaches : public PatchNodes {
 protected:
  void expect_as_in_reference(const std::string& name, const std::string& type, const json& inputs, double cfg,
      std::size_t calls, std::size_t middles) {
    sd::DiffusionModel model = *model_of(type, inputs).on({});
    std::size_t asked = 0, deep = 0;
    sd::Patch count{.key = "count"};
    model.network = [&, network = model.network](const sd::NetworkCall& call) {
      ++asked;
      return network(call);
    };
    count.block = [&](const std::string& block, const at::Tensor& h) {
      deep += block == "mid_block.0" ? 1 : 0;
      return h;
    };
    model.patches.push_back(std::make_shared<const sd::Patch>(count));
    const auto positive = words("positive"), negative = words("negative");
    const at::Tensor noise = sd::seeded_normal("patched.slow", {2, 4, 32, 16}),
                     calm = 0.5 * sd::seeded_normal("patched.calm", {2, 4, 32, 16});
    const sd::GuidedDenoiser denoiser(model, positive, negative, noise, {.cfg = cfg});
    std::vector<at::Tensor> kept;
    for (int t = 900; t > 100; t -= 50) {
      const float sigma = model.table.sigma(static_cast<float>(t));
      kept.push_back(denoiser.x0(noise * sigma + calm, sigma).flatten().slice(0, 0, std::nullopt, 131));
    }
    const at::Tensor expected = golden_.tensor(name), found = at::cat(kept);
    ASSERT_EQ(found.sizes(), expected.sizes()) << name;
    EXPECT_LT(((found - expected).norm() / expected.norm()).item<double>(), 1e-5) << name;
    EXPECT_EQ(asked, calls) << name;
    EXPECT_EQ(deep, middles) << name;
  }
};

// The numbers of calls are those that ComfyUI counts, of 16.
TEST_F(StepCaches, LeaveOutWhatComfyuisLeaveOut) {
  expect_as_in_reference("easy_cache", "model.easy_cache", {{"reuse_threshold", 0.3}}, 6, 9, 9);
  expect_as_in_reference("lazy_cache", "model.lazy_cache", {{"reuse_threshold", 1}}, 6, 6, 6);
}

TEST_F(StepCaches, OfDeepFeaturesAreThePublishedOnes) {
  expect_as_in_reference("deep_cache0", "model.deep_cache", {{"interval", 3}}, 1, 16, 6);
  expect_as_in_reference("deep_cache1", "model.deep_cache", {{"interval", 3}, {"branch", 1}}, 1, 16, 6);
}

TEST_F(PatchNodes, PerpNegMeasuresFromAnEmptyText) {
  // The node takes an encoded text; the golden's is seeded, so the patch gets it in its place.
  const Model model = model_of("model.perp_neg", {{"neg_scale", 0.8}, {"empty", {{"link", "empty.conditioning"}}}},
      {{"other", {{"type", "checkpoint.load"}, {"inputs", {{"name", "paper-cut"}}}}},
          {"empty", {{"type", "text.encode"}, {"inputs", {{"clip", {{"link", "other.clip"}}}, {"text", ""}}}}}});
  sd::DiffusionModel seeded = *model.on({});
  ASSERT_EQ(seeded.patches.size(), 1u);
  sd::Patch patch = *seeded.patches[0];
  ASSERT_EQ(patch.side->size(), 1u);
  patch.side = std::make_shared<const sd::ConditioningEntries>(words("empty"));
  seeded.patches = {std::make_shared<const sd::Patch>(patch)};
  const at::Tensor expected = golden_.tensor("perp_neg");
  EXPECT_LT(((x0(seeded, 6) - expected).norm() / expected.norm()).item<double>(), 1e-5);
}

}  // namespace
}  // namespace weft::test
