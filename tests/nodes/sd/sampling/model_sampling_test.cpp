// What lies between a sampler and a network, and guidance by two conditionings, against ComfyUI's code.
#include "nodes/sd/sampling/model_sampling.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <map>

#include "nodes/sd/sampling/sample.h"
#include "tests/nodes/sampling_values.h"
#include "tests/nodes/toy_model.h"

namespace weft::sd {
namespace {

constexpr double kTolerance = 1e-5;

at::Tensor toy(const at::Tensor& scaled, double words = 0.3) {
  return 0.9 * scaled + 0.1 * at::sin(3 * scaled) + 0.05 * words;
}

/// As tests/reference/make_sampling_values_golden.py names them.
std::map<std::string, ModelSampling> samplings() {
  std::map<std::string, ModelSampling> all;
  const std::pair<const char*, Prediction> discrete[] = {{"eps", Prediction::Noise},
      {"v_prediction", Prediction::Velocity}, {"lcm", Prediction::Consistency}, {"x0", Prediction::Sample},
      {"img_to_img", Prediction::Picture}};
  for (const auto& [name, prediction] : discrete)
    for (const bool rescaled : {false, true}) {
      ModelSampling sampling;
      sampling.table = NoiseTable::stable_diffusion(!rescaled).with_zero_terminal_snr(rescaled);
      sampling.prediction = prediction;
      if (prediction == Prediction::Consistency) sampling.table = sampling.table.distilled(50);
      all[fmt::format("discrete/{}/{}", name, int(rescaled))] = sampling;
    }
  const std::pair<const char*, Prediction> continuous[] = {{"v_prediction", Prediction::Velocity},
      {"edm", Prediction::Edm}, {"edm_playground_v2.5", Prediction::Edm}, {"eps", Prediction::Noise}};
  for (const auto& [name, prediction] : continuous)
    all[fmt::format("edm/{}", name)] = {.table = NoiseTable::continuous_edm(0.002, 80),
        .prediction = prediction,
        .data_deviation = prediction == Prediction::Edm ? 0.5 : 1};
  all["v/v_prediction"] = {.table = NoiseTable::continuous_v(0.03, 500), .prediction = Prediction::Velocity};
  return all;
}

TEST(ModelSampling, MeansWhatItMeansInComfyUi) {
  const at::Tensor x = sampling_value("model/x");
  for (const auto& [name, sampling] : samplings()) {
    const std::string prefix = "model/" + name + "/";
    const auto expect = [&](const std::string& what, const std::vector<float>& found) {
      EXPECT_LE(off(found, prefix + what), kTolerance) << prefix << what;
    };
    const NoiseTable& table = sampling.table;
    std::vector<float> levels, timesteps;
    for (int i = 0; i < 9; ++i)
      levels.push_back(table.sigmas()[static_cast<std::size_t>(
          std::lrint(static_cast<float>(i) * static_cast<float>(table.sigmas().size() - 1) / 8))]);
    expect("table", levels);
    for (const float sigma : {0.05f, 0.7f, 3.0f, 13.0f}) timesteps.push_back(table.timestep(sigma));
    expect("timesteps", timesteps);
    std::vector<float> percents;
    for (const double percent : {0.1, 0.5, 0.9})
      percents.push_back(static_cast<float>(table.percent_to_sigma(percent)));
    expect("percent", percents);
    for (const auto& [sigma, text] : {std::pair(0.7f, "0.7"), std::pair(13.0f, "13.0")}) {
      const at::Tensor found = sampling.x0(toy(sampling.network_input(x, sigma)), x, sigma);
      EXPECT_LE(off(found, sampling_value(prefix + "x0/" + text)), kTolerance) << name << sigma;
    }
    for (const char* schedule : {"normal", "sgm_uniform", "simple", "karras", "ddim_uniform"})
      expect(schedule, schedule_sigmas(table, schedule, 5));
  }
}

TEST(LatentSpaces, OfPlaygroundAreBroughtToDeviation1ByChannel) {
  const at::Tensor x = sampling_value("model/x");
  EXPECT_LE(off(playground_latents().to_network(x), sampling_value("playground/in")), kTolerance);
  EXPECT_LE(off(playground_latents().from_network(x), sampling_value("playground/out")), kTolerance);
  EXPECT_EQ(off(playground_latents().to_network(at::zeros_like(x)), at::zeros_like(x)), 0)
      << "an empty latent stays empty";
}

/// Words by their mean, and no timestep.
DiffusionModel words_model() {
  DiffusionModel model;
  model.network = [](const NetworkCall& call) {
    return 0.9 * call.x + 0.1 * at::sin(3 * call.x) + 0.05 * call.context.mean({1, 2}).view({-1, 1, 1, 1});
  };
  return model;
}

constexpr double kPositive = 0.3, kMiddle = 0.9, kNegative = -0.2;

TEST(DualGuidance, IsThatOfComfyUi) {
  const DiffusionModel model = words_model();
  const at::Tensor x = sampling_value("model/x");
  const std::pair<double, double> cfgs[] = {{5, 2}, {5, 1}, {1, 1}, {1, 3}};
  for (const bool nested : {false, true})
    for (const auto& [first, second] : cfgs) {
      DualGuidance dual;
      dual.middle = {words(kMiddle)};
      dual.cfg = second;
      dual.nested = nested;
      const GuidedDenoiser denoiser(
          model, {words(kPositive)}, {words(kNegative)}, x, {.cfg = first, .dual = std::move(dual)});
      const std::string name = fmt::format("dual/{}/{:.1f}/{:.1f}", int(nested), first, second);
      EXPECT_LE(off(denoiser.x0(x, 2.5f), sampling_value(name)), kTolerance) << name;
      EXPECT_LE(off(denoiser.both(x, 2.5f).x0, sampling_value(name)), kTolerance) << name;
    }
}

TEST(CfgRanges, CountWhereTheyAreAndTheLastOfSeveral) {
  DiffusionModel model = words_model();
  const auto range = [&](double cfg, double start, double end) {
    return CfgRange{cfg, model.table.percent_to_sigma(start), model.table.percent_to_sigma(end)};
  };
  model.cfg_ranges = {range(1, 0, 0.4), range(3, 0.3, 0.7)};
  const at::Tensor x = sampling_value("model/x");
  const GuidedDenoiser denoiser(model, {words(kPositive)}, {words(kNegative)}, x, {.cfg = 7});
  for (const auto& [sigma, text] :
      {std::pair(14.0f, "14.0"), std::pair(2.3f, "2.3"), std::pair(1.0f, "1.0"), std::pair(0.1f, "0.1")})
    EXPECT_LE(off(denoiser.x0(x, sigma), sampling_value(fmt::format("cfg_override/{}", text))), kTolerance) << sigma;
}

TEST(GuidanceAsInput, IsToldToTheNetworkAndTheNegativeSideNotAsked) {
  DiffusionModel model = words_model();
  model.takes_guidance = true;
  model.network = [](const NetworkCall& call) {
    EXPECT_EQ(call.x.size(0), 1);
    EXPECT_NEAR(call.guidance[0].item<double>(), 6.5, 1e-6);
    return call.x;
  };
  const at::Tensor x = sampling_value("model/x");
  static_cast<void>(GuidedDenoiser(model, {words(kPositive)}, {words(kNegative)}, x, {.cfg = 7.5}).x0(x, 2.5f));
}

TEST(DifferentialDiffusion, OpensItsMaskAsInComfyUi) {
  const at::Tensor mask = sampling_value("gradual/mask");
  const std::vector<float> sigmas = sampling_list("samplers/sigmas");
  for (const auto& [strength, text] : {std::pair(1.0, "1.0"), std::pair(0.4, "0.4")})
    for (const auto& [sigma, level] :
        {std::pair(14.614642f, "14.614642"), std::pair(3.0f, "3.0"), std::pair(0.6f, "0.6")}) {
      ModelSampling sampling;
      sampling.gradual_mask = strength;
      const at::Tensor expected = sampling_value(fmt::format("gradual/{}/{}", text, level));
      EXPECT_LE(off(sampling.mask_at(mask, sigma, sigmas), expected), 1e-6) << strength << " " << sigma;
    }
}

TEST(DifferentialDiffusion, KeepsAPlaceUntilSoMuchOfSamplingIsLeft) {
  DiffusionModel model = words_model();
  model.gradual_mask = 1;
  SampleRequest request;
  request.positive = {words(kPositive)};
  request.negative = {words(kNegative)};
  request.cfg = 1;
  request.latent = at::ones({1, 4, 4, 4});
  request.noise_mask = at::linspace(0, 1, 4).view({1, 4}).expand({4, 4}).contiguous();
  const SamplerInfo& euler = find_sampler("euler");
  const at::Tensor end = sample(model, euler, plan_sigmas(model.table, {.steps = 12}, euler), request).latent;
  const at::Tensor change = (end - request.latent).abs().mean({0, 1, 2});
  EXPECT_LT(change[0].item<float>(), 0.2f) << "0 is kept until the last step";
  EXPECT_LT(change[0].item<float>(), change[1].item<float>());
  EXPECT_LT(change[1].item<float>(), change[3].item<float>());
}

TEST(AddNoise, IsTheDifferenceOfTwoLevels) {
  const at::Tensor latent = sampling_value("model/x"), noise = sampling_value("samplers/x");
  EXPECT_LE(off(add_scaled_noise(LatentSpace(), latent, noise, 7.0f - 0.4f), sampling_value("add_noise")), kTolerance);
}

}  // namespace
}  // namespace weft::sd
