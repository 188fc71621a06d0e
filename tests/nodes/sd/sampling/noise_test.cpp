#include "nodes/sd/sampling/noise.h"

#include <gtest/gtest.h>
#include <torch/torch.h>

#include "nodes/sd/sampling/brownian_tree.h"
#include "tests/nodes/sampling_parts.h"

namespace weft::sd {
namespace {

TEST(Noise, ItemOfABatchEqualsItsSingleRunIfAskedTo) {
  // 3 x 5 x 7 is no multiple of 16, where one draw for all would give the first item other numbers.
  const at::Tensor batch = initial_noise({3, 3, 5, 7}, 41, BatchNoise::PerItem);
  for (std::int64_t k = 0; k < 3; ++k) {
    EXPECT_TRUE(at::equal(batch.narrow(0, k, 1), initial_noise({1, 3, 5, 7}, 41 + k))) << k;
  }
  StepNoise together(batch, 41, BatchNoise::PerItem), alone(batch.narrow(0, 0, 1), 42, BatchNoise::Together);
  for (int draw = 0; draw < 2; ++draw) EXPECT_TRUE(at::equal(together().narrow(0, 1, 1), alone())) << draw;
  const BrownianNoise path(batch, 0.1f, 10, 41, BatchNoise::PerItem);
  const BrownianNoise single(batch.narrow(0, 0, 1), 0.1f, 10, 43, BatchNoise::Together);
  EXPECT_TRUE(at::equal(path(10, 3).narrow(0, 2, 1), single(10, 3)));
}

TEST(Noise, BatchIndexesPickDrawsAndMayRepeat) {
  const at::Tensor all = initial_noise({4, 4, 3, 3}, 5, std::vector<std::int64_t>{0, 1, 2, 3});
  const at::Tensor picked = initial_noise({3, 4, 3, 3}, 5, std::vector<std::int64_t>{2, 0, 2});
  EXPECT_TRUE(at::equal(picked[0], all[2]));
  EXPECT_TRUE(at::equal(picked[1], all[0]));
  EXPECT_TRUE(at::equal(picked[2], all[2]));
}

// 5 x 7 x 3 is no multiple of 16: single draws would have other numbers than the batch.
const std::vector<std::int64_t> kBatch{4, 3, 5, 7}, kTwo{2, 3, 5, 7};

TEST(Noise, OfAPickedItemIsThatOfItsPlaceInTheBatch) {
  const BatchPlaces places{.index = {3, 1}, .size = 4};
  for (const BatchNoise batch : {BatchNoise::Together, BatchNoise::PerItem}) {
    const auto expect_items = [&](const at::Tensor& picked, const at::Tensor& all) {
      EXPECT_TRUE(at::equal(picked[0], all[3]));
      EXPECT_TRUE(at::equal(picked[1], all[1]));
    };
    expect_items(initial_noise(kTwo, 5, batch, places), initial_noise(kBatch, 5, batch));
    StepNoise steps(at::zeros(kBatch), 5, batch), picked_steps(at::zeros(kTwo), 5, batch, places);
    for (int step = 0; step < 3; ++step) expect_items(picked_steps(), steps());
    const BrownianNoise path(at::zeros(kBatch), 0.1f, 10, 5, batch);
    const BrownianNoise picked_path(at::zeros(kTwo), 0.1f, 10, 5, batch, places);
    expect_items(picked_path(10, 3), path(10, 3));
    expect_items(picked_path(3, 0.7f), path(3, 0.7f));
  }
}

TEST(Noise, PastTheEndOfTheBatchIsNewAndLeavesTheOthersAsTheyWere) {
  const BatchPlaces places{.index = {3, 4, 7}, .size = 4};
  const std::vector<std::int64_t> three{3, 3, 5, 7};
  const auto expect_new = [](const at::Tensor& picked, const at::Tensor& all) {
    EXPECT_TRUE(at::equal(picked[0], all[3]));
    for (std::int64_t i = 0; i < 4; ++i) EXPECT_GT((picked[1] - all[i]).abs().max().item<float>(), 0.5f) << i;
    EXPECT_GT((picked[2] - picked[0]).abs().max().item<float>(), 0.5f);
  };
  expect_new(initial_noise(three, 5, BatchNoise::Together, places), initial_noise(kBatch, 5));
  StepNoise steps(at::zeros(kBatch), 5, BatchNoise::Together);
  StepNoise picked(at::zeros(three), 5, BatchNoise::Together, places);
  for (int step = 0; step < 2; ++step) expect_new(picked(), steps());
}

TEST(Noise, RefusesBatchIndexesThatDoNotFit) {
  EXPECT_THROW(initial_noise({2, 4, 3, 3}, 5, std::vector<std::int64_t>{1}), std::invalid_argument);
  EXPECT_THROW(initial_noise({1, 4, 3, 3}, 5, std::vector<std::int64_t>{-1}), std::invalid_argument);
  EXPECT_THROW(
      StepNoise(at::zeros({2, 4, 3, 3}), 5, BatchNoise::Together, {.index = {1}, .size = 3}), std::invalid_argument);
}

TEST(Noise, TakesSeedsOf64Bits) {
  const std::uint64_t last = std::numeric_limits<std::uint64_t>::max();
  EXPECT_EQ(initial_noise({1, 4, 2, 2}, last).sizes(), (std::vector<std::int64_t>{1, 4, 2, 2}));
  EXPECT_NO_THROW(StepNoise(at::zeros({1, 4, 2, 2}), last, BatchNoise::Together)());
}

TEST(Noise, OfAStepDiffersFromThatOfTheStart) {
  const at::Tensor start = initial_noise({1, 4, 4, 4}, 9);
  EXPECT_GT((StepNoise(start, 9, BatchNoise::Together)() - start).abs().max().item<float>(), 0.5f);
}

TEST(GoldenSeedSequence, HashesAsNumpy) {
  for (const auto& row : sampling_parts("seed_sequence")) {
    std::vector<std::uint64_t> key;
    for (const std::string part : row["key"]) key.push_back(std::stoull(part));
    const std::uint64_t entropy = std::stoull(row["entropy"].get<std::string>());
    EXPECT_EQ(seed_sequence_word(entropy, key), row["word"].get<std::uint32_t>()) << row;
  }
}

TEST(GoldenBrownianTree, EqualsTorchsde) {
  for (const auto& row : sampling_parts("brownian")) {
    const BrownianTree tree(row["shape"].get<std::vector<std::int64_t>>(), row["range"][0], row["range"][1],
        std::stoull(row["seed"].get<std::string>()));
    const at::Tensor found = tree.increment(row["query"][0], row["query"][1]).view(-1);
    const at::Tensor expected = at::tensor(row["increment"].get<std::vector<float>>());
    EXPECT_LE((found - expected).abs().max().item<float>(), 1e-6f) << row["query"];
  }
}

TEST(BrownianTree, IncrementsAddUp) {
  const BrownianTree tree({1, 4, 3, 3}, 0.03, 14.6, 12);
  const at::Tensor whole = tree.increment(0.5, 9), parts = tree.increment(0.5, 2.25) + tree.increment(2.25, 9);
  EXPECT_LE((whole - parts).abs().max().item<float>(), 1e-5f);
}

TEST(BrownianTree, NoiseHasUnitVarianceAndASignByDirection) {
  const BrownianNoise noise(at::zeros({1, 4, 64, 64}), 0.03f, 14.6f, 3, BatchNoise::Together);
  EXPECT_NEAR(noise(5, 1.5f).std().item<float>(), 1, 0.02);
  EXPECT_TRUE(at::equal(noise(5, 1.5f), -noise(1.5f, 5)));
}

}  // namespace
}  // namespace weft::sd
