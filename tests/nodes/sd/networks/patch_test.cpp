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

TEST(PatchedWeights, AreChangedInTurnAndTheSourceStaysAsItIs) {
  const auto source = std::make_shared<TensorMapSource>(
      TensorMap{{"a.weight", at::ones({2, 2})}, {"b.weight", at::ones({2})}}, "a test");
  const auto change = [](double factor, double summand) {
    return Patch{.weight = [=](const std::string& name, const at::Tensor& base) {
      return name == "unet.a.weight" ? base * factor + summand : base;
    }};
  };
  const auto changed = patched(source, stack({change(2, 1), {.key = "none"}, change(10, 0)}), "unet");
  EXPECT_TRUE(changed->get("a.weight", {2, 2}, Init::Ones).equal(at::full({2, 2}, 30.0)));
  EXPECT_TRUE(changed->get("b.weight", {2}, Init::Ones).equal(at::ones({2})));
  EXPECT_TRUE(source->get("a.weight", {2, 2}, Init::Ones).equal(at::ones({2, 2})));
  EXPECT_TRUE(changed->has("a.weight"));
  EXPECT_FALSE(changed->has("c.weight"));
  EXPECT_EQ(patched(source, stack({{.key = "none"}}), "unet"), source) << "nothing changes weights";
  const Patch wrong{.weight = [](const std::string&, const at::Tensor&) { return at::ones({3}); }};
  EXPECT_THROW(patched(source, stack({wrong}), "unet")->get("b.weight", {2}, Init::Ones), c10::Error);
}

TEST(PatchKeys, AreThoseOfTheStackAndItsOrder) {
  const Patch a{.key = "a"}, b{.key = "b"}, both{.key = "a1:b"};
  EXPECT_EQ(key_of({}), "");
  EXPECT_EQ(key_of(stack({a, b})), key_of(stack({a, b})));
  EXPECT_NE(key_of(stack({a, b})), key_of(stack({b, a})));
  EXPECT_NE(key_of(stack({a, b})), key_of(stack({both})));
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
