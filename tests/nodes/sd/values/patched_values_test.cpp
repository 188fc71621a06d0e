// Model::with and Clip::with: what is shared between values, and what is not.
#include <ATen/ATen.h>
#include <ATen/core/grad_mode.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "nodes/sd/families/checkpoint.h"
#include "nodes/sd/values/values.h"
#include "tests/nodes/seeded_source.h"
#include "tests/nodes/small_models.h"

namespace weft::sd {
namespace {

using testing::HasSubstr;

/// Counts how many networks were built with it: each asks for conv_out.bias once.
Patch brighter(double by, int* built = nullptr) {
  return {.key = "brighter " + std::to_string(by), .weight = [=](const std::string& name, const at::Tensor& base) {
            if (name == "unet.conv_out.bias" && built != nullptr) ++*built;
            return name == "unet.conv_out.bias" ? base + by : base;
          }};
}

class PatchedValues : public testing::Test {
 protected:
  void SetUp() override {
    SmallModel model = medium_model();
    model.text.vocab = 49408;  // of the usual tokenizer
    model.text.eos_id = 49407;
    write_single_file(folder_ / "medium.safetensors", model);
    checkpoint_ = std::make_shared<const Checkpoint>(Checkpoint::open(folder_ / "medium.safetensors"));
  }

  at::Tensor ask(const Model& model) const {
    const at::NoGradGuard no_grad;
    const auto network = model.on(where_);
    NetworkCall call{.x = seeded_normal("x", {1, 4, 8, 8}),
        .timesteps = at::full({1}, 500.0),
        .context = seeded_normal("y", {1, 7, 64})};
    call.patches = call_patches(network->patches);
    return network->network(call);
  }

  TemporaryFolder folder_;
  std::shared_ptr<const Checkpoint> checkpoint_;
  Residency where_;
};

TEST_F(PatchedValues, AModelWithPatchedWeightsHasANetworkOfItsOwn) {
  const Model plain(checkpoint_, "float32");
  const at::Tensor before = ask(plain), brightened = ask(plain.with(brighter(0.5)));
  EXPECT_LE((brightened - before - 0.5).abs().max().item<double>(), 1e-5);
  EXPECT_TRUE(ask(plain).equal(before));
}

TEST_F(PatchedValues, EqualStacksShareTheirNetwork) {
  int built = 0;
  const Model plain(checkpoint_, "float32");
  const Model first = plain.with(brighter(0.5, &built));
  EXPECT_EQ(built, 0) << "nobody has asked yet";
  ask(first);
  ask(plain.with(brighter(0.5, &built)));
  ask(first.with({.key = "look", .block = [](const std::string&, const at::Tensor& h) { return h; }}));
  EXPECT_EQ(built, 1);
  ask(plain.with(brighter(0.25, &built)));
  ask(first.with(brighter(0.5, &built)));
  EXPECT_EQ(built, 1 + 1 + 2) << "the last stack has two that count";
}

TEST_F(PatchedValues, CallPatchesNeedNoNetworkOfTheirOwn) {
  const Model plain(checkpoint_, "float32");
  const auto held = plain.on(where_);
  const Model doubled =
      plain.with({.key = "double", .block = [](const std::string&, const at::Tensor& h) { return 2 * h; }});
  EXPECT_GT((ask(doubled) - ask(plain)).abs().max().item<double>(), 1e-3);
  EXPECT_EQ(plain.patch_key(), "");
  EXPECT_THAT(doubled.patch_key(), HasSubstr("double"));
  EXPECT_EQ(doubled.patch_key(), plain.with({.key = "double"}).patch_key());
}

TEST_F(PatchedValues, ATextEncoderHasPatchedWeightsToo) {
  const Clip plain(checkpoint_);
  const auto shift = [](double by) {
    return Patch{.key = "shift " + std::to_string(by), .weight = [by](const std::string& name, const at::Tensor& base) {
                   return name == "text_encoder.text_model.final_layer_norm.bias" ? base + by : base;
                 }};
  };
  const Clip shifted = plain.with(shift(0.5));
  const at::Tensor before = plain.encode("a boat", where_).entries[0].context;
  EXPECT_LE((shifted.encode("a boat", where_).entries[0].context - before - 0.5).abs().max().item<double>(), 1e-5);
  EXPECT_TRUE(plain.encode("a boat", where_).entries[0].context.equal(before));
  EXPECT_EQ(shifted.patch_key(), plain.with(shift(0.5)).patch_key());
  EXPECT_NE(shifted.patch_key(), plain.with(shift(0.25)).patch_key());
}

}  // namespace
}  // namespace weft::sd
