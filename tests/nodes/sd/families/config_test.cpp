// What config.json and scheduler_config.json say: either it counts, as in diffusers, or a message says that
// it does not.
#include <ATen/ATen.h>
#include <ATen/core/grad_mode.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <fstream>
#include <nlohmann/json.hpp>

#include "nodes/sd/families/checkpoint.h"
#include "nodes/sd/families/scheduler_config.h"
#include "nodes/sd/files/model_error.h"
#include "tests/nodes/seeded_source.h"
#include "tests/nodes/small_models.h"

namespace weft::sd {
namespace {

namespace fs = std::filesystem;
using nlohmann::json;
using testing::AllOf;
using testing::Contains;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

class Configs : public testing::Test {
 protected:
  void SetUp() override { write_folder(model_, small_model()); }

  /// The folder with `changes` merged into one of its files.
  Checkpoint opened_with(const std::string& name, const json& changes) const {
    const json before = fs::exists(model_ / name) ? json::parse(std::ifstream(model_ / name)) : json::object();
    json after = before;
    after.update(changes);
    fs::create_directories((model_ / name).parent_path());
    std::ofstream(model_ / name) << after;
    const auto put_back = [&] { std::ofstream(model_ / name) << before; };
    try {
      Checkpoint model = Checkpoint::open(model_);
      put_back();
      return model;
    } catch (const ModelError&) {
      put_back();
      throw;
    }
  }
  Checkpoint with_scheduler(const json& config) const { return opened_with("scheduler/scheduler_config.json", config); }
  std::string error_with(const std::string& name, const json& changes) const {
    try {
      opened_with(name, changes);
    } catch (const ModelError& error) {
      EXPECT_THAT(error.what(), HasSubstr(model_.string()));
      return error.what();
    }
    return "no error";
  }

  TemporaryFolder folder_;
  fs::path model_ = folder_ / "model";
};

// tests/reference/make_variant_golden.py: diffusers' own tables.
TEST_F(Configs, SchedulersTrainAsInDiffusers) {
  for (const json& reference : json::parse(std::ifstream(golden("schedulers.json")))) {
    SCOPED_TRACE(reference["name"]);
    const Checkpoint model = with_scheduler(reference["config"]);
    const auto sigmas = model.noise_table().sigmas();
    ASSERT_EQ(sigmas.size(), reference["timesteps"].get<std::size_t>());
    for (const auto& [place, alpha] : reference["alphas_cumprod"].items()) {
      if (alpha.get<double>() == 0) continue;  // no signal at all: an infinite sigma
      const double expected = std::sqrt((1 - alpha.get<double>()) / alpha.get<double>());
      EXPECT_NEAR(sigmas[std::stoul(place)] / expected, 1, 3e-4) << place;
    }
  }
}

TEST_F(Configs, ZeroTerminalSnrEndsAtAFiniteSigmaAsInComfyUI) {
  const json usual{{"beta_start", 0.00085}, {"beta_end", 0.012}, {"beta_schedule", "scaled_linear"}};
  json zero = usual;
  zero["rescale_betas_zero_snr"] = true;
  EXPECT_NEAR(with_scheduler(usual).noise_table().sigma_max(), 14.61, 0.01);
  EXPECT_NEAR(with_scheduler(zero).noise_table().sigma_max(), 4518.8, 0.5);
  EXPECT_NEAR(with_scheduler({{"rescale_betas_zero_snr", true}}).noise_table().sigma_max(), 4518.8, 0.5);
}

TEST_F(Configs, OfStableDiffusionIsExactlyItsOwnTable) {
  const Checkpoint model = with_scheduler({{"beta_start", 0.00085}, {"beta_end", 0.012},
      {"beta_schedule", "scaled_linear"}, {"trained_betas", nullptr}, {"num_train_timesteps", 1000}});
  const NoiseTable usual = NoiseTable::stable_diffusion();
  EXPECT_TRUE(std::ranges::equal(model.noise_table().sigmas(), usual.sigmas()));
  EXPECT_THAT(model.ignored(), IsEmpty());
}

TEST_F(Configs, WhatTheWorkflowDecidesInsteadIsTold) {
  const auto told = [&](const json& config) { return with_scheduler(config).ignored(); };
  for (const json& config : std::vector<json>{{{"timestep_spacing", "trailing"}}, {{"steps_offset", 1}},
           {{"set_alpha_to_one", false}}, {{"clip_sample", true}}, {{"thresholding", true}},
           {{"use_karras_sigmas", true}}, {{"final_sigmas_type", "sigma_min"}}}) {
    EXPECT_THAT(told(config),
        ElementsAre(AllOf(HasSubstr("scheduler_config.json: " + config.begin().key() + " has no effect"))))
        << config;
  }
  EXPECT_THAT(told({{"clip_sample", false}, {"use_karras_sigmas", false}, {"timestep_spacing", nullptr},
                  {"set_alpha_to_one", true}, {"_class_name", "DDIMScheduler"}, {"skip_prk_steps", true}}),
      IsEmpty());
  EXPECT_THAT(told({{"timestep_spacing", "leading"}, {"steps_offset", 1}}),
      ElementsAre(HasSubstr("timestep_spacing, steps_offset have no effect: the nodes of the workflow choose")));
}

TEST_F(Configs, SchedulersThatAreNoneAreRefused) {
  const auto error = [&](const json& config) { return error_with("scheduler/scheduler_config.json", config); };
  EXPECT_THAT(error({{"prediction_type", "sample"}}), HasSubstr("prediction type \"sample\""));
  EXPECT_THAT(error({{"beta_schedule", "laplace"}}), HasSubstr("beta_schedule is \"laplace\""));
  EXPECT_THAT(error({{"beta_start", "low"}}), HasSubstr("beta_start is \"low\""));
  EXPECT_THAT(error({{"beta_start", 0}}), HasSubstr("above 0 and below 1"));
  EXPECT_THAT(error({{"beta_end", 1.5}}), HasSubstr("above 0 and below 1"));
  EXPECT_THAT(error({{"trained_betas", {0.1, "x"}}}), HasSubstr("a list of numbers"));
  EXPECT_THAT(error({{"trained_betas", json::array()}}), HasSubstr("noise schedule (betas) is damaged"));
  EXPECT_THAT(error({{"trained_betas", {0.1, 1.0}}}), HasSubstr("noise schedule (betas) is damaged"));
  EXPECT_THAT(error({{"trained_betas", std::vector<double>(1000, 0.9)}}), HasSubstr("leave some signal"));
  EXPECT_THAT(error({{"beta_end", 0.02}, {"num_train_timesteps", 1}}), HasSubstr("noise schedule (betas) is damaged"));
  EXPECT_THAT(error({{"beta_end", 0.02}, {"num_train_timesteps", -5}}), HasSubstr("must be a positive number"));
  EXPECT_THAT(error({{"beta_end", 0.02}, {"num_train_timesteps", 1e12}}), HasSubstr("a whole number"));
  EXPECT_THAT(error({{"beta_end", 0.02}, {"num_train_timesteps", 1'000'000'000}}),
      HasSubstr("num_train_timesteps is 1000000000: it must be a positive number, 1000000 at most"));
  EXPECT_THAT(error({{"trained_betas", std::vector<double>(500, 0.01)}, {"num_train_timesteps", 1000}}),
      AllOf(HasSubstr("scheduler_config.json: trained_betas has 500 numbers, and num_train_timesteps is 1000"),
          HasSubstr("they must be as many: download it again")));
  EXPECT_THAT(error({{"rescale_betas_zero_snr", "yes"}}), HasSubstr("true or false"));
  EXPECT_THAT(error({{"_class_name", "FlowMatchEulerDiscreteScheduler"}}), HasSubstr("noise is of another kind"));
}

/// Whatever stands in a configuration, it is a ModelError or a model that can be built.
TEST_F(Configs, SurviveNonsenseInEachKey) {
  const std::vector<json> nonsense{
      true, -1, 0, 1.5, 1e300, 18446744073709551615u, "", "x", json::array(), {1, "a"}, {{"a", 1}}};
  const std::map<std::string, std::vector<const char*>> keys{
      {"scheduler/scheduler_config.json",
          {"beta_start", "beta_end", "beta_schedule", "trained_betas", "num_train_timesteps", "rescale_betas_zero_snr",
              "prediction_type", "timestep_spacing", "steps_offset", "_class_name"}},
      {"unet/config.json",
          {"act_fn", "flip_sin_to_cos", "freq_shift", "norm_eps", "mid_block_type", "norm_num_groups",
              "attention_head_dim", "_class_name"}},
      {"vae/config.json", {"act_fn", "latents_mean", "shift_factor", "scaling_factor", "norm_num_groups"}},
      {"text_encoder/config.json", {"hidden_act", "layer_norm_eps", "eos_token_id", "num_attention_heads"}},
      {"model_index.json", {"vae", "text_encoder", "label_encoder", "_class_name"}}};
  int refused = 0;
  for (const auto& [name, of_file] : keys)
    for (const char* key : of_file)
      for (const json& value : nonsense) refused += error_with(name, {{key, value}}) != "no error";
  EXPECT_GT(refused, 150);
  for (const auto& [name, of_file] : keys) {
    const std::string before = fs::exists(model_ / name) ? json::parse(std::ifstream(model_ / name)).dump() : "";
    for (const std::string& text : {std::string(), std::string("[1]"), std::string("{\"a\":"),
             std::string(100'000, '{'), std::string(100'000, '[')}) {
      std::ofstream(model_ / name) << text;
      EXPECT_THROW(Checkpoint::open(model_), ModelError) << name;
    }
    std::ofstream(model_ / name) << (before.empty() ? "{}" : before);
  }
}

TEST_F(Configs, OfOtherNetworksAreRefused) {
  EXPECT_THAT(error_with("unet/config.json", {{"act_fn", "gelu"}}),
      HasSubstr("act_fn is \"gelu\": it must be \"silu\" or \"swish\""));
  EXPECT_THAT(
      error_with("unet/config.json", {{"center_input_sample", true}}), HasSubstr("center_input_sample is true"));
  EXPECT_THAT(error_with("unet/config.json", {{"class_embed_type", "timestep"}}), HasSubstr("class_embed_type"));
  EXPECT_THAT(
      error_with("unet/config.json", {{"only_cross_attention", {false, true}}}), HasSubstr("only_cross_attention"));
  EXPECT_EQ(error_with("unet/config.json", {{"only_cross_attention", {false, false}}, {"mid_block_scale_factor", 1.0}}),
      "no error");
  EXPECT_THAT(error_with("unet/config.json", {{"norm_eps", 0}}), HasSubstr("norm_eps is 0"));
  EXPECT_THAT(error_with("unet/config.json", {{"freq_shift", 16}}), HasSubstr("freq_shift is 16"));
  EXPECT_THAT(error_with("vae/config.json", {{"act_fn", "relu"}}), HasSubstr("act_fn is \"relu\""));
  EXPECT_THAT(error_with("vae/config.json", {{"scaling_factor", 0}}), HasSubstr("scaling_factor is 0"));
  EXPECT_THAT(
      error_with("text_encoder/config.json", {{"hidden_act", "gelu_new"}}), HasSubstr("activation \"gelu_new\""));
}

TEST_F(Configs, OfOtherClassesAreRefused) {
  EXPECT_THAT(error_with("vae/config.json", {{"_class_name", "AutoencoderDC"}}),
      HasSubstr("vae/config.json: _class_name is \"AutoencoderDC\": it must be \"AutoencoderKL\""));
  EXPECT_THAT(error_with("unet/config.json", {{"_class_name", "UNet3DConditionModel"}}),
      HasSubstr("unet/config.json: _class_name is \"UNet3DConditionModel\""));
  EXPECT_EQ(error_with("vae/config.json", {{"_class_name", "AutoencoderKL"}}), "no error");
  EXPECT_EQ(error_with("unet/config.json", {{"_class_name", "UNet2DConditionModel"}}), "no error");
}

TEST_F(Configs, ThatContradictTheWeightsAreRefused) {
  EXPECT_THAT(error_with("unet/config.json", {{"mid_block_type", nullptr}}),
      AllOf(HasSubstr("unet/config.json: mid_block_type is null, and the weights have a mid block"),
          HasSubstr("download the whole folder")));
  EXPECT_EQ(error_with("unet/config.json", {{"mid_block_type", "UNetMidBlock2DCrossAttn"}}), "no error");
  const bool attends = small_model().vae.mid_attention;
  EXPECT_THAT(error_with("vae/config.json", {{"mid_block_add_attention", !attends}}),
      HasSubstr("vae/config.json: mid_block_add_attention is "));
  EXPECT_EQ(error_with("vae/config.json", {{"mid_block_add_attention", attends}}), "no error");
}

// diffusers' pipelines of Stable Diffusion 1 do not look at them.
TEST_F(Configs, LatentStatisticsOfAVAEAreToldToHaveNoEffect) {
  EXPECT_THAT(opened_with("vae/config.json", {{"shift_factor", 0.1}, {"latents_mean", {0.1, 0.2, 0.3, 0.4}}}).ignored(),
      ElementsAre(HasSubstr("vae/config.json: latents_mean, shift_factor have no effect")));
  EXPECT_THAT(opened_with("vae/config.json", {{"shift_factor", nullptr}}).ignored(), IsEmpty());
}

// tests/reference/make_variant_golden.py: diffusers' networks with these keys. BK-SDM-small has no middle
// block.
TEST(ConfigGolden, UNetWithoutMiddleAndWithOtherTimestepsAgrees) {
  const auto expected = SafetensorsFile::open(golden("networks_variants.safetensors"));
  SmallModel model = small_model();
  model.unet = {.block_channels = {32, 64},
      .layers_per_block = 1,
      .depths = AttentionDepths::by_level({1, 0}, 1, 0),
      .context_dim = 32,
      .heads = 4,
      .norm_groups = 16,
      .middle = MiddleBlock::None,
      .norm_eps = 1e-3,
      .flip_sin_to_cos = false,
      .freq_shift = 1};
  const TemporaryFolder folder;
  write_folder(folder / "model", model);
  const auto configure = [&](const json& mid_block) {
    std::ofstream(folder / "model/unet/config.json")
        << json{{"attention_head_dim", 4}, {"norm_num_groups", 16}, {"mid_block_type", mid_block}, {"norm_eps", 1e-3},
               {"flip_sin_to_cos", false}, {"freq_shift", 1}, {"act_fn", "silu"}};
  };
  configure(nullptr);
  const at::NoGradGuard no_grad;
  const at::Tensor noise = Checkpoint::open(folder / "model")
                               .unet(at::kCPU, at::kFloat)
                               .forward({.x = seeded_normal("input.unet.x", {2, 4, 7, 10}),
                                   .timesteps = at::tensor({3, 987}),
                                   .context = seeded_normal("input.unet.context", {2, 77, 32})});
  EXPECT_LT(((noise - expected.tensor("unet")).norm() / noise.norm()).item<double>(), 1e-5);
  EXPECT_TRUE(timestep_embedding(at::tensor({3, 987}), 8, false, 1)
          .allclose(expected.tensor("timestep_embedding"), 1e-5, 1e-5));
  configure("UNetMidBlock2DCrossAttn");
  EXPECT_THROW(Checkpoint::open(folder / "model"), ModelError);  // then it is incomplete
}

/// The first latent consistency models: cfg is an input of the network.
TEST(ConfigGolden, UNetThatTakesGuidanceAgrees) {
  const auto expected = SafetensorsFile::open(golden("networks_variants.safetensors"));
  SmallModel model = small_model();
  model.unet = {.block_channels = {32, 64},
      .layers_per_block = 1,
      .depths = AttentionDepths::by_level({1, 0}, 1, 0),
      .context_dim = 32,
      .heads = 4,
      .norm_groups = 16,
      .middle = MiddleBlock::None,
      .guidance_width = 8,
      .norm_eps = 1e-3,
      .flip_sin_to_cos = false,
      .freq_shift = 1};
  const TemporaryFolder folder;
  write_folder(folder / "model", model);
  std::ofstream(folder / "model/unet/config.json")
      << json{{"attention_head_dim", 4}, {"norm_num_groups", 16}, {"mid_block_type", nullptr}, {"norm_eps", 1e-3},
             {"flip_sin_to_cos", false}, {"freq_shift", 1}, {"time_cond_proj_dim", 8}};
  const Checkpoint checkpoint = Checkpoint::open(folder / "model");
  EXPECT_EQ(checkpoint.unet_config().guidance_width, 8);
  EXPECT_THAT(checkpoint.unused(), IsEmpty());
  EXPECT_THAT(checkpoint.ignored(), IsEmpty());
  const at::NoGradGuard no_grad;
  NetworkCall call;
  call.x = seeded_normal("input.unet.x", {2, 4, 7, 10});
  call.timesteps = at::tensor({3, 987});
  call.context = seeded_normal("input.unet.context", {2, 77, 32});
  call.guidance = at::tensor({7.5, 0.0});
  const UNet unet = checkpoint.unet(at::kCPU, at::kFloat);
  const at::Tensor noise = unet.forward(call), wanted = expected.tensor("unet.guidance");
  EXPECT_LT(((noise - wanted).norm() / noise.norm()).item<double>(), 1e-5);
  call.guidance = at::Tensor();
  EXPECT_LT((unet.forward(call)[1] - noise[1]).abs().max().item<double>(), 1e-5) << "not said: 0";
  EXPECT_GT((unet.forward(call)[0] - noise[0]).abs().max().item<double>(), 1e-3);
}

TEST(ConfigGolden, TextEncoderWithALearnedWordPoolsAtIt) {
  const auto expected = SafetensorsFile::open(golden("networks_variants.safetensors"));
  const TemporaryFolder folder;
  write_folder(folder / "model", small_model());
  const auto encode = [&](std::int64_t eos) {
    std::ofstream(folder / "model/text_encoder/config.json") << json{
        {"num_attention_heads", 4}, {"hidden_act", "quick_gelu"}, {"layer_norm_eps", 1e-2}, {"eos_token_id", eos}};
    const at::NoGradGuard no_grad;
    return Checkpoint::open(folder / "model")
        .text_encoder(at::kCPU, at::kFloat)
        .forward(at::tensor({62, 5, 63, 7, 61, 2, 2, 2}, at::kLong).unsqueeze(0));
  };
  const auto found = encode(2);
  EXPECT_LT(((found.hidden - expected.tensor("text.hidden")).norm() / found.hidden.norm()).item<double>(), 1e-5);
  EXPECT_LT(((found.pooled - expected.tensor("text.pooled")).norm() / found.pooled.norm()).item<double>(), 1e-5);
  EXPECT_TRUE(encode(61).pooled.equal(found.hidden.select(1, 4)));  // at the first end mark
}

}  // namespace
}  // namespace weft::sd
