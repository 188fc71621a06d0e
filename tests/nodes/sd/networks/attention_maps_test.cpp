// Attention that is looked at: the maps are right, and looking changes nothing.
#include "nodes/sd/networks/attention_maps.h"

#include <ATen/ATen.h>
#include <gtest/gtest.h>

#include <memory>
#include <numeric>

#include "nodes/sd/networks/layers.h"
#include "nodes/sd/networks/unet.h"
#include "tests/nodes/seeded_source.h"
#include "tests/nodes/small_models.h"

namespace weft::sd {
namespace {

TEST(AttentionProbabilities, AreThoseThatAttentionWeighsItsValuesWith) {
  const at::Tensor q = seeded_normal("q", {2, 6, 8}), k = seeded_normal("k", {2, 5, 8});
  const at::Tensor shares = attention_probabilities(q, k, 2);
  EXPECT_EQ(shares.sizes(), (std::vector<std::int64_t>{2, 6, 5}));
  EXPECT_LE((shares.sum(2) - 1).abs().max().item<double>(), 1e-6);
  // With one value a token that is 1 at token 3 and 0 elsewhere, attention gives the share of token 3.
  at::Tensor v = at::zeros({2, 5, 8});
  v.select(1, 3).fill_(1);
  const at::Tensor weighed = multi_head_attention(q, k, v, 2);  // one share a head
  const at::Tensor mean = weighed.unflatten(2, {2, 4}).select(3, 0).mean(2);
  EXPECT_LE((mean - shares.select(2, 3)).abs().max().item<double>(), 1e-6);
}

class ObservedUNet : public testing::Test {
 protected:
  UNetConfig config_ = medium_model().unet;
  UNet unet_{config_, Weights(std::make_shared<SeededSource>())};
  at::Tensor x_ = seeded_normal("x", {1, 4, 9, 14}), context_ = seeded_normal("y", {1, 7, 64});

  at::Tensor run(const Patches& patches = {}) const {
    NetworkCall call{.x = x_, .timesteps = at::full({1}, 500.0), .context = context_};
    call.patches = patches;
    return unet_.forward(call);
  }

  at::Tensor map_of(std::vector<std::int64_t> tokens) const {
    AttentionMaps maps(std::move(tokens), 9, 14);
    run({std::make_shared<const Patch>(watching(maps))});
    return maps.mean();
  }
};

TEST_F(ObservedUNet, GivesAllOfItsAttentionToAllTokensTogether) {
  std::vector<std::int64_t> all(7);
  std::iota(all.begin(), all.end(), 0);
  const at::Tensor map = map_of(all);
  ASSERT_EQ(map.sizes(), (std::vector<std::int64_t>{1, 9, 14})) << "also of sides that do not halve evenly";
  EXPECT_LE((map - 1).abs().max().item<double>(), 1e-5);
}

TEST_F(ObservedUNet, SharesItBetweenTokens) {
  EXPECT_LE((map_of({0, 1, 2}) + map_of({3, 4, 5, 6}) - 1).abs().max().item<double>(), 1e-5);
  EXPECT_GT(map_of({2}).std().item<double>(), 1e-4) << "places differ";
}

TEST_F(ObservedUNet, ComputesTheSame) {
  AttentionMaps maps({0}, 9, 14);
  EXPECT_TRUE(at::equal(run({std::make_shared<const Patch>(watching(maps))}), run()));
}

}  // namespace
}  // namespace weft::sd
