#include "nodes/sd/sampling/conditioning.h"

#include <gtest/gtest.h>
#include <torch/torch.h>

#include "tests/nodes/toy_model.h"

namespace weft::sd {
namespace {

ConditioningEntry entry(double value, std::int64_t tokens) {
  ConditioningEntry entry = words(value);
  entry.context = at::full({1, tokens, 4}, value);
  entry.pooled = at::full({1, 2}, value);
  return entry;
}

TEST(Conditioning, CombineKeepsBothInOrder) {
  const ConditioningEntries both = combine({words(1)}, {words(2), words(3)});
  ASSERT_EQ(both.size(), 3u);
  EXPECT_EQ(both[2].context[0][0][0].item<float>(), 3);
}

TEST(Conditioning, ConcatAppendsTokensOfTheFirst) {
  const ConditioningEntries joined = concat({entry(1, 3), entry(2, 3)}, {entry(9, 2), entry(7, 5)});
  ASSERT_EQ(joined.size(), 2u);
  EXPECT_EQ(joined[1].context.size(1), 5);
  EXPECT_EQ(joined[1].context[0][4][0].item<float>(), 9);
}

TEST(Conditioning, TokensGoWithTheirPlaces) {
  ConditioningEntry first = entry(1, 2), second = entry(2, 1);
  first.tokens = {{"a", 1}, {"boat", 1.2}};
  second.tokens = {{"sea", 1}};
  const ConditioningEntries joined = concat({first}, {second});
  ASSERT_EQ(joined[0].tokens.size(), 3u);
  EXPECT_EQ(joined[0].tokens[1].weight, 1.2);
  EXPECT_EQ(joined[0].tokens[2].text, "sea");
  EXPECT_TRUE(concat({first}, {entry(2, 1)})[0].tokens.empty());  // half a list would say wrong places
  EXPECT_TRUE(average({first}, {second}, 0.5)[0].tokens.empty());
  EXPECT_TRUE(zero_out({first})[0].tokens.empty());
}

TEST(Conditioning, AverageCutsOrPadsWithZeros) {
  const at::Tensor padded = average({entry(1, 4)}, {entry(3, 2)}, 0.75)[0].context;
  EXPECT_FLOAT_EQ(padded[0][0][0].item<float>(), 1.5);
  EXPECT_FLOAT_EQ(padded[0][3][0].item<float>(), 0.75);
  EXPECT_EQ(average({entry(1, 2)}, {entry(3, 4)}, 0.75)[0].context.size(1), 2);
  EXPECT_FLOAT_EQ(average({entry(1, 4)}, {entry(3, 2)}, 0.75)[0].pooled[0][0].item<float>(), 1.5);
}

TEST(Conditioning, RefusesToMixEncodersAndToTakeFromNothing) {
  ConditioningEntry other = words(1);
  other.context = at::ones({1, 77, 16});
  EXPECT_THROW(average({words(1)}, {other}, 0.5), std::invalid_argument);
  EXPECT_THROW(concat({words(1)}, {}), std::invalid_argument);
}

TEST(Conditioning, ZeroOutZeroesWordsAndPooled) {
  const ConditioningEntries zero = zero_out({entry(2, 3)});
  EXPECT_EQ(zero[0].context.abs().sum().item<float>(), 0);
  EXPECT_EQ(zero[0].pooled.abs().sum().item<float>(), 0);
}

TEST(Conditioning, AreasAreRoundedDownToLatents) {
  const ConditioningEntries placed = set_area({words(1)}, 100, 64, 15, 8, 0.5);
  EXPECT_EQ(std::get<PixelArea>(placed[0].area), (PixelArea{64, 100, 8, 15}));
  EXPECT_EQ(placed[0].strength, 0.5);
}

TEST(Conditioning, SettersLeaveTheOriginalAlone) {
  const ConditioningEntries original{words(1)};
  set_timestep_range(set_mask(original, at::ones({4, 4}), 0.5, true), 0.25, 0.5);
  EXPECT_FALSE(original[0].mask.defined());
  EXPECT_EQ(original[0].end_percent, 1);
}

}  // namespace
}  // namespace weft::sd
