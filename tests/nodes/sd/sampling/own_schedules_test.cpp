// Schedules with numbers of their own and changed lists of noise levels, against ComfyUI's nodes.
#include "nodes/sd/sampling/own_schedules.h"

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "nodes/sd/sampling/sigma_lists.h"
#include "tests/nodes/sampling_values.h"

namespace weft::sd {
namespace {

constexpr SigmaRange kRange{.max = 14.614642, .min = 0.0291675};
constexpr double kTolerance = 1e-5;

void expect_equal(const std::string& name, const std::vector<float>& found) {
  EXPECT_LE(off(found, name), kTolerance) << name;
}

TEST(OwnSchedules, AgreeWithComfyUi) {
  const NoiseTable table = NoiseTable::stable_diffusion();
  for (const std::int64_t steps : {1, 2, 7, 10}) {
    const auto name = [&](const char* schedule) { return fmt::format("{}/{}", schedule, steps); };
    expect_equal(name("karras"), karras_sigmas(kRange, steps, 7));
    expect_equal(name("karras_other"), karras_sigmas({.max = 80, .min = 0.002}, steps, 3.5));
    expect_equal(name("exponential"), polyexponential_sigmas(kRange, steps, 1));
    expect_equal(name("polyexponential"), polyexponential_sigmas(kRange, steps, 1.7));
    expect_equal(name("laplace"), laplace_sigmas(kRange, steps, 0.3, 0.7));
    expect_equal(name("vp"), vp_sigmas(steps, 19.9, 0.1, 0.001));
    expect_equal(name("beta"), beta_sigmas(table, steps, 0.8, 1.7));
  }
}

TEST(OwnSchedules, OfTurboAreItsTenTimesteps) {
  const NoiseTable table = NoiseTable::stable_diffusion();
  expect_equal("turbo/1/1.0", turbo_sigmas(table, 1, 1));
  expect_equal("turbo/4/1.0", turbo_sigmas(table, 4, 1));
  expect_equal("turbo/10/1.0", turbo_sigmas(table, 10, 1));
  expect_equal("turbo/3/0.5", turbo_sigmas(table, 3, 0.5));
  expect_equal("turbo/10/0.35", turbo_sigmas(table, 10, 0.35));
}

TEST(OwnSchedules, AlignYourStepsInterpolates) {
  const std::pair<std::int64_t, double> cases[] = {{10, 1}, {1, 1}, {6, 1}, {25, 1}, {10, 0.5}, {9, 0.37}};
  for (const std::string_view model : aligned_models())
    for (const auto& [steps, denoise] : cases)
      expect_equal(fmt::format("aligned/{}/{}/{}", model, steps, denoise == 1 ? "1.0" : fmt::to_string(denoise)),
          aligned_sigmas(model, steps, denoise));
  EXPECT_THAT(aligned_sigmas("SD1", 10, 0), testing::IsEmpty());
  EXPECT_THROW(aligned_sigmas("SD9", 10, 1), std::invalid_argument);
}

/// Each list is compared by the sum of its levels times their places, so that every number counts.
TEST(OwnSchedules, GitsHasTheNumbersOfItsAuthors) {
  for (int i = 0; i < 15; ++i) {
    std::vector<float> sums;
    for (std::int64_t steps = 2; steps <= 20; ++steps) {
      const std::vector<float> levels = gits_sigmas(0.8 + 0.05 * i, steps, 1);
      EXPECT_EQ(std::ssize(levels), steps + 1);
      double sum = 0;
      for (std::size_t k = 0; k < levels.size(); ++k) sum += levels[k] * static_cast<double>(k + 1);
      sums.push_back(static_cast<float>(sum));
    }
    EXPECT_LE(off(sums, fmt::format("gits/{:.2f}", 0.8 + 0.05 * i)), 1e-6) << i;
  }
  expect_equal("gits_part/27/1.0", gits_sigmas(1.2, 27, 1));
  expect_equal("gits_part/40/0.3", gits_sigmas(1.2, 40, 0.3));
  expect_equal("gits_part/10/0.55", gits_sigmas(1.2, 10, 0.55));
}

// ---- lists ----

const SigmaList kLevels{14.6f, 7, 3.2f, 1.1f, 0.4f, 0};

TEST(SigmaLists, AreSplitAsInComfyUi) {
  for (const std::int64_t step : {0, 2, 5, 9}) {
    const auto [high, low] = split_sigmas(kLevels, step);
    expect_equal(fmt::format("split/{}/high", step), high);
    expect_equal(fmt::format("split/{}/low", step), low);
  }
  for (const auto& [denoise, name] :
      {std::pair(0.0, "0.0"), std::pair(0.1, "0.1"), std::pair(0.5, "0.5"), std::pair(1.0, "1.0")}) {
    const auto [high, low] = split_sigmas_denoise(kLevels, denoise);
    expect_equal(fmt::format("split_denoise/{}/high", name), high);
    expect_equal(fmt::format("split_denoise/{}/low", name), low);
  }
}

TEST(SigmaLists, AreChangedAsInComfyUi) {
  expect_equal("flip", flip_sigmas(kLevels));
  expect_equal("set_first", set_first_sigma(kLevels, 136));
  expect_equal("extend/linear", extend_sigmas(kLevels, 4, 8, 0.5, Spacing::Linear));
  expect_equal("extend/cosine", extend_sigmas(kLevels, 4, 8, 0.5, Spacing::Cosine));
  expect_equal("extend/sine", extend_sigmas(kLevels, 4, 8, 0.5, Spacing::Sine));
  expect_equal("manual", parse_sigmas("14.6,+3 x.5; -1.25e 0 1. ."));
}

TEST(SigmaLists, MayBeEmpty) {
  EXPECT_THAT(flip_sigmas({}), testing::IsEmpty());
  EXPECT_THAT(set_first_sigma({}, 3), testing::IsEmpty());
  EXPECT_THAT(extend_sigmas({}, 3, 8, 0, Spacing::Linear), testing::IsEmpty());
  EXPECT_THAT(split_sigmas({}, 2).second, testing::IsEmpty());
  EXPECT_THAT(split_sigmas_denoise({}, 0.5).second, testing::IsEmpty());
  EXPECT_THAT(parse_sigmas("none"), testing::IsEmpty());
}

}  // namespace
}  // namespace weft::sd
