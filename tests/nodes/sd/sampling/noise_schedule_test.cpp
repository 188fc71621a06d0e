#include "nodes/sd/sampling/noise_schedule.h"

#include <gtest/gtest.h>

#include <cmath>
#include <string>

#include "tests/nodes/sampling_parts.h"

namespace weft::sd {
namespace {

const NoiseTable& table() {
  static const NoiseTable sd = NoiseTable::stable_diffusion();
  return sd;
}

TEST(NoiseTable, TimestepAndSigmaAreInverse) {
  for (std::int64_t t = 0; t < 1000; ++t) EXPECT_EQ(table().timestep(table().sigma(static_cast<float>(t))), t);
}

TEST(NoiseTable, ClampsOutsideTheTable) {
  EXPECT_EQ(table().timestep(1e6f), 999);
  EXPECT_EQ(table().timestep(1e-6f), 0);
  EXPECT_FLOAT_EQ(table().sigma(-5), table().sigma_min());
  EXPECT_NEAR(table().sigma(5000), table().sigma_max(), 1e-5);
}

TEST(NoiseTable, PercentsOutsideTheRangeHaveNoLimit) {
  EXPECT_GT(table().percent_to_sigma(0), 1e8);
  EXPECT_EQ(table().percent_to_sigma(1), 0);
}

TEST(Schedule, FallsToZeroForEveryCountOfSteps) {
  for (const ScheduleInfo& info : schedules()) {
    for (std::int64_t n = 1; n <= 100; ++n) {
      const std::vector<float> sigmas = schedule_sigmas(table(), info.name, n);
      ASSERT_GE(sigmas.size(), 2u) << info.name << n;
      EXPECT_EQ(sigmas.back(), 0) << info.name << n;
      for (std::size_t i = 1; i < sigmas.size(); ++i) EXPECT_LT(sigmas[i], sigmas[i - 1]) << info.name << " " << n;
      if (info.name != "ddim_uniform" && info.name != "beta") {
        EXPECT_EQ(sigmas.size(), static_cast<std::size_t>(n + 1)) << info.name;
      }
    }
  }
}

TEST(Schedule, KlOptimalOfOneStepStartsAtTheNoisiest) {
  EXPECT_EQ(schedule_sigmas(table(), "kl_optimal", 1), (std::vector<float>{table().sigma_max(), 0}));
}

TEST(GoldenSchedule, BetaHitsScipysTimesteps) {
  for (const auto& [n, timesteps] : sampling_parts("beta_timesteps").items()) {
    std::vector<float> expected;
    for (std::size_t t : timesteps) expected.push_back(table().sigmas()[t]);
    expected.push_back(0);
    EXPECT_EQ(schedule_sigmas(table(), "beta", std::stoll(n)), expected) << n;
  }
}

TEST(Schedule, UnknownNameIsAnsweredWithTheList) {
  try {
    schedule_sigmas(table(), "kerras", 10);
    FAIL();
  } catch (const std::invalid_argument& error) {
    EXPECT_NE(std::string(error.what()).find("\"kerras\""), std::string::npos);
    EXPECT_NE(std::string(error.what()).find("karras"), std::string::npos);
  }
  EXPECT_THROW(schedule_sigmas(table(), "karras", 0), std::invalid_argument);
}

TEST(SamplingSigmas, DenoiseTakesTheEndOfALongerSchedule) {
  const std::vector<float> whole = schedule_sigmas(table(), "normal", 26),
                           part = sampling_sigmas(table(), "normal", 8, 0.3);
  EXPECT_EQ(part, std::vector<float>(whole.end() - 9, whole.end()));
  EXPECT_TRUE(sampling_sigmas(table(), "normal", 8, 0).empty());
  EXPECT_EQ(sampling_sigmas(table(), "normal", 8, 0.99995), schedule_sigmas(table(), "normal", 8));
}

TEST(SamplingSigmas, DropsThePenultimateIfAskedTo) {
  std::vector<float> expected = schedule_sigmas(table(), "karras", 6);
  expected.erase(expected.end() - 2);
  EXPECT_EQ(sampling_sigmas(table(), "karras", 5, 1, true), expected);
}

TEST(CutSteps, KeepsTheAskedSteps) {
  const std::vector<float> sigmas{8, 4, 2, 1, 0};
  EXPECT_EQ(cut_steps(sigmas, 1, 3, true), (std::vector<float>{4, 2, 1}));
  EXPECT_EQ(cut_steps(sigmas, 1, 3, false), (std::vector<float>{4, 2, 0}));
  EXPECT_EQ(cut_steps(sigmas, 0, 10000, false), sigmas);
  EXPECT_TRUE(cut_steps(sigmas, 4, 10000, false).empty());
  EXPECT_TRUE(cut_steps(sigmas, 3, 2, false).empty());
}

}  // namespace
}  // namespace weft::sd
