#include "nodes/sd/sampling/sample.h"

#include <gmock/gmock.h>
#include <torch/torch.h>

#include <boost/crc.hpp>
#include <cmath>
#include <fstream>
#include <string>

#include "base/error.h"
#include "nodes/sd/tensors/finite.h"
#include "tests/nodes/sampling_parts.h"
#include "tests/nodes/toy_model.h"

namespace weft::sd {
namespace {

using testing::HasSubstr;
using testing::StartsWith;

SampleRequest request(std::vector<std::int64_t> shape = {1, 4, 5, 3}) {
  SampleRequest request;
  request.positive = {words(0.3)};
  request.negative = {words(-0.2)};
  request.latent = at::zeros(shape);
  request.seed = 11;
  return request;
}

at::Tensor run(const SamplerInfo& sampler, const SampleRequest& request, const StepPlan& plan = {.steps = 6}) {
  const DiffusionModel model = toy_model();
  return sample(model, sampler, plan_sigmas(model.table, plan, sampler), request).latent;
}

TEST(Samplers, EndInFiniteLatentsForAnyCountOfSteps) {
  for (const SamplerInfo& sampler : samplers()) {
    for (std::int64_t steps : {1, 2, 3, 4, 7}) {
      const at::Tensor latent = run(sampler, request(), {.schedule = "karras", .steps = steps});
      EXPECT_TRUE(latent.isfinite().all().item<bool>()) << sampler.name << steps;
      EXPECT_EQ(latent.sizes(), (std::vector<std::int64_t>{1, 4, 5, 3})) << sampler.name;
    }
  }
}

TEST(Samplers, SolveTheEquationOfAPointExactly) {
  // A model that knows the one picture there is: whatever the sampler, that picture is the end.
  for (const SamplerInfo& sampler : samplers()) {
    SamplerCall call;
    const NoiseTable table = NoiseTable::stable_diffusion();
    call.table = &table;
    const at::Tensor picture = at::full({1, 4, 5, 3}, 0.5);
    call.denoise = [&](auto&&...) { return picture; };
    call.denoise_guided = [&](auto&&...) { return Guided{picture, picture}; };
    call.sigmas = schedule_sigmas(table, "karras", 8);
    call.x = picture + initial_noise({1, 4, 5, 3}, 1) * call.sigmas[0];
    const at::Tensor end = sampler.run(call);
    // Those that end at the last sigma above 0 keep about that much noise.
    EXPECT_LE((end - picture).abs().max().item<float>(), 0.2f) << sampler.name;
  }
}

TEST(Samplers, ItemOfABatchEqualsItsSingleRunIfAskedTo) {
  for (const SamplerInfo& sampler : samplers()) {
    if (sampler.name == "dpm_adaptive") continue;  // the batch shares its step lengths
    SampleRequest batch = request({3, 4, 5, 3});
    batch.batch_noise = BatchNoise::PerItem;
    const at::Tensor together = run(sampler, batch);
    for (std::int64_t k : {0, 2}) {
      SampleRequest single = request();
      single.seed += k;
      EXPECT_TRUE(at::allclose(together[k], run(sampler, single)[0], 1e-5, 1e-5)) << sampler.name << k;
    }
  }
}

TEST(Samplers, GiveAPictureOfABatchAgainAlone) {
  for (const SamplerInfo& sampler : samplers()) {
    if (sampler.name == "dpm_adaptive") continue;  // the batch shares its step lengths
    SampleRequest picked = request();
    picked.places = {.index = {2}, .size = 3};
    EXPECT_TRUE(at::equal(run(sampler, picked)[0], run(sampler, request({3, 4, 5, 3}))[2])) << sampler.name;
  }
}

TEST(Samplers, DrawTheNoiseOfAMaskForThePlaceToo) {
  SampleRequest batch = request({3, 4, 5, 3}), picked = request();
  batch.noise_mask = picked.noise_mask = at::full({5, 3}, 0.5);
  picked.places = {.index = {1}, .size = 3};
  EXPECT_TRUE(at::equal(run(find_sampler("ddim"), picked)[0], run(find_sampler("ddim"), batch)[1]));
}

/// One whose own bits are the same everywhere: + - * / alone.
DiffusionModel plain_model() {
  DiffusionModel model;
  model.network = [](const NetworkCall& call) {
    const at::Tensor& x = call.x;
    return x * 0.9 - x * x * x * 0.01 + call.timesteps.view({-1, 1, 1, 1}) / 40000;
  };
  return model;
}

/// The bits of every sampler and schedule are promised. These came alike from a Zen 5 as it is, and as each of the
/// processors that docs/models.md says how to imitate.
TEST(Samplers, HaveTheSameBitsOnEveryProcessor) {
  const auto expected = nlohmann::json::parse(std::ifstream(WEFT_SOURCE_DIR "/tests/nodes/golden/sampler_bits.json"));
  for (const SamplerInfo& sampler : samplers()) {
    boost::crc_32_type crc;
    for (const ScheduleInfo& schedule : schedules()) {
      const DiffusionModel model = plain_model();
      const std::vector<float> sigmas =
          plan_sigmas(model.table, {.schedule = std::string(schedule.name), .steps = 7}, sampler);
      const at::Tensor latent = sample(model, sampler, sigmas, request()).latent.contiguous();
      crc.process_bytes(latent.const_data_ptr(), latent.nbytes());
    }
    EXPECT_EQ(crc.checksum(), expected.value(std::string(sampler.name), 0u)) << sampler.name;
  }
}

/// Where a step ends far below where it begins, its deterministic part goes down to 0.
TEST(Samplers, AddTheirNoiseAlsoWhereASigmaIsThousandsOfTimesTheNext) {
  SamplerCall call;
  const at::Tensor picture = at::full({1, 4, 8, 8}, 0.5);
  call.denoise = [&](auto&&...) { return picture; };
  call.denoise_guided = [&](auto&&...) { return Guided{picture, picture}; };
  call.sigmas = {40000, 1};
  call.x = picture + initial_noise({1, 4, 8, 8}, 1) * 40000;
  for (const char* name : {"dpmpp_2s_ancestral", "dpmpp_2s_ancestral_cfg_pp"})
    EXPECT_NEAR(find_sampler(name).run(call).std().item<float>(), 1, 0.15) << name;
  EXPECT_TRUE(at::equal(find_sampler("euler_ancestral").run(call), picture));
}

TEST(GoldenSampler, DpmppSdeGoesThroughTheMiddleOfEachStepInLambda) {
  const SamplerInfo& dpmpp_sde = find_sampler("dpmpp_sde");
  SampleRequest published = request({1, 4, 8, 12});
  published.cfg = 5.5;
  published.seed = 1234567;
  const at::Tensor found = run(dpmpp_sde, published, {.schedule = "exponential", .steps = 13}).view(-1);
  const at::Tensor expected = at::tensor(sampling_parts("dpmpp_sde").at("samples").get<std::vector<float>>());
  EXPECT_LE(((found - expected).abs() / expected.abs().clamp_min(1)).max().item<float>(), 1e-5f);
}

TEST(Samplers, ReportEachStepOnceAndInOrder) {
  for (const SamplerInfo& sampler : samplers()) {
    if (sampler.name.starts_with("dpm_adaptive") || sampler.name.starts_with("dpm_fast")) continue;
    std::vector<std::int64_t> seen;
    SampleRequest watched = request();
    watched.on_step = [&](const SamplerStep& step) {
      EXPECT_EQ(step.count, 6);
      EXPECT_EQ(step.x0.sizes(), step.x.sizes());
      seen.push_back(step.index);
    };
    run(sampler, watched);
    EXPECT_EQ(seen, (std::vector<std::int64_t>{0, 1, 2, 3, 4, 5})) << sampler.name;
  }
}

TEST(Samplers, LetAnythingThatAStepThrowsThrough) {
  struct Cancelled {};  // not a std::exception
  for (const SamplerInfo& sampler : samplers()) {
    SampleRequest cancelled = request();
    int steps = 0;
    cancelled.on_step = [&](const SamplerStep&) {
      if (++steps == 2) throw Cancelled();
    };
    EXPECT_THROW(run(sampler, cancelled), Cancelled) << sampler.name;
    EXPECT_EQ(steps, 2) << sampler.name;
  }
}

TEST(Samplers, UnknownNameIsAnsweredWithTheList) {
  try {
    find_sampler("euler_a");
    FAIL();
  } catch (const std::invalid_argument& error) {
    EXPECT_NE(std::string(error.what()).find("euler_ancestral"), std::string::npos);
  }
}

TEST(Sample, InTwoPartsEqualsInOne) {
  const SamplerInfo& euler = find_sampler("euler");
  const at::Tensor whole = run(euler, request());
  SampleRequest second = request();
  second.latent = run(euler, request(), {.steps = 6, .end_step = 4, .leave_noise = true});
  second.noise = at::zeros_like(second.latent);
  const at::Tensor parts = run(euler, second, {.steps = 6, .start_step = 4});
  EXPECT_TRUE(at::allclose(whole, parts, 1e-5, 1e-5));
}

TEST(Sample, WithNothingToDoReturnsTheLatent) {
  SampleRequest untouched = request();
  untouched.latent = at::randn({1, 4, 5, 3});
  EXPECT_TRUE(at::equal(run(find_sampler("euler"), untouched, {.steps = 6, .denoise = 0}), untouched.latent));
  EXPECT_TRUE(at::equal(run(find_sampler("euler"), untouched, {.steps = 6, .start_step = 9}), untouched.latent));
}

TEST(Sample, KeepsTheLatentWhereTheMaskIsZero) {
  SampleRequest masked = request({2, 4, 6, 6});
  masked.latent = at::randn({2, 4, 6, 6});
  masked.noise_mask = at::zeros({48, 48});
  masked.noise_mask.slice(0, 24).fill_(1);
  for (const char* name : {"euler", "ddim", "heun", "dpmpp_2m_sde"}) {
    const at::Tensor painted = run(find_sampler(name), masked);
    EXPECT_TRUE(at::allclose(painted.slice(2, 0, 2), masked.latent.slice(2, 0, 2), 1e-4, 1e-4)) << name;
    EXPECT_GT((painted - masked.latent).slice(2, 4).abs().max().item<float>(), 0.1f) << name;
  }
}

TEST(Sample, DdimKeepsWithNoiseOfItsOwn) {
  SampleRequest masked = request();
  masked.latent = at::randn({1, 4, 5, 3});
  masked.noise_mask = at::full({5, 3}, 0.5);
  EXPECT_FALSE(at::allclose(run(find_sampler("ddim"), masked), run(find_sampler("euler"), masked), 1e-3, 1e-3));
}

TEST(Sample, AlsoGivesTheLastPictureWithoutNoise) {
  const DiffusionModel model = toy_model();
  const SamplerInfo& euler = find_sampler("euler");
  const SampleResult result = sample(model, euler, plan_sigmas(model.table, {.steps = 6}, euler), request());
  EXPECT_TRUE(at::allclose(result.x0, result.latent, 1e-4, 1e-4));
}

TEST(Sample, TakesASamplerOfAPluginThatReportsNothing) {
  SamplerMethod jump;
  jump.run = [](const SamplerCall& call) { return call.denoise(call.x, call.sigmas[0]); };
  const SampleResult result = sample(toy_model(), jump, {1, 0}, request());
  EXPECT_TRUE(at::equal(result.x0, result.latent));
}

/// A model whose network gives NaN in item `item` from evaluation `evaluation` on, both counted from 0.
DiffusionModel breaking_model(int evaluation, std::int64_t item = 0) {
  DiffusionModel model = toy_model();
  model.network = [evaluation, item, calls = 0](const NetworkCall& call) mutable {
    at::Tensor result = toy_network(call);
    if (calls++ >= evaluation) result[item][1][2][2] = NAN;
    return result;
  };
  return model;
}

std::string error_of(const DiffusionModel& model, std::string_view sampler, const SampleRequest& request) {
  const SamplerInfo& info = find_sampler(sampler);
  try {
    sample(model, info, plan_sigmas(model.table, {.steps = 6}, info), request);
  } catch (const NodeError& error) {
    return error.what();
  }
  return "";
}

TEST(NotFinite, IsToldWithTheStepThatGaveIt) {
  for (const char* sampler : {"euler", "ddim", "dpmpp_2m", "euler_ancestral", "uni_pc", "euler_cfg_pp"})
    EXPECT_THAT(
        error_of(breaking_model(3), sampler, request()), StartsWith("the U-Net gave NaN at step 4 of 6: lower cfg"))
        << sampler;
}

TEST(NotFinite, EndsEverySamplerAndNoStepFollows) {
  for (const SamplerInfo& sampler : samplers()) {
    SampleRequest watched = request();
    int steps = 0;
    watched.on_step = [&](const SamplerStep&) { ++steps; };
    EXPECT_THAT(error_of(breaking_model(0), sampler.name, watched), HasSubstr("NaN at step 1 of 6")) << sampler.name;
    EXPECT_EQ(steps, 0) << sampler.name;
  }
}

TEST(NotFinite, InOnePictureOfABatchIsFoundToo) {
  SampleRequest batch = request({4, 4, 5, 3});
  batch.cfg = 1;
  EXPECT_THAT(error_of(breaking_model(1, 2), "euler", batch), HasSubstr("NaN in item 3 of 4 at step 2 of 6"));
}

TEST(NotFinite, IsToldOfWhoeverGaveIt) {
  SampleRequest poisoned = request();
  poisoned.latent[0][0][0][0] = INFINITY;
  EXPECT_THAT(error_of(toy_model(), "euler", poisoned), StartsWith("the latent that came in holds infinity"));
  poisoned = request();
  poisoned.negative[0].context = at::full({1, 77, 8}, NAN);
  EXPECT_THAT(error_of(toy_model(), "euler", poisoned), StartsWith("the negative conditioning holds NaN"));
  SamplerMethod wrong;
  wrong.run = [](const SamplerCall& call) { return call.x / 0; };
  try {
    sample(toy_model(), wrong, {1, 0}, request());
    FAIL();
  } catch (const NodeError& error) {
    EXPECT_THAT(error.what(), StartsWith("the sampler made infinity at step 1 of 1"));
  }
  EXPECT_THROW(sample(toy_model(), wrong, {NAN, 0}, request()), NodeError);
}

TEST(NotFinite, RemedyIsADtypeThatHoldsLargerNumbers) {
  DiffusionModel model = breaking_model(0);
  model.dtype = at::kHalf;
  EXPECT_THAT(error_of(model, "euler", request()), HasSubstr("bfloat16 or float32"));
  model.dtype = at::kBFloat16;
  EXPECT_THAT(error_of(model, "euler", request()), HasSubstr("--dtype float32"));
}

TEST(NotFinite, LargeNumbersAreNone) {
  EXPECT_FALSE(not_finite(at::full({2, 4, 8, 8}, 3e38f)));
  EXPECT_FALSE(not_finite(at::full({70000}, 6e4, at::kHalf)));
  EXPECT_FALSE(not_finite(at::empty({0, 4})));
  EXPECT_EQ(not_finite(at::tensor({1.f, -INFINITY, INFINITY})), "infinity in item 2 of 3");
}

TEST(Sample, ShiftsLatentsForTheNetworkAndBackExceptEmptyOnes) {
  DiffusionModel model = toy_model();
  model.space = {.scale = 0.5, .shift = 3};
  at::Tensor first;
  SamplerMethod look;
  look.run = [&](const SamplerCall& call) { return first = call.x; };
  SampleRequest shifted = request();
  shifted.noise = at::zeros_like(shifted.latent);
  EXPECT_TRUE(at::equal(sample(model, look, {1, 0}, shifted).latent, at::full_like(shifted.latent, 3)));
  EXPECT_FALSE(first.any().item<bool>()) << "an empty latent stays empty";
  shifted.latent = at::full_like(shifted.latent, 5);
  EXPECT_TRUE(at::equal(sample(model, look, {1, 0}, shifted).latent, shifted.latent));
  EXPECT_TRUE(at::equal(first, at::full_like(first, 1)));
}

TEST(Sample, RefusesAnEmptyConditioningAndNoiseOfAnotherShape) {
  SampleRequest wordless = request();
  wordless.negative.clear();
  EXPECT_THROW(run(find_sampler("euler"), wordless), std::invalid_argument);
  SampleRequest odd = request();
  odd.noise = at::zeros({1, 4, 8, 8});
  EXPECT_THROW(run(find_sampler("euler"), odd), std::invalid_argument);
}

}  // namespace
}  // namespace weft::sd
