// Restart sampling, against ComfyUI_restart_sampling's code.
#include "nodes/sd/sampling/restart.h"

#include <ATen/ATen.h>
#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>

#include "tests/nodes/sampling_values.h"

namespace weft::sd {
namespace {

TEST(Restarts, ArePlannedAsInComfyUiRestartSampling) {
  const NoiseTable table = NoiseTable::stable_diffusion();
  for (const char* text : {"default", "a1111", "[4,2,0.3,-500],[3,1,1,'40%']", "[5,2,0,0.4]"})
    for (const auto& [steps, schedule] : {std::pair(12, "karras"), std::pair(40, "normal")})
      for (const std::string_view by : restart_schedules()) {
        const std::vector<float> sigmas = schedule_sigmas(table, schedule, steps);
        const std::vector<float> found =
            plan_restarts(table, sigmas, parse_restart_segments(text, table, sigmas), by).sigmas;
        const std::string name = fmt::format("restarts/{}/{}/{}/{}", text, steps, schedule, by);
        EXPECT_LE(off(found, name), 1e-5) << name;
      }
}

SamplerCall heun_call() {
  SamplerCall call;
  call.denoise = [](const at::Tensor& x, float sigma) {
    const at::Tensor scaled = x / std::sqrt(sigma * sigma + 1);
    return x - (0.9 * scaled + 0.1 * at::sin(3 * scaled) + 0.05 * 0.3) * sigma;
  };
  call.x = sampling_value("samplers/x");
  call.sigmas = sampling_list("restart/sigmas");
  call.seed = 123;
  return call;
}

TEST(Restarts, AddTheNoiseThatLiesBetween) {
  std::vector<std::int64_t> indexes;
  SamplerCall call = heun_call();
  call.on_step = [&](const SamplerStep& step) { indexes.push_back(step.index); };
  const SamplerMethod heun = find_sampler("heun");
  EXPECT_LE(off(restart(call, heun, false), sampling_value("sampler/restart/1")), 1e-5);
  EXPECT_TRUE(std::ranges::is_sorted(indexes)) << "steps are counted through";
  EXPECT_EQ(std::ssize(indexes), indexes.back() + 1);
  EXPECT_LE(off(restart(call, heun, true), sampling_value("sampler/restart/0")), 1e-5);
}

TEST(Restarts, ThatDoNotFitAreLeftOutWithASentence) {
  const NoiseTable table = NoiseTable::stable_diffusion();
  const std::vector<float> sigmas = schedule_sigmas(table, "karras", 10);
  const auto planned = [&](const char* text) {
    return plan_restarts(table, sigmas, parse_restart_segments(text, table, sigmas), "karras");
  };
  for (const char* text : {"[3,2,14.6,20]", "[3,2,2,1]", "[1,2,0.1,1]", "[3,0,0.1,1]"}) {
    EXPECT_EQ(planned(text).sigmas, sigmas) << text;
    EXPECT_THAT(planned(text).left_out, testing::SizeIs(1)) << text;
  }
  EXPECT_THAT(planned("[3,1,0.1,1],[3,1,0.1,2]").left_out, testing::ElementsAre(testing::HasSubstr("another")));
  EXPECT_EQ(planned("").sigmas, sigmas);
}

TEST(Restarts, RefuseATextThatIsNone) {
  const NoiseTable table = NoiseTable::stable_diffusion();
  for (const char* text : {"[3,2,0.1]", "[3,2,0.1,1", "none", "[a,2,0.1,1]", "[3,2,0.1,120%]", "[3,2,0.1,-2000]"})
    EXPECT_THROW(parse_restart_segments(text, table, {}), std::invalid_argument) << text;
  const std::vector<RestartSegment> segments{{.levels = 3, .times = 1, .min = 0.1, .max = 0.9}};
  EXPECT_THROW(plan_restarts(table, {1, 0.1f, 0}, segments, "none"), std::invalid_argument);
}

}  // namespace
}  // namespace weft::sd
