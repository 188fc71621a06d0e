// Patches see what they are promised, in the order of their stack, and change what they give back.
#include "nodes/sd/networks/patch.h"

#include <ATen/ATen.h>
#include <ATen/core/grad_mode.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "nodes/sd/networks/layers.h"
#include "nodes/sd/networks/unet.h"
#include "tests/nodes/seeded_source.h"
#include "tests/nodes/small_models.h"

namespace weft::sd {
namespace {

using testing::ElementsAre;

Patches stack(std::vector<Patch> patches) {
  Patches shared;
  for (Patch& patch : patches) shared.push_back(std::make_shared<const Patch>(std::move(patch)));
  return shared;
}

class PatchedUNet : public testing::Test {
 protected:
  const at::NoGradGuard no_grad_;
  UNetConfig config_ = medium_model().unet;
  UNet unet_{config_, Weights(std::make_shared<SeededSource>())};

  NetworkCall call(const Patches& patches = {}) const {
    NetworkCall asked{.x = seeded_normal("x", {1, 4, 9, 14}),
        .timesteps = at::full({1}, 500.0),
        .context = seeded_normal("y", {1, 7, 64})};
    asked.patches = patches;
    return asked;
  }
  at::Tensor run(std::vector<Patch> patches = {}) const { return unet_.forward(call(stack(std::move(patches)))); }
};

TEST_F(PatchedUNet, ShowsEachAttentionWithItsNameAndSize) {
  std::vector<std::string> to_context, in_middle;
  run({{.key = "look", .attention = [&](const AttentionCall& call, const Attend& next) {
          EXPECT_EQ(call.q.size(1), call.height * call.width) << call.name;
          EXPECT_EQ(call.k.size(1), call.self ? call.q.size(1) : 7) << call.name;
          EXPECT_EQ(call.v.sizes(), call.k.sizes()) << call.name;
          EXPECT_EQ(call.heads, 8);
          if (!call.self) to_context.push_back(call.name);
          if (call.name.starts_with("mid_block")) in_middle.push_back(call.name);
          return next(call);
        }}});
  EXPECT_EQ(to_context.size(), 3u + 1 + 3 * 2) << "three levels with a layer down and two up, and the middle";
  EXPECT_THAT(in_middle,
      ElementsAre(
          "mid_block.attentions.0.transformer_blocks.0.attn1", "mid_block.attentions.0.transformer_blocks.0.attn2"));
}

TEST_F(PatchedUNet, ShowsEachBlockWithItsName) {
  std::vector<std::string> names;
  run({{.key = "look", .block = [&](const std::string& block, const at::Tensor& h) {
          names.push_back(block);
          return h;
        }}});
  EXPECT_THAT(names,
      ElementsAre("down_blocks.0.0", "down_blocks.1.0", "down_blocks.2.0", "down_blocks.3.0", "mid_block.0",
          "mid_block.1", "up_blocks.0.0", "up_blocks.0.1", "up_blocks.1.0", "up_blocks.1.1", "up_blocks.2.0",
          "up_blocks.2.1", "up_blocks.3.0", "up_blocks.3.1"));
}

TEST_F(PatchedUNet, ThatPassesAllOnComputesTheSame) {
  EXPECT_TRUE(run({{.key = "a", .attention = [](const AttentionCall& call, const Attend& next) { return next(call); }},
                      {.key = "b", .block = [](const std::string&, const at::Tensor& h) { return h; }},
                      {.key = "c", .guidance = [](const GuidanceCall& call) { return call.x; }}})
          .equal(run()));
}

TEST_F(PatchedUNet, GoesOnWithWhatABlocksPatchGives) {
  const at::Tensor residual = seeded_normal("m", {1, 128, 2, 2});
  NetworkCall controlled = call();
  controlled.control.mid = residual;
  const auto add = [&](const std::string& block, const at::Tensor& h) {
    return block == "mid_block.1" ? h + residual : h;
  };
  EXPECT_TRUE(run({{.key = "add", .block = add}}).equal(unet_.forward(controlled)));
}

TEST_F(PatchedUNet, ShowsEachStepDownAndWhatMeetsItsSkip) {
  std::vector<std::int64_t> down, below;
  std::vector<std::string> up;
  run({{.key = "look",
      .down =
          [&](std::int64_t step, const NetworkCall& whole, at::Tensor& h, at::Tensor& skip) {
            EXPECT_TRUE(h.is_same(skip));
            EXPECT_EQ(whole.x.size(3), 14);
            down.push_back(step);
          },
      .below =
          [&](std::int64_t step, const NetworkCall&, const at::Tensor& h, const GoDown& next) {
            const at::Tensor out = next(h);
            EXPECT_EQ(out.size(2), h.size(2)) << step;
            below.push_back(step);
            return out;
          },
      .up =
          [&](const std::string& block, const NetworkCall&, at::Tensor& h, at::Tensor& skip) {
            EXPECT_EQ(h.sizes().slice(2), skip.sizes().slice(2)) << block;
            up.push_back(block);
          }}});
  EXPECT_THAT(down, ElementsAre(0, 1, 2, 3, 4, 5, 6, 7)) << "conv_in, and four levels of a layer and three that halve";
  EXPECT_THAT(below, ElementsAre(7, 6, 5, 4, 3, 2, 1, 0)) << "each goes around those below it";
  EXPECT_THAT(up,
      ElementsAre("up_blocks.0.0", "up_blocks.0.1", "up_blocks.1.0", "up_blocks.1.1", "up_blocks.2.0", "up_blocks.2.1",
          "up_blocks.3.0", "up_blocks.3.1"));
}

TEST_F(PatchedUNet, GoesOnWithWhatIsMadeOfASkip) {
  const at::Tensor residual = seeded_normal("s", {1, 64, 9, 14});
  NetworkCall controlled = call();
  for (const auto& size : std::vector<std::vector<std::int64_t>>{{1, 64, 9, 14}, {1, 64, 9, 14}, {1, 64, 5, 7},
           {1, 96, 5, 7}, {1, 96, 3, 4}, {1, 128, 3, 4}, {1, 128, 2, 2}, {1, 128, 2, 2}})
    controlled.control.down.push_back(at::zeros(size));
  controlled.control.down[1] = residual;
  const auto on_the_way_down = [&](std::int64_t step, const NetworkCall&, at::Tensor&, at::Tensor& skip) {
    if (step == 1) skip = skip + residual;
  };
  const auto on_the_way_up = [&](const std::string& block, const NetworkCall&, at::Tensor&, at::Tensor& skip) {
    if (block == "up_blocks.3.0") skip = skip + residual;
  };
  const at::Tensor expected = unet_.forward(controlled);
  EXPECT_TRUE(run({{.key = "down", .down = on_the_way_down}}).equal(expected));
  EXPECT_TRUE(run({{.key = "up", .up = on_the_way_up}}).equal(expected));
}

TEST_F(PatchedUNet, LeavesOutWhatAPatchAnswers) {
  at::Tensor kept;
  int blocks = 0;
  const auto count = [&](const std::string&, const at::Tensor& h) {
    ++blocks;
    return h;
  };
  const auto remember = [&](std::int64_t step, const NetworkCall&, const at::Tensor& h, const GoDown& next) {
    if (step != 1) return next(h);
    if (!kept.defined()) kept = next(h);
    return kept;
  };
  const std::vector<Patch> patches{{.key = "count", .block = count}, {.key = "remember", .below = remember}};
  const at::Tensor first = run(patches);
  EXPECT_EQ(blocks, 14);
  EXPECT_TRUE(run(patches).equal(first));
  EXPECT_EQ(blocks, 14 + 3) << "the first layer and the last two";
}

TEST_F(PatchedUNet, ThatGoesAroundAllProjectionsOrBetweenAttentionsComputesTheSame) {
  std::vector<std::string> layers, blocks;
  const Patch around{.key = "around", .attention_layer = [&](const AttentionLayerCall& asked, const AttendLayer& next) {
                       EXPECT_EQ(asked.self, asked.k_context.is_same(asked.x));
                       layers.push_back(asked.name);
                       return next(asked);
                     }};
  const Patch between{.key = "between", .between = [&](const TransformerPlace& place, const at::Tensor& x) {
                        EXPECT_EQ(x.size(1), place.height * place.width);
                        blocks.push_back(place.name);
                        return x;
                      }};
  const at::Tensor plain = run();
  EXPECT_LE((run({around, between}) - plain).norm().item<double>(), 1e-5 * plain.norm().item<double>());
  EXPECT_EQ(layers.size(), 20u);
  EXPECT_EQ(blocks.size(), 10u);
  EXPECT_EQ(layers.front(), blocks.front() + ".attn1");
}

TEST_F(PatchedUNet, TakesKeysAndValuesOfOtherContexts) {
  const auto swap = [](AttentionLayerCall asked, const AttendLayer& next) {
    if (!asked.self) asked.k_context = asked.v_context = seeded_normal("z", {1, 5, 64});
    return next(asked);
  };
  NetworkCall other = call();
  other.context = seeded_normal("z", {1, 5, 64});
  const at::Tensor expected = unet_.forward(other), found = run({{.key = "swap", .attention_layer = swap}});
  EXPECT_LE((found - expected).norm().item<double>(), 1e-5 * expected.norm().item<double>());
}

TEST(PatchedAttention, HasTheLastPatchOutermost) {
  const at::Tensor q = seeded_normal("q", {1, 6, 8}), k = seeded_normal("k", {1, 5, 8}),
                   v = seeded_normal("v", {1, 5, 8});
  const auto times = [](double before, double after) {
    return Patch{.attention = [=](AttentionCall call, const Attend& next) {
      call.v = call.v * before + 1;
      return next(call) * after + 1;
    }};
  };
  const std::string name = "attn1";
  const at::Tensor found =
      patched_attention(stack({times(2, 3), times(5, 7)}), {.name = name, .heads = 2, .q = q, .k = k, .v = v});
  const at::Tensor inner = multi_head_attention(q, k, (v * 5 + 1) * 2 + 1, 2) * 3 + 1;
  EXPECT_LE((found - (inner * 7 + 1)).abs().max().item<double>(), 1e-4);
}

TEST(PatchKeys, AreThoseOfTheStackAndItsOrder) {
  const Patch a{.key = "a"}, b{.key = "b"}, both{.key = "a1:b"};
  EXPECT_EQ(key_of({}), "");
  EXPECT_EQ(key_of(stack({a, b})), key_of(stack({a, b})));
  EXPECT_NE(key_of(stack({a, b})), key_of(stack({b, a})));
  EXPECT_NE(key_of(stack({a, b})), key_of(stack({both})));
}

TEST(RememberingPatches, BeginAnewForEachSampling) {
  const auto begin = [] {
    const auto calls = std::make_shared<int>(0);
    return Patch{.guidance = [=](const GuidanceCall&) { return at::full({1}, ++*calls); }};
  };
  const Patches patches = stack({{.key = "count", .begin = begin}, {.key = "other"}});
  const at::Tensor x;
  const GuidanceCall asked{.x = x};
  for (int sampling = 0; sampling < 2; ++sampling) {
    const Patches fresh = begun(patches);
    ASSERT_EQ(fresh.size(), 2u);
    EXPECT_EQ(fresh[0]->guidance(asked).item<int>(), 1);
    EXPECT_EQ(fresh[0]->guidance(asked).item<int>(), 2);
    EXPECT_EQ(fresh[1], patches[1]);
  }
}

TEST(PatchKeys, OfWeightsAreFreeOfWhatChangesCalls) {
  const Patch heavy{.key = "heavy", .weight = [](const std::string&, const at::Tensor& base) { return base; }};
  const Patch inside{.key = "inside", .block = [](const std::string&, const at::Tensor& h) { return h; }};
  const Patch around{.key = "around", .guidance = [](const GuidanceCall& call) { return call.guided; }};
  const Patches all = stack({inside, heavy, around});
  EXPECT_EQ(key_of(weight_patches(all)), key_of(stack({heavy})));
  EXPECT_EQ(key_of(call_patches(all)), key_of(stack({inside})));
}

}  // namespace
}  // namespace weft::sd
