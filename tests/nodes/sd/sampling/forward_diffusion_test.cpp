// Forward diffusion against its formulas: each moment of each step, from 10,000 draws.
#include "nodes/sd/sampling/forward_diffusion.h"

#include <ATen/ATen.h>
#include <gtest/gtest.h>

#include <cmath>
#include <numbers>

#include "nodes/sd/sampling/noise_schedule.h"

namespace weft::sd {
namespace {

constexpr std::int64_t kDraws = 10000;
const std::vector<std::int64_t> kTimes{0, 1, 10, 100, 300, 600, 900, 1000};

/// alpha_bar_t straight from the papers.
double published_alpha_bar(std::string_view schedule, std::int64_t t) {
  if (schedule == "cosine") {
    const auto f = [](double share) { return std::pow(std::cos((share + 0.008) / 1.008 * std::numbers::pi / 2), 2); };
    return f(static_cast<double>(t) / 1000) / f(0);
  }
  double bar = 1;
  for (std::int64_t i = 0; i < t; ++i) {
    const double share = static_cast<double>(i) / 999;
    const double beta = schedule == "linear"
        ? 1e-4 + share * (0.02 - 1e-4)
        : std::pow(std::sqrt(0.00085) + share * (std::sqrt(0.012) - std::sqrt(0.00085)), 2);
    bar *= 1 - beta;
  }
  return bar;
}

/// The largest distance between two empirical distributions (Kolmogorov and Smirnov).
double distribution_distance(const at::Tensor& a, const at::Tensor& b) {
  const at::Tensor sorted_a = std::get<0>(a.flatten().sort()), sorted_b = std::get<0>(b.flatten().sort());
  const at::Tensor all = at::cat({sorted_a, sorted_b});
  const auto below = [&](const at::Tensor& sorted) {
    return at::searchsorted(sorted, all, /*out_int32=*/false, /*right=*/true).to(at::kDouble) / kDraws;
  };
  return (below(sorted_a) - below(sorted_b)).abs().max().item<double>();
}

class ForwardDiffusion : public testing::TestWithParam<std::string> {
 protected:
  std::vector<double> betas_ = find_beta_schedule(GetParam()).betas(1000);
  at::Tensor x0_ = at::full({kDraws, 1}, 0.7, at::kFloat);

  /// Within 4.5 standard errors of what the closed form says.
  void expect_moments(const at::Tensor& all) const {
    for (std::size_t i = 0; i < kTimes.size(); ++i) {
      const at::Tensor x = all.narrow(0, static_cast<std::int64_t>(i) * kDraws, kDraws).to(at::kDouble);
      const double bar = published_alpha_bar(GetParam(), kTimes[i]), variance = 1 - bar;
      EXPECT_NEAR(x.mean().item<double>(), 0.7 * std::sqrt(bar), 4.5 * std::sqrt(variance / kDraws) + 1e-6)
          << "t = " << kTimes[i];
      EXPECT_NEAR(x.var().item<double>(), variance, 4.5 * variance * std::sqrt(2.0 / kDraws) + 1e-6)
          << "t = " << kTimes[i];
    }
  }
};

TEST_P(ForwardDiffusion, InOneGoHasTheMeanAndVarianceOfTheClosedForm) {
  expect_moments(diffuse_at_once(x0_, betas_, kTimes, 1));
}

TEST_P(ForwardDiffusion, StepByStepHasTheMeanAndVarianceOfTheClosedForm) {
  expect_moments(diffuse_stepwise(x0_, betas_, kTimes, 2));
}

TEST_P(ForwardDiffusion, BothFormsAgreeInDistribution) {
  const at::Tensor at_once = diffuse_at_once(x0_, betas_, kTimes, 3),
                   stepwise = diffuse_stepwise(x0_, betas_, kTimes, 4);
  const double limit = 1.95 * std::sqrt(2.0 / kDraws);  // passed by one of a thousand equal distributions
  for (std::size_t i = 1; i < kTimes.size(); ++i) {
    const auto at_time = [&](const at::Tensor& all) {
      return all.narrow(0, static_cast<std::int64_t>(i) * kDraws, kDraws);
    };
    EXPECT_LT(distribution_distance(at_time(at_once), at_time(stepwise)), limit) << "t = " << kTimes[i];
  }
}

TEST_P(ForwardDiffusion, BeginsWithThePictureItself) {
  EXPECT_TRUE(at::equal(diffuse_stepwise(x0_, betas_, {{0, 5}}, 1).narrow(0, 0, kDraws), x0_));
}

TEST_P(ForwardDiffusion, EndsAsNoiseWhateverTheNumberOfSteps) {
  for (std::int64_t steps : {50, 250, 1000})
    EXPECT_LT(alpha_bars(find_beta_schedule(GetParam()).betas(steps)).back(), 0.01) << steps;
}

INSTANTIATE_TEST_SUITE_P(Schedules, ForwardDiffusion, testing::Values("linear", "scaled-linear", "cosine"),
    [](const auto& info) { return info.param == "scaled-linear" ? "scaled_linear" : info.param; });

TEST(BetaSchedules, ScaledLinearIsWhatStableDiffusionSamplesWith) {
  const NoiseTable table = NoiseTable::stable_diffusion();
  const std::vector<double> bars = alpha_bars(find_beta_schedule("scaled-linear").betas(1000));
  for (std::size_t t : {1u, 500u, 1000u})
    EXPECT_NEAR(std::sqrt((1 - bars[t]) / bars[t]) / table.sigmas()[t - 1], 1, 1e-6) << "t = " << t;
}

TEST(BetaSchedules, AnUnknownNameIsAnsweredWithThoseThereAre) {
  EXPECT_THROW(
      {
        try {
          find_beta_schedule("square");
        } catch (const std::invalid_argument& error) {
          EXPECT_NE(std::string(error.what()).find("scaled-linear"), std::string::npos);
          throw;
        }
      },
      std::invalid_argument);
}

TEST(Timesteps, AreReadFromTextWithCommasOrSpaces) {
  EXPECT_EQ(parse_times("0, 5 10,1000", 1000), (std::vector<std::int64_t>{0, 5, 10, 1000}));
}

TEST(Timesteps, ThatFallOrLeaveTheRangeOrAreNoNumbersAreRefused) {
  for (const char* text : {"", "5, 3", "0, 1001", "-1", "ten", "3.5"})
    EXPECT_THROW(parse_times(text, 1000), std::invalid_argument) << text;
}

}  // namespace
}  // namespace weft::sd
