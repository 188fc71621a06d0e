// What an inspector is told of tensors and conditionings.
#include "nodes/sd/values/describe.h"

#include <ATen/ATen.h>
#include <gmock/gmock.h>

#include <limits>
#include <numeric>

#include "nodes/sd/values/values.h"

namespace weft::sd {
namespace {

using nlohmann::json;

TEST(Describe, TellsShapeRangeAndSpread) {
  const json said = describe(at::arange(8, at::kFloat).view({2, 4}));
  EXPECT_EQ(said["shape"], json({2, 4}));
  EXPECT_EQ(said["dtype"], "float32");
  EXPECT_EQ(said["min"], 0);
  EXPECT_EQ(said["max"], 7);
  EXPECT_EQ(said["mean"], 3.5);
  EXPECT_NEAR(said["deviation"].get<double>(), 2.2912878, 1e-6);  // the root of (8^2 - 1) / 12
}

TEST(Items, AreTheBatchOneByOneWithAllElseThatItSays) {
  const Latent batch{.samples = at::arange(12, at::kFloat).view({3, 1, 2, 2}), .space = {.scale = 0.5}};
  const std::vector<Value> each = items(batch, &Latent::samples);
  ASSERT_EQ(each.size(), 3u);
  for (std::int64_t i = 0; i < 3; ++i) {
    const auto& one = each[static_cast<std::size_t>(i)].as<Latent>();
    EXPECT_TRUE(at::equal(one.samples, batch.samples.narrow(0, i, 1))) << i;
    EXPECT_EQ(one.space.scale, 0.5);
  }
}

TEST(Describe, CountsEachValueOnceInTheHistogram) {
  const json said = describe(at::linspace(-1, 1, 640))["histogram"];
  const auto counts = said["counts"].get<std::vector<int>>();
  EXPECT_EQ(counts.size(), 64u);
  EXPECT_EQ(std::accumulate(counts.begin(), counts.end(), 0), 640);
  EXPECT_NEAR(counts[20], 10, 1);
  EXPECT_EQ(said["min"], -1);
  EXPECT_EQ(said["max"], 1);
}

TEST(Describe, CountsWhatIsNotFiniteApart) {
  const float nan = std::numeric_limits<float>::quiet_NaN(), inf = std::numeric_limits<float>::infinity();
  const json said = describe(at::tensor({1.f, nan, 3.f, inf}));
  EXPECT_EQ(said["not_finite"], 2);
  EXPECT_EQ(said["max"], 3);
  EXPECT_FALSE(describe(at::tensor({nan})).contains("min"));
}

TEST(Describe, TakesEveryTensor) {
  EXPECT_TRUE(describe(at::Tensor()).is_null());
  EXPECT_EQ(describe(at::zeros({0, 3}))["shape"], json({0, 3}));
  EXPECT_FALSE(describe(at::full({4}, 2.0)).contains("histogram"));  // one value is no distribution
  EXPECT_EQ(describe(at::ones({2}, at::kBFloat16))["dtype"], "bfloat16");
  EXPECT_EQ(describe(at::ones({2}, at::kLong))["max"], 1);
}

TEST(Describe, ListsTheTokensOfAPrompt) {
  ConditioningEntry entry{
      .context = at::ones({1, 77, 4}), .tokens = {{"<|startoftext|>", 1}, {"a", 1}, {"red", 1.5}, {"boat", 1}}};
  entry.tokens.resize(77, {"<|endoftext|>", 1});
  const json said = describe(set_area({entry}, 64, 32, 8, 16, 0.5))[0];
  EXPECT_EQ(said["strength"], 0.5);
  EXPECT_EQ(said["area"], json({{"x", 8}, {"y", 16}, {"width", 64}, {"height", 32}}));
  const json& rows = said["tokens"]["rows"];
  ASSERT_EQ(rows.size(), 5u);  // start, three words, and what fills the rest
  EXPECT_EQ(rows[0], json({"0", "<|startoftext|>", 1, 2}));
  EXPECT_EQ(rows[2], json({"2", "red", 1.5, 2}));
  EXPECT_EQ(rows[4][0], "4 - 76");
}

}  // namespace
}  // namespace weft::sd
