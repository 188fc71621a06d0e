// Samplers with settings, against k-diffusion's as ComfyUI has them.
#include "nodes/sd/sampling/sampler_settings.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include "base/error.h"
#include "nodes/sd/sampling/own_schedules.h"
#include "tests/nodes/sampling_values.h"

namespace weft::sd {
namespace {

at::Tensor toy_x0(const at::Tensor& x, float sigma, double words = 0.3) {
  const at::Tensor scaled = x / std::sqrt(sigma * sigma + 1);
  return x - (0.9 * scaled + 0.1 * at::sin(3 * scaled) + 0.05 * words) * sigma;
}

SamplerCall toy_call() {
  SamplerCall call;
  call.denoise = [](const at::Tensor& x, float sigma) { return toy_x0(x, sigma); };
  call.denoise_guided = [](const at::Tensor& x, float sigma) {
    return Guided{toy_x0(x, sigma), toy_x0(x, sigma, -0.2)};
  };
  call.x = sampling_value("samplers/x").clone();
  call.sigmas = sampling_list("samplers/sigmas");
  call.seed = 123;
  static const NoiseTable table = NoiseTable::stable_diffusion();
  call.table = &table;
  return call;
}

void expect_equal(const std::string& name, const at::Tensor& found) {
  EXPECT_LE(off(found, sampling_value("sampler/" + name)), 1e-5) << name;
}

class NoisySamplers : public testing::TestWithParam<std::pair<StepNoiseSettings, const char*>> {
 protected:
  const StepNoiseSettings noise_ = GetParam().first;
  const SamplerCall call_ = toy_call();

  void expect(const std::string& name, const at::Tensor& found) const {
    expect_equal(name + "/" + GetParam().second, found);
  }
};

TEST_P(NoisySamplers, AgreeWithComfyUi) {
  expect("euler_ancestral", euler_ancestral(call_, noise_));
  expect("euler_ancestral_cfg_pp", euler_ancestral_cfg_pp(call_, noise_));
  expect("dpmpp_2s_ancestral", dpmpp_2s_ancestral(call_, noise_));
  expect("dpmpp_sde", dpmpp_sde(call_, noise_, 0.3));
  expect("dpmpp_2m_sde", dpmpp_2m_sde(call_, noise_, SdeCorrection::Midpoint));
  expect("dpmpp_2m_sde_heun", dpmpp_2m_sde(call_, noise_, SdeCorrection::Heun));
  expect("dpmpp_3m_sde", dpmpp_3m_sde(call_, noise_));
  expect("er_sde", er_sde(call_, {.order = 2, .noise = noise_}));
  expect("er_sde_reverse", er_sde(call_, {.kind = ErSdeKind::ReverseTime, .noise = noise_}));
  expect("seeds_2", seeds_2(call_, {.r = 0.7, .noise = noise_}));
  expect("seeds_2_phi_2", seeds_2(call_, {.second_order = true, .r = 0.7, .noise = noise_}));
  const SaSolverSettings solver{
      .noisy_from = 8, .noisy_to = 0.3, .predictor_order = 2, .corrector_order = 3, .noise = noise_};
  expect("sa_solver", sa_solver(call_, solver));
  SaSolverSettings simple = solver;
  simple.corrector_order = 2;
  simple.evaluate_twice = simple.simple_order_2 = true;
  expect("sa_solver_simple", sa_solver(call_, simple));
}

INSTANTIATE_TEST_SUITE_P(Settings, NoisySamplers,
    testing::Values(std::pair(StepNoiseSettings{.eta = 0, .scale = 1}, "0.0/1.0"),
        std::pair(StepNoiseSettings{.eta = 0.4, .scale = 1.3}, "0.4/1.3"),
        std::pair(StepNoiseSettings{.eta = 1, .scale = 0.5}, "1.0/0.5")));

TEST(SaSolver, DoesWithoutACorrectorAndLeavesNoise) {
  expect_equal(
      "sa_solver_without_corrector", sa_solver(toy_call(), {.noisy_from = 8, .noisy_to = 0.3, .corrector_order = 0}));
  SamplerCall leaving = toy_call();
  leaving.sigmas.resize(leaving.sigmas.size() - 2);
  expect_equal("sa_solver_leaves_noise", find_sampler("sa_solver").run(leaving));
}

TEST(ExpHeun, AgreesWithComfyUi) {
  expect_equal("exp_heun_2_x0", find_sampler("exp_heun_2_x0").run(toy_call()));
  expect_equal("exp_heun_2_x0_sde", find_sampler("exp_heun_2_x0_sde").run(toy_call()));
}

TEST(EulerCfgPp, HasTheFormThatComfyUiHadFirst) {
  expect_equal("euler_cfg_pp_alternative", euler_cfg_pp_alternative(toy_call()));
}

TEST(Lms, TakesAnyOrder) {
  for (const std::size_t order : {1, 2, 3, 5}) expect_equal(fmt::format("lms/{}", order), lms(toy_call(), order));
}

TEST(Lcm, ScalesAndClipsItsNoise) {
  expect_equal("lcm", lcm(toy_call(), {.noise_scale = 0.8, .last_noise_scale = 1.6, .clip_deviations = 1.1}));
}

/// diffusers' latents are those of variance 1: x / sqrt(1 + sigma^2).
class Consistency : public testing::TestWithParam<std::pair<std::int64_t, double>> {
 protected:
  const NoiseTable table_ = NoiseTable::stable_diffusion();
  const std::vector<float> sigmas_ = consistency_sigmas(table_, GetParam().first, 50, GetParam().second);
  const std::string case_ = fmt::format("{}/{:.1f}", GetParam().first, GetParam().second);

  SamplerCall call_of(ModelSampling sampling) const {
    SamplerCall call = toy_call();
    const float highest = call.sigmas[0];
    call.x = call.x / std::sqrt(1 + highest * highest) * std::sqrt(1 + sigmas_[0] * sigmas_[0]);
    call.sigmas = sigmas_;
    call.table = &table_;
    call.denoise = [sampling](const at::Tensor& x, float sigma) {
      const at::Tensor scaled = sampling.network_input(x, sigma);
      return sampling.x0(0.9 * scaled + 0.1 * at::sin(3 * scaled) + 0.05 * 0.3, x, sigma);
    };
    return call;
  }
};

TEST_P(Consistency, IsSpacedAsInDiffusers) {
  EXPECT_LE(off({sigmas_.begin(), sigmas_.end() - 1}, "consistency/" + case_), 1e-5);
}

TEST_P(Consistency, OfLatentsIsSampledAsInDiffusers) {
  ModelSampling sampling;
  sampling.prediction = Prediction::Consistency;
  sampling.table = table_.distilled(50);
  EXPECT_LE(off(lcm(call_of(sampling), LcmSettings{}), sampling_value("lcm/" + case_)), 1e-5);
}

TEST_P(Consistency, OfTrajectoriesIsSampledAsInDiffusers) {
  for (const auto& [eta, text] : {std::pair(0.0, "0.0"), std::pair(0.3, "0.3"), std::pair(1.0, "1.0")}) {
    SamplerCall call = call_of({});
    const float last = table_.sigma(0);  // where diffusers ends
    call.sigmas.back() = last;
    const at::Tensor found = tcd(call, eta) / std::sqrt(1 + last * last);
    EXPECT_LE(off(found, sampling_value(fmt::format("tcd/{}/{}", case_, text))), 2e-5) << eta;
  }
}

INSTANTIATE_TEST_SUITE_P(Steps, Consistency, testing::Values(std::pair(4, 1.0), std::pair(8, 1.0), std::pair(3, 0.5)));

TEST(ConsistencySchedule, HasNoMoreStepsThanThereAre) {
  EXPECT_THROW(consistency_sigmas(NoiseTable::stable_diffusion(), 30, 50, 0.5), std::invalid_argument);
}

TEST(DpmAdaptive, ControlsItsStepsAsKDiffusion) {
  const SamplerCall call = toy_call();
  expect_equal("dpm_adaptive/usual", dpm_adaptive(call, {}));
  expect_equal("dpm_adaptive/order_2", dpm_adaptive(call, {.order = 2, .rtol = 0.1, .atol = 0.02, .first_step = 0.2}));
  expect_equal("dpm_adaptive/pid",
      dpm_adaptive(call, {.proportional = 0.2, .integral = 0.7, .derivative = 0.1, .accept_safety = 0.6}));
  expect_equal("dpm_adaptive/eta", dpm_adaptive(call, {.noise = {.eta = 0.6, .scale = 0.9}}));
}

TEST(DpmAdaptive, GoesFromAPictureToItsNoise) {
  SamplerCall call = toy_call();
  call.sigmas = {0.15f, 14.614642f};
  call.x = call.x / 10;
  expect_equal("dpm_adaptive/backwards", dpm_adaptive(call, {}));
  EXPECT_THROW(dpm_adaptive(call, {.noise = {.eta = 1}}), NodeError);
}

TEST(DpmAdaptive, EndsWhereNoStepIsAccepted) {
  EXPECT_THROW(dpm_adaptive(toy_call(), {.accept_safety = 50}), NodeError);
  EXPECT_THROW(dpm_adaptive(toy_call(), {.rtol = 0, .atol = 0}), NodeError);
}

TEST(Settings, ThatAreUsualGiveTheSamplerOfThatName) {
  const SamplerCall call = toy_call();
  const auto named = [&](const char* name) { return find_sampler(name).run(call); };
  EXPECT_TRUE(at::equal(euler_ancestral(call, {}), named("euler_ancestral")));
  EXPECT_TRUE(at::equal(dpmpp_sde(call, {}), named("dpmpp_sde")));
  EXPECT_TRUE(at::equal(dpmpp_2m_sde(call, {}, SdeCorrection::Heun), named("dpmpp_2m_sde_heun")));
  EXPECT_TRUE(at::equal(er_sde(call, {}), named("er_sde")));
  EXPECT_TRUE(at::equal(seeds_2(call, {}), named("seeds_2")));
  EXPECT_TRUE(at::equal(lcm(call, LcmSettings{}), named("lcm")));
}

}  // namespace
}  // namespace weft::sd
