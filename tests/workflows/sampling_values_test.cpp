// Noise, guiders, noise levels and samplers as values: the nodes that make them, and ComfyUI's files that use them.
#include <ATen/ATen.h>
#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "import/comfyui/import.h"
#include "nodes/sd/values/values.h"
#include "tests/workflows/bench.h"

namespace weft::test {
namespace {

using nlohmann::json;

/// Checkpoint, texts and an empty latent, by ComfyUI's classes.
json comfy_nodes() {
  return json::parse(R"({
    "model": {"class_type": "CheckpointLoaderSimple", "inputs": {"ckpt_name": "paper-cut"}},
    "yes": {"class_type": "CLIPTextEncode", "inputs": {"clip": ["model", 1], "text": "a red boat"}},
    "no": {"class_type": "CLIPTextEncode", "inputs": {"clip": ["model", 1], "text": ""}},
    "empty": {"class_type": "EmptyLatentImage", "inputs": {"width": 64, "height": 64, "batch_size": 1}},
    "noise": {"class_type": "RandomNoise", "inputs": {"noise_seed": 5}},
    "guider": {"class_type": "CFGGuider", "inputs": {"model": ["model", 0], "positive": ["yes", 0], "negative": ["no", 0],
      "cfg": 3}},
    "sampler": {"class_type": "KSamplerSelect", "inputs": {"sampler_name": "euler"}},
    "sigmas": {"class_type": "BasicScheduler", "inputs": {"model": ["model", 0], "scheduler": "karras", "steps": 4,
      "denoise": 1}},
    "sampled": {"class_type": "SamplerCustomAdvanced", "inputs": {"noise": ["noise", 0], "guider": ["guider", 0],
      "sampler": ["sampler", 0], "sigmas": ["sigmas", 0], "latent_image": ["empty", 0]}},
    "ksampler": {"class_type": "KSampler", "inputs": {"model": ["model", 0], "positive": ["yes", 0], "negative": ["no", 0],
      "latent_image": ["empty", 0], "seed": 5, "steps": 4, "cfg": 3, "sampler_name": "euler", "scheduler": "karras",
      "denoise": 1}}})");
}

json link(const char* node, int output = 0) { return json::array({node, output}); }

class SamplingValues : public testing::Test {
 protected:
  Bench bench_;
  json nodes_ = comfy_nodes();

  void add(const std::string& id, const std::string& type, const json& inputs) {
    nodes_[id] = {{"class_type", type}, {"inputs", inputs}};
  }
  RunResult run(const std::vector<std::string>& wanted, bool may_fail = false) {
    auto import = comfyui::import_workflow(nodes_, bench_.registry(), "test");
    return bench_.run(import.workflow, wanted, may_fail);
  }
  static const at::Tensor& samples(const RunResult& result, const std::string& node, std::size_t index = 0) {
    return output<Latent>(result, node, index).samples;
  }
  static const std::vector<float>& levels(const RunResult& result, const std::string& node, std::size_t index = 0) {
    return output<Sigmas>(result, node, index).values;
  }
};

TEST_F(SamplingValues, GiveWhatOneNodeGives) {
  const RunResult result = run({"sampled", "ksampler"});
  EXPECT_TRUE(at::equal(samples(result, "sampled"), samples(result, "ksampler")));
  EXPECT_TRUE(at::equal(samples(result, "sampled"), samples(result, "sampled", 1))) << "euler ends at its x0";
}

TEST_F(SamplingValues, ABasicGuiderIsGuidanceOf1) {
  add("guider", "BasicGuider", {{"model", link("model")}, {"conditioning", link("yes")}});
  nodes_["ksampler"]["inputs"]["cfg"] = 1;
  const RunResult result = run({"sampled", "ksampler"});
  EXPECT_TRUE(at::equal(samples(result, "sampled"), samples(result, "ksampler")));
}

TEST_F(SamplingValues, ADualGuiderOfTheNegativeAloneIsACfgGuider) {
  for (const char* style : {"regular", "nested"}) {
    add("guider", "DualCFGGuider",
        {{"model", link("model")}, {"cond1", link("yes")}, {"cond2", link("no")}, {"negative", link("no")},
            {"cfg_conds", 3}, {"cfg_cond2_negative", style == std::string("regular") ? 7 : 1}, {"style", style}});
    const RunResult result = run({"sampled", "ksampler"});
    EXPECT_LE((samples(result, "sampled") - samples(result, "ksampler")).abs().max().item<double>(), 1e-3) << style;
  }
}

TEST_F(SamplingValues, TwoSamplersShareTheStepsOfASplitSchedule) {
  add("none", "DisableNoise", json::object());
  add("split", "SplitSigmas", {{"sigmas", link("sigmas")}, {"step", 2}});
  nodes_["first"] = nodes_["second"] = nodes_["sampled"];
  nodes_["first"]["inputs"]["sigmas"] = link("split");
  nodes_["second"]["inputs"]["sigmas"] = link("split", 1);
  nodes_["second"]["inputs"]["noise"] = link("none");
  nodes_["second"]["inputs"]["latent_image"] = link("first");
  const RunResult result = run({"sampled", "second"});
  const at::Tensor &whole = samples(result, "sampled"), &halves = samples(result, "second");
  EXPECT_LE(((whole - halves).abs().max() / whole.abs().max()).item<double>(), 1e-4);
}

TEST_F(SamplingValues, SchedulesOfComfyUiOpen) {
  const json range = {{"steps", 6}, {"sigma_max", 12.5}, {"sigma_min", 0.05}};
  const auto with = [](json inputs, const json& more) {
    inputs.update(more);
    return inputs;
  };
  add("karras", "KarrasScheduler", with(range, {{"rho", 7}}));
  add("exponential", "ExponentialScheduler", range);
  add("polyexponential", "PolyexponentialScheduler", with(range, {{"rho", 1}}));
  add("laplace", "LaplaceScheduler", with(range, {{"mu", 0}, {"beta", 0.5}}));
  add("vp", "VPScheduler", {{"steps", 6}, {"beta_d", 19.9}, {"beta_min", 0.1}, {"eps_s", 0.001}});
  add("beta", "BetaSamplingScheduler", {{"model", link("model")}, {"steps", 6}, {"alpha", 0.6}, {"beta", 0.6}});
  add("turbo", "SDTurboScheduler", {{"model", link("model")}, {"steps", 4}, {"denoise", 1}});
  add("aligned", "AlignYourStepsScheduler", {{"model_type", "SDXL"}, {"steps", 10}, {"denoise", 0.5}});
  add("gits", "GITSScheduler", {{"coeff", 1.2}, {"steps", 6}, {"denoise", 1}});
  add("manual", "ManualSigmas", {{"sigmas", "3, 1.5, 0"}});
  add("flip", "FlipSigmas", {{"sigmas", link("manual")}});
  add("first", "SetFirstSigma", {{"sigmas", link("manual")}, {"sigma", 9}});
  add("extend", "ExtendIntermediateSigmas",
      {{"sigmas", link("manual")}, {"steps", 2}, {"start_at_sigma", -1}, {"end_at_sigma", 2}, {"spacing", "linear"}});
  add("split", "SplitSigmasDenoise", {{"sigmas", link("manual")}, {"denoise", 0.5}});
  add("percent", "SamplingPercentToSigma",
      {{"model", link("model")}, {"sampling_percent", 1}, {"return_actual_sigma", true}});
  const RunResult result = run({"karras", "exponential", "polyexponential", "laplace", "vp", "beta", "turbo", "aligned",
      "gits", "manual", "flip", "first", "extend", "split", "percent", "model"});
  EXPECT_EQ(levels(result, "exponential"), levels(result, "polyexponential"));
  for (const char* node : {"karras", "exponential"}) {
    EXPECT_THAT(levels(result, node), testing::SizeIs(7)) << node;
    EXPECT_NEAR(levels(result, node).front(), 12.5, 1e-4) << node;
    EXPECT_NEAR(levels(result, node)[5], 0.05, 1e-5) << node;
  }
  EXPECT_THAT(levels(result, "laplace"), testing::SizeIs(6));
  EXPECT_THAT(levels(result, "turbo"), testing::SizeIs(5));
  EXPECT_THAT(levels(result, "aligned"), testing::SizeIs(6));
  EXPECT_THAT(levels(result, "gits"), testing::SizeIs(7));
  EXPECT_EQ(levels(result, "flip"), (std::vector<float>{0.0001f, 1.5f, 3}));
  EXPECT_EQ(levels(result, "first"), (std::vector<float>{9, 1.5f, 0}));
  EXPECT_EQ(levels(result, "extend"), (std::vector<float>{3, 2.25f, 1.5f, 0}));
  EXPECT_EQ(levels(result, "split", 1), (std::vector<float>{1.5f, 0}));
  EXPECT_NEAR(output<double>(result, "percent"), output<Model>(result, "model").table().sigma_min(), 1e-7);
}

/// With ComfyUI's own defaults each gives the sampler of its name.
TEST_F(SamplingValues, SamplersOfComfyUiOpen) {
  const json noise = {{"eta", 1}, {"s_noise", 1}};
  const auto with = [](json inputs, const json& more) {
    inputs.update(more);
    return inputs;
  };
  const std::vector<std::tuple<const char*, const char*, json>> all = {
      {"SamplerEulerAncestral", "euler_ancestral", noise},
      {"SamplerEulerAncestralCFGPP", "euler_ancestral_cfg_pp", noise},
      {"SamplerEulerCFGpp", "euler_cfg_pp", {{"version", "regular"}}},
      {"SamplerDPMPP_2S_Ancestral", "dpmpp_2s_ancestral", noise},
      {"SamplerDPMPP_SDE", "dpmpp_sde", with(noise, {{"r", 0.5}, {"noise_device", "cpu"}})},
      {"SamplerDPMPP_2M_SDE", "dpmpp_2m_sde", with(noise, {{"solver_type", "midpoint"}, {"noise_device", "gpu"}})},
      {"SamplerDPMPP_3M_SDE", "dpmpp_3m_sde", with(noise, {{"noise_device", "gpu"}})},
      {"SamplerLMS", "lms", {{"order", 4}}},
      {"SamplerDPMAdaptative", "dpm_adaptive",
          {{"order", 3}, {"rtol", 0.05}, {"atol", 0.0078}, {"h_init", 0.05}, {"pcoeff", 0}, {"icoeff", 1},
              {"dcoeff", 0}, {"accept_safety", 0.81}, {"eta", 0}, {"s_noise", 1}}},
      {"SamplerER_SDE", "er_sde", with(noise, {{"solver_type", "ER-SDE"}, {"max_stage", 3}})},
      {"SamplerSASolver", "sa_solver",
          with(noise,
              {{"model", link("model")}, {"sde_start_percent", 0.2}, {"sde_end_percent", 0.8}, {"predictor_order", 3},
                  {"corrector_order", 4}, {"use_pece", false}, {"simple_order_2", false}})},
      {"SamplerSEEDS2", "exp_heun_2_x0_sde", with(noise, {{"solver_type", "phi_2"}, {"r", 1}})},
      {"SamplerLCM", "lcm", {{"s_noise", 1}, {"s_noise_end", 1}, {"noise_clip_std", 0}}},
      {"RestartSampler", "euler", {{"sampler", link("sampler")}, {"chunked_mode", true}}},
  };
  std::vector<std::string> wanted;
  for (const auto& [type, name, inputs] : all) {
    const std::string id = type;
    add(id, type, inputs);
    nodes_[id + "_sampled"] = nodes_["sampled"];
    nodes_[id + "_sampled"]["inputs"]["sampler"] = link(type);
    nodes_[id + "_ksampler"] = nodes_["ksampler"];
    nodes_[id + "_ksampler"]["inputs"]["sampler_name"] = name;
    wanted.insert(wanted.end(), {id + "_sampled", id + "_ksampler"});
  }
  const RunResult result = run(wanted);
  for (const auto& [type, name, inputs] : all) {
    const std::string id = type;
    EXPECT_TRUE(at::equal(samples(result, id + "_sampled"), samples(result, id + "_ksampler"))) << id;
  }
}

TEST_F(SamplingValues, AModelIsSampledAsItsNodesSay) {
  const auto discrete = [](const char* sampling, bool zsnr) {
    return json{{"model", link("model")}, {"sampling", sampling}, {"zsnr", zsnr}};
  };
  add("eps", "ModelSamplingDiscrete", discrete("eps", false));
  add("v", "ModelSamplingDiscrete", discrete("v_prediction", true));
  add("lcm", "ModelSamplingDiscrete", discrete("lcm", false));
  add("edm", "ModelSamplingContinuousEDM",
      {{"model", link("model")}, {"sampling", "edm_playground_v2.5"}, {"sigma_max", 80}, {"sigma_min", 0.002}});
  add("continuous", "ModelSamplingContinuousV",
      {{"model", link("model")}, {"sampling", "v_prediction"}, {"sigma_max", 500}, {"sigma_min", 0.03}});
  nodes_["guider"]["inputs"]["model"] = link("eps");
  const RunResult result = run({"model", "eps", "v", "lcm", "edm", "continuous", "sampled", "ksampler"});
  EXPECT_TRUE(at::equal(samples(result, "sampled"), samples(result, "ksampler"))) << "it predicts the noise anyway";
  const auto model = [&](const char* node) -> const Model& { return output<Model>(result, node); };
  EXPECT_EQ(model("model").patch_key(), "");
  EXPECT_NE(model("eps").patch_key(), model("v").patch_key());
  EXPECT_EQ(model("v").on({})->prediction, sd::Prediction::Velocity);
  EXPECT_GT(model("v").on({})->table.sigma_max(), 4000);
  EXPECT_EQ(model("lcm").table().sigmas().size(), 50u);
  EXPECT_EQ(model("edm").on({})->data_deviation, 0.5);
  EXPECT_EQ(model("edm").space(), sd::playground_latents());
  EXPECT_NEAR(model("continuous").table().timestep(1), 0.5, 1e-6);
}

TEST_F(SamplingValues, ACfgOverrideTakesTheGuidersPlace) {
  add("override", "CFGOverride", {{"model", link("model")}, {"cfg", 3}, {"start_percent", 0}, {"end_percent", 1}});
  nodes_["guider"]["inputs"]["model"] = link("override");
  nodes_["guider"]["inputs"]["cfg"] = 1;
  const RunResult result = run({"sampled", "ksampler"});
  EXPECT_TRUE(at::equal(samples(result, "sampled"), samples(result, "ksampler")));
}

TEST_F(SamplingValues, AModelCarriesHowAMaskOpens) {
  add("different", "DifferentialDiffusion", {{"model", link("model")}, {"strength", 0.75}});
  add("override", "CFGOverride",
      {{"model", link("different")}, {"cfg", 2}, {"start_percent", 0.25}, {"end_percent", 1}});
  const RunResult result = run({"override"});
  const Model& model = output<Model>(result, "override");
  EXPECT_EQ(model.on({})->gradual_mask, 0.75);
  EXPECT_EQ(model.on({})->cfg_at(0.5f, 7), 2);
  EXPECT_EQ(model.on({})->cfg_at(model.table().sigma_max(), 7), 7);
  EXPECT_THAT(model.patch_key(), testing::AllOf(testing::HasSubstr("mask"), testing::HasSubstr("cfg")));
}

TEST_F(SamplingValues, NoiseIsAddedByTheDifferenceOfTwoLevels) {
  add("noisy", "AddNoise",
      {{"model", link("model")}, {"noise", link("noise")}, {"sigmas", link("sigmas")},
          {"latent_image", link("empty")}});
  const RunResult result = run({"noisy", "sigmas", "model"});
  const double scale = output<Model>(result, "model").space().scale;
  EXPECT_NEAR(samples(result, "noisy").std().item<double>() * scale, levels(result, "sigmas").front(), 1.5);
}

TEST_F(SamplingValues, RestartsAreMoreStepsOfTheSameSampling) {
  add("restarts", "RestartScheduler",
      {{"model", link("model")}, {"steps", 4}, {"scheduler", "karras"}, {"segments", "[3,2,0.5,2],[3,1,40,50]"},
          {"restart_scheduler", "karras"}, {"denoise", 1}, {"start_at_step", 0}, {"end_at_step", 10000}});
  add("restart", "RestartSampler", {{"sampler", link("sampler")}, {"chunked_mode", true}});
  nodes_["sampled"]["inputs"]["sigmas"] = link("restarts");
  nodes_["sampled"]["inputs"]["sampler"] = link("restart");
  const RunResult result = run({"sampled", "restarts", "sigmas"});
  EXPECT_EQ(levels(result, "restarts").size(), levels(result, "sigmas").size() + 6);
  EXPECT_TRUE(samples(result, "sampled").isfinite().all().item<bool>());
  EXPECT_THAT(bench_.warnings(), testing::Contains(testing::HasSubstr("the restart from 40 to 50 is left out")));
}

TEST_F(SamplingValues, LevelsThatDoNotFallAreAnErrorWithARemedy) {
  add("bad", "KarrasScheduler", {{"steps", 6}, {"sigma_max", 1}, {"sigma_min", 2}, {"rho", 7}});
  const RunResult result = run({"bad"}, /*may_fail=*/true);
  ASSERT_EQ(result.problems.size(), 1u);
  EXPECT_THAT(result.problems[0].text(), testing::HasSubstr("give a sigma_min above 0"));
}

}  // namespace
}  // namespace weft::test
