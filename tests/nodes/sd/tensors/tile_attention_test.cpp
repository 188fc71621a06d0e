#include "nodes/sd/tensors/tile_attention.h"

#include <ATen/ATen.h>
#include <ATen/CPUGeneratorImpl.h>
#include <gtest/gtest.h>

namespace weft::sd {
namespace {

at::Tensor random(at::IntArrayRef shape, std::uint64_t seed) {
  return at::randn(shape, at::make_generator<at::CPUGeneratorImpl>(seed), at::kFloat).to(at::kBFloat16);
}

/// In double precision, by the definition.
at::Tensor attention(const at::Tensor& q, const at::Tensor& k, const at::Tensor& v, std::int64_t heads) {
  const auto split = [heads](const at::Tensor& x) {
    return x.to(at::kDouble).view({x.size(0), x.size(1), heads, -1}).transpose(1, 2);
  };
  const at::Tensor scores = split(q).matmul(split(k).transpose(2, 3)) / std::sqrt(double(q.size(2) / heads));
  return scores.softmax(-1).matmul(split(v)).transpose(1, 2).reshape(q.sizes());
}

double relative_error(const at::Tensor& found, const at::Tensor& expected) {
  return ((found.to(at::kDouble) - expected).norm() / expected.norm()).item<double>();
}

/// The kernel on this processor's tiles, if it has them, and the same in plain C++.
class TileAttention : public testing::TestWithParam<bool> {
 protected:
  void SetUp() override {
    const at::Tensor x = random({1, 16, 32}, 1);
    if (!fits(x, x, x)) GTEST_SKIP() << "this processor has no matrix tiles";
  }

  static bool fits(const at::Tensor& q, const at::Tensor& k, const at::Tensor& v) {
    return GetParam() ? fits_tile_attention(q, k, v, 1) : fits_portable_tile_attention(q, k, v, 1);
  }
  static at::Tensor tile_attention(const at::Tensor& q, const at::Tensor& k, const at::Tensor& v, std::int64_t heads) {
    return (GetParam() ? sd::tile_attention : portable_tile_attention)(q, k, v, heads);
  }
};

INSTANTIATE_TEST_SUITE_P(
    , TileAttention, testing::Bool(), [](const auto& info) { return info.param ? "OnTiles" : "InPlainCode"; });

constexpr double kBfloat16 = 4e-3;  // half a unit in the last place of what is stored

TEST_P(TileAttention, GivesTheSoftmaxWeightedSumForAnyNumberOfQueriesKeysAndChannels) {
  for (const std::int64_t queries : {1, 31, 32, 33, 100})
    for (const std::int64_t keys : {1, 16, 77, 256, 257, 600})
      for (const std::int64_t channels : {8, 24, 32, 40, 80, 160}) {
        const at::Tensor q = random({2, queries, 3 * channels}, 1), k = random({2, keys, 3 * channels}, 2),
                         v = random({2, keys, 3 * channels}, 3);
        ASSERT_LT(relative_error(tile_attention(q, k, v, 3), attention(q, k, v, 3)), kBfloat16)
            << queries << " queries, " << keys << " keys, " << channels << " channels";
      }
}

TEST_P(TileAttention, StaysExactWhenLaterKeysScoreFarHigher) {
  const at::Tensor q = random({1, 40, 64}, 1).abs(), v = random({1, 900, 64}, 3);
  const at::Tensor rising = at::linspace(-30, 30, 900).view({1, 900, 1}).to(at::kBFloat16);
  const at::Tensor k = (random({1, 900, 64}, 2).abs() * rising).to(at::kBFloat16);
  EXPECT_LT(relative_error(tile_attention(q, k, v, 2), attention(q, k, v, 2)), kBfloat16);
  EXPECT_LT(relative_error(tile_attention(q, k.flip(1), v, 2), attention(q, k.flip(1), v, 2)), kBfloat16);
}

TEST_P(TileAttention, ReadsHeadsWhereTheyLie) {
  const at::Tensor all = random({2, 50, 3 * 80}, 4);
  const auto parts = all.chunk(3, 2);  // strided views, as of one projection to queries, keys and values
  EXPECT_LT(relative_error(tile_attention(parts[0], parts[1], parts[2], 2),
                attention(parts[0].contiguous(), parts[1].contiguous(), parts[2].contiguous(), 2)),
      kBfloat16);
}

TEST_P(TileAttention, LeavesTrainingFloat32AndOddChannelsToLibtorch) {
  const at::Tensor x = random({1, 16, 36}, 1);
  EXPECT_FALSE(fits(x, x, x));
  const at::Tensor exact = at::randn({1, 16, 32});
  EXPECT_FALSE(fits(exact, exact, exact));
  const at::Tensor trained = random({1, 16, 32}, 1).set_requires_grad(true);
  EXPECT_FALSE(fits(trained, trained, trained));
}

}  // namespace
}  // namespace weft::sd
