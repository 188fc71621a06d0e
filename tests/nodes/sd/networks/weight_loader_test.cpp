// A loader changes weights by patches, rounds once, and shares with networks that live what they have made alike.
#include "nodes/sd/networks/weight_loader.h"

#include <ATen/ATen.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>

#include "base/cancel_point.h"
#include "base/error.h"
#include "nodes/sd/files/model_error.h"
#include "nodes/sd/networks/unet.h"
#include "tests/nodes/seeded_source.h"
#include "tests/nodes/small_models.h"

namespace weft::sd {
namespace {

Patches stack(std::vector<Patch> patches) {
  Patches shared;
  for (Patch& patch : patches) shared.push_back(std::make_shared<const Patch>(std::move(patch)));
  return shared;
}

Patch change(const std::string& which, double factor, double summand) {
  return {.key = "change " + which + std::to_string(factor) + std::to_string(summand),
      .weight = [=](const std::string&, const at::Tensor& base) { return base * factor + summand; },
      .changes = [=](const std::string& name) { return name == which; }};
}

WeightLoader::Request request(const Patches& patches = {}, const std::shared_ptr<SharedWeights>& shared = {}) {
  return {.tensors = {{"a.weight", at::ones({2, 2})}, {"b.weight", at::ones({2})}},
      .origin = "a test",
      .patches = patches,
      .network = "unet",
      .shared = shared};
}

TEST(WeightLoader, AppliesPatchesInTurnAndLeavesTheTensorsOfTheFile) {
  const WeightLoader::Request asked =
      request(stack({change("unet.a.weight", 2, 1), {.key = "none"}, change("unet.a.weight", 10, 0)}));
  WeightLoader loader(asked);
  EXPECT_TRUE(loader.get("a.weight", {2, 2}, Init::Ones).equal(at::full({2, 2}, 30.0)));
  EXPECT_TRUE(loader.get("b.weight", {2}, Init::Ones).equal(at::ones({2})));
  EXPECT_TRUE(asked.tensors.at("a.weight").equal(at::ones({2, 2})));
  EXPECT_TRUE(loader.has("a.weight"));
  EXPECT_FALSE(loader.has("c.weight"));
}

TEST(WeightLoader, RefusesAPatchThatGivesAnotherShape) {
  const Patch wrong{.key = "wrong", .weight = [](const std::string&, const at::Tensor&) { return at::ones({3}); }};
  WeightLoader loader(request(stack({wrong})));
  EXPECT_THROW(loader.get("b.weight", {2}, Init::Ones), c10::Error);
}

// 1 + 2^-9 is no bfloat16: rounded before the change, it would be lost.
TEST(WeightLoader, RoundsWhatIsPatchedOnce) {
  WeightLoader::Request asked = request(stack({change("unet.b.weight", 1, -1)}));
  asked.tensors["b.weight"] = at::full({2}, 1 + 1.0 / 512);
  asked.dtype = at::kBFloat16;
  WeightLoader loader(asked);
  const at::Tensor found = loader.get("b.weight", {2}, Init::Ones);
  EXPECT_EQ(found.scalar_type(), at::kBFloat16);
  EXPECT_TRUE(found.to(at::kFloat).equal(at::full({2}, 1.0 / 512)));
}

PreparedWeight doubled(const at::Tensor& weight) { return {{weight * 2}, true}; }

TEST(WeightLoader, PreparesWhatWasAskedForWhenItFinishes) {
  WeightLoader loader(request());
  const auto prepared = loader.prepared("a.weight", {2, 2}, Init::Ones, doubled);
  EXPECT_TRUE(prepared->tensors.empty());
  EXPECT_THROW(loader.prepared("a.weight", {3, 2}, Init::Ones, doubled), ModelError) << "before anything is read";
  loader.finish();
  ASSERT_EQ(prepared->tensors.size(), 1U);
  EXPECT_TRUE(prepared->packed);
  EXPECT_TRUE(prepared->tensors[0].equal(at::full({2, 2}, 2.0)));
}

TEST(WeightLoader, SharesWhatLivesAndIsPatchedAlike) {
  const auto shared = std::make_shared<SharedWeights>();
  const auto load = [&](const Patches& patches) {
    WeightLoader loader(request(patches, shared));
    std::vector found{loader.prepared("a.weight", {2, 2}, Init::Ones, doubled)};
    loader.finish();
    return std::pair(found[0]->tensors[0], loader.get("b.weight", {2}, Init::Ones));
  };
  const Patches on_a = stack({change("unet.a.weight", 3, 0)});
  const auto plain = load({});
  {
    const auto patched = load(on_a);
    EXPECT_TRUE(patched.first.equal(at::full({2, 2}, 6.0)));
    EXPECT_TRUE(patched.second.is_same(plain.second)) << "no patch changes it";
    EXPECT_TRUE(load(on_a).first.is_same(patched.first));
    EXPECT_TRUE(shared->has("a.weight", key_of(on_a)));
  }
  EXPECT_FALSE(shared->has("a.weight", key_of(on_a))) << "whoever had it is gone";
  EXPECT_TRUE(load({}).first.is_same(plain.first));
}

TEST(WeightLoader, GivesANetworkTheSameResultsAsWeightsThatWereAskedForOneByOne) {
  const UNetConfig config = medium_model().unet;
  const auto seeded = std::make_shared<SeededSource>();
  const UNet one_by_one(config, Weights(seeded));
  const auto loader =
      std::make_shared<WeightLoader>(WeightLoader::Request{.tensors = seeded->tensors(), .origin = "a test"});
  const UNet loaded(config, Weights(loader));
  loader->finish();
  NetworkCall call{.x = seeded_normal("x", {1, 4, 8, 8}),
      .timesteps = at::full({1}, 500.0),
      .context = seeded_normal("y", {1, 7, config.context_dim})};
  const at::NoGradGuard no_grad;
  EXPECT_TRUE(loaded.forward(call).equal(one_by_one.forward(call)));
}

struct Cancelling final : CancelCheck {
  void check_cancel() override {
    if (++asked > 3) throw Cancelled();
  }
  int asked = 0;
};

TEST(WeightLoader, StopsWhenItIsCancelled) {
  Cancelling check;
  const CancelScope scope(&check);
  WeightLoader::Request asked = request();
  const auto numbered = [](int i) { return std::to_string(i) + ".weight"; };
  for (int i = 0; i < 1000; ++i) asked.tensors[numbered(i)] = at::ones({2});
  WeightLoader loader(asked);
  std::vector<std::shared_ptr<const PreparedWeight>> prepared;
  for (int i = 0; i < 1000; ++i) prepared.push_back(loader.prepared(numbered(i), {2}, Init::Ones, doubled));
  EXPECT_THROW(loader.finish(), Cancelled);
}

TEST(InParallel, CallsWithEachNumberOnceAndThrowsWhatWasThrown) {
  std::vector<std::atomic<int>> calls(100);
  for_each_in_parallel(calls.size(), [&](std::size_t i) { ++calls[i]; });
  for (const auto& count : calls) EXPECT_EQ(count, 1);
  EXPECT_THROW(for_each_in_parallel(10,
                   [](std::size_t i) {
                     if (i == 7) throw std::runtime_error("seven");
                   }),
      std::runtime_error);
  for_each_in_parallel(0, [](std::size_t) { FAIL(); });
}

}  // namespace
}  // namespace weft::sd
