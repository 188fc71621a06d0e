#include "nodes/sd/sampling/denoiser.h"

#include <ATen/ATen.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

#include "tests/nodes/toy_model.h"

namespace weft::sd {
namespace {

/// A model whose x0 is the mean of its words everywhere, and that records its calls.
struct Recorder {
  struct Seen {
    std::vector<std::int64_t> x, context;
  };
  std::vector<Seen> calls;
  DiffusionModel model;

  Recorder() {
    model.network = [this](const NetworkCall& call) {
      calls.push_back({call.x.sizes().vec(), call.context.sizes().vec()});
      const float sigma = model.table.sigma(call.timesteps[0].item<float>());
      const at::Tensor latent = call.x * std::sqrt(sigma * sigma + 1);
      return (latent - call.context.mean({1, 2}).view({-1, 1, 1, 1})) / sigma;
    };
  }

  float sigma() const { return model.table.sigma(500); }

  /// x0 of one side, [8, 8].
  at::Tensor x0(const ConditioningEntries& positive, const ConditioningEntries& negative = {words(0)}, double cfg = 1) {
    const GuidedDenoiser denoiser(model, positive, negative, latent, {.cfg = cfg});
    return denoiser.x0(at::zeros_like(latent), sigma())[0][0];
  }

  at::Tensor latent = at::zeros({1, 4, 8, 8});
};

void expect_near(const at::Tensor& found, const at::Tensor& expected) {
  EXPECT_LE((found - expected).abs().max().item<float>(), 1e-5f) << found;
}

TEST(PredictX0, UndoesNoiseOrVelocity) {
  const at::Tensor clean = at::randn({2, 4, 3, 3}), noise = at::randn({2, 4, 3, 3});
  DiffusionModel model;
  const float sigma = model.table.sigma(300);
  const float alpha = 1 / std::sqrt(1 + sigma * sigma);
  const at::Tensor x = clean + noise * sigma;
  model.network = [&](auto&&...) { return noise; };
  expect_near(predict_x0(model, {.x = x, .context = at::zeros({2, 1, 1})}, sigma), clean);
  model.prediction = Prediction::Velocity;
  model.network = [&](auto&&...) { return noise * alpha - clean * (sigma * alpha); };
  expect_near(predict_x0(model, {.x = x, .context = at::zeros({2, 1, 1})}, sigma), clean);
}

TEST(GuidedDenoiser, ExtrapolatesFromTheNegativeSide) {
  Recorder recorder;
  expect_near(recorder.x0({words(2)}, {words(1)}, 7.5), at::full({8, 8}, 1 + 7.5));
}

TEST(GuidedDenoiser, EvaluatesBothSidesInOneBatch) {
  Recorder recorder;
  recorder.latent = at::zeros({2, 4, 8, 8});
  recorder.x0({words(2)}, {words(1)}, 7.5);
  ASSERT_EQ(recorder.calls.size(), 1u);
  EXPECT_EQ(recorder.calls[0].x, (std::vector<std::int64_t>{4, 4, 8, 8}));
}

TEST(GuidedDenoiser, CfgOneSkipsTheNegativeSideUnlessBothAreAsked) {
  Recorder recorder;
  recorder.x0({words(2)}, {words(1)}, 1);
  EXPECT_EQ(recorder.calls[0].x[0], 1);
  const GuidedDenoiser denoiser(recorder.model, {words(2)}, {words(1)}, recorder.latent, {.cfg = 1});
  const Guided guided = denoiser.both(at::zeros({1, 4, 8, 8}), recorder.sigma());
  expect_near(guided.x0_negative, at::ones({1, 4, 8, 8}));
}

TEST(GuidedDenoiser, PatchesGuidanceAfterCfgAndMayAskAgain) {
  Recorder recorder;
  const auto weaken = [](const GuidanceCall& call) {
    EXPECT_EQ(call.cfg, 3);
    expect_near(call.guided, at::full({1, 4, 8, 8}, 1 + 3.0));
    expect_near(call.positive, at::full({1, 4, 8, 8}, 2.0));
    expect_near(call.negative, at::full({1, 4, 8, 8}, 1.0));
    const at::Tensor other = call.ask(
        GuidanceSide::Positive, call.x, [](NetworkCall& again) { again.context = at::full_like(again.context, 0.5); });
    return call.guided + 10 * (call.positive - other);
  };
  const auto halve = [](const GuidanceCall& call) { return call.guided / 2; };
  recorder.model.patches = {std::make_shared<const Patch>(Patch{.key = "weaken", .guidance = weaken}),
      std::make_shared<const Patch>(Patch{.key = "halve", .guidance = halve})};
  expect_near(recorder.x0({words(2)}, {words(1)}, 3), at::full({8, 8}, (4 + 10 * 1.5) / 2));
  ASSERT_EQ(recorder.calls.size(), 2u);
  EXPECT_EQ(recorder.calls[1].x, (std::vector<std::int64_t>{1, 4, 8, 8})) << "the positive side alone";
}

TEST(GuidedDenoiser, PatchesGuidanceWithoutANegativeSideToo) {
  Recorder recorder;
  const auto look = [](const GuidanceCall& call) {
    EXPECT_FALSE(call.negative.defined());
    return call.guided + 1;
  };
  recorder.model.patches = {std::make_shared<const Patch>(Patch{.key = "look", .guidance = look})};
  expect_near(recorder.x0({words(2)}, {words(1)}, 1), at::full({8, 8}, 3.0));
}

std::shared_ptr<const Patch> shared(Patch patch) { return std::make_shared<const Patch>(std::move(patch)); }

TEST(GuidedDenoiser, ChangesTheSidesBeforeGuidanceCombinesThem) {
  Recorder recorder;
  const auto change = [](GuidanceCall& call) {
    EXPECT_FALSE(call.guided.defined());
    call.positive = call.positive + 1;
    call.negative = call.negative * 2;
  };
  recorder.model.patches = {shared({.key = "change", .sides = change})};
  expect_near(recorder.x0({words(2)}, {words(1)}, 5), at::full({8, 8}, 2 + 5.0 * (3 - 2)));
  const GuidedDenoiser denoiser(recorder.model, {words(2)}, {words(1)}, recorder.latent, {.cfg = 5});
  expect_near(denoiser.both(recorder.latent, recorder.sigma()).x0_negative, at::full({1, 4, 8, 8}, 2.0));
}

TEST(GuidedDenoiser, CombinesAsTheLastPatchSaysAndGuidesThen) {
  Recorder recorder;
  const auto sum = [](const GuidanceCall& call) { return call.positive + call.negative; };
  const auto product = [](const GuidanceCall& call) { return call.positive * call.negative; };
  const auto add = [](const GuidanceCall& call) { return call.guided + 100; };
  recorder.model.patches = {shared({.key = "add", .guidance = add}), shared({.key = "sum", .combine = sum}),
      shared({.key = "product", .combine = product})};
  expect_near(recorder.x0({words(2)}, {words(3)}, 5), at::full({8, 8}, 106.0));
  expect_near(recorder.x0({words(2)}, {words(3)}, 1), at::full({8, 8}, 102.0));
}

TEST(GuidedDenoiser, AsksAPatchesOwnSideInTheSameBatch) {
  Recorder recorder;
  const auto side = [](double value) {
    return std::make_shared<const ConditioningEntries>(ConditioningEntries{words(value)});
  };
  const auto expect = [](double value) {
    return [=](const GuidanceCall& call) {
      EXPECT_NEAR(call.further.mean().item<double>(), value, 1e-5);
      return call.guided + call.further;
    };
  };
  const auto none = [](const GuidanceCall& call) {
    EXPECT_FALSE(call.further.defined());
    return call.guided;
  };
  recorder.model.patches = {shared({.key = "a", .side = side(4), .guidance = expect(4)}),
      shared({.key = "b", .guidance = none}),
      shared({.key = "c", .side = side(8), .needs_negative = true, .guidance = expect(8)})};
  expect_near(recorder.x0({words(2)}, {words(1)}, 1), at::full({8, 8}, 2 + 4 + 8.0));
  ASSERT_EQ(recorder.calls.size(), 1u);
  EXPECT_EQ(recorder.calls[0].x[0], 4) << "positive, negative as one needs it, and two further ones";
}

TEST(GuidedDenoiser, AsksASideOfAnotherLatent) {
  Recorder recorder;
  const auto ask = [](const GuidanceCall& call) {
    return call.ask(GuidanceSide::Negative, at::ones({1, 4, 4, 4}), {}).mean() + call.guided;
  };
  recorder.model.patches = {shared({.key = "ask", .guidance = ask})};
  expect_near(recorder.x0({words(2)}, {words(1)}, 3), at::full({8, 8}, 4 + 1.0));
  EXPECT_EQ(recorder.calls[1].x, (std::vector<std::int64_t>{1, 4, 4, 4}));
}

TEST(GuidedDenoiser, TellsPatchesWhoseThePartsOfABatchAreAndHowNoisyTheyAre) {
  Recorder recorder;
  std::vector<std::int64_t> sides;
  const auto look = [&](const NetworkCall& call, const Network& next) {
    sides = call.sides;
    EXPECT_EQ(call.sigma, recorder.sigma());
    return next(call);
  };
  recorder.model.patches = {shared({.key = "look", .network = look})};
  recorder.x0({words(2), words(3)}, {words(1)}, 3);
  EXPECT_THAT(sides, testing::ElementsAre(0, 0, 1));
}

TEST(GuidedDenoiser, GivesAnEntrysPatchesToItsCallsAndToTheOtherSideWhereThatHasNone) {
  Recorder recorder;
  std::vector<std::pair<std::size_t, std::int64_t>> seen;  // patches, parts
  const auto look = [&](const NetworkCall& call, const Network& next) {
    seen.emplace_back(call.patches.size(), std::ssize(call.sides));
    return next(call);
  };
  recorder.model.patches = {shared({.key = "look", .network = look})};
  const auto own = shared({.key = "own", .block = [](const std::string&, const at::Tensor& h) { return h; }});
  ConditioningEntry with = words(2);
  with.patches = {own};
  recorder.x0({with}, {words(1)}, 3);
  EXPECT_THAT(seen, testing::ElementsAre(std::pair(2u, 2)));
  seen.clear();
  ConditioningEntry other = words(1);
  other.patches = {shared({.key = "other", .block = own->block})};
  recorder.x0({with, words(5)}, {other}, 3);
  EXPECT_THAT(seen, testing::ElementsAre(std::pair(2u, 1), std::pair(1u, 1), std::pair(2u, 1)));
}

TEST(GuidedDenoiser, GivesItsCallsThePatchesThatActWithinThem) {
  Recorder recorder;
  std::vector<std::size_t> counts;
  recorder.model.network = [&](const NetworkCall& call) {
    counts.push_back(call.patches.size());
    return at::zeros_like(call.x);
  };
  recorder.model.patches = {
      std::make_shared<const Patch>(Patch{.block = [](const std::string&, const at::Tensor& h) { return h; }}),
      std::make_shared<const Patch>(Patch{.guidance = [](const GuidanceCall& call) { return call.guided; }})};
  recorder.x0({words(2)}, {words(1)}, 3);
  EXPECT_EQ(counts, std::vector<std::size_t>{1});
}

TEST(GuidedDenoiser, RepeatsTokensToACommonLength) {
  Recorder recorder;
  const auto tokens = [](double value, std::int64_t count) {
    ConditioningEntry entry;
    entry.context = at::full({1, count, 4}, value);
    return entry;
  };
  expect_near(recorder.x0({tokens(1, 3)}, {tokens(2, 4)}, 2), at::zeros({8, 8}));
  ASSERT_EQ(recorder.calls.size(), 1u);  // 3 and 4 tokens: both 12
  EXPECT_EQ(recorder.calls[0].context, (std::vector<std::int64_t>{2, 12, 4}));

  recorder.calls.clear();
  recorder.x0({tokens(1, 3)}, {tokens(2, 16)}, 2);  // 3 and 16 would be 48: more than 4 times 3
  EXPECT_EQ(recorder.calls.size(), 2u);
}

TEST(GuidedDenoiser, AveragesEntriesByStrength) {
  Recorder recorder;
  expect_near(recorder.x0({words(1), set_area_strength({words(4)}, 0.5)[0]}), at::full({8, 8}, 2.0));
}

TEST(GuidedDenoiser, FadesAnAreaInAtItsInnerEdges) {
  Recorder recorder;
  recorder.latent = at::zeros({1, 4, 16, 16});
  // 8 x 8 latents in the corner: faded over 8 / 4 = 2 latents at the right and lower edge, weights 1 / 2
  // and 1.
  const at::Tensor x0 = recorder.x0(combine({words(0)}, set_area({words(1)}, 64, 64, 0, 0, 1)));
  at::Tensor ramp = at::ones({8});
  ramp[7] = 0.5;
  const at::Tensor weight = ramp.view({-1, 1}) * ramp;
  expect_near(x0.slice(0, 0, 8).slice(1, 0, 8), weight / (1 + weight));
  expect_near(x0.slice(0, 8), at::zeros({8, 16}));
}

TEST(GuidedDenoiser, PlacesAnAreaByThePixelsThatTheModelsLatentsSpan) {
  Recorder recorder;
  recorder.model.space.downscale = 4;
  recorder.latent = at::zeros({1, 4, 16, 16});
  recorder.x0(combine({words(0)}, set_area({words(1)}, 32, 24, 16, 16, 1)));
  ASSERT_EQ(recorder.calls.size(), 2u);
  EXPECT_EQ(recorder.calls[1].x, (std::vector<std::int64_t>{1, 4, 6, 8}));
  try {
    recorder.x0(set_area({words(1)}, 32, 32, 64, 0, 1));
    FAIL();
  } catch (const std::invalid_argument& error) {
    EXPECT_THAT(error.what(), testing::HasSubstr("x 64, y 0 pixels) has no part in the picture of 64x64 pixels"));
  }
}

TEST(GuidedDenoiser, EvaluatesOnlyTheAreaAndItsLikeOnTheOtherSide) {
  Recorder recorder;
  recorder.latent = at::zeros({1, 4, 16, 16});
  const GuidedDenoiser denoiser(recorder.model, combine({words(0)}, set_area({words(1)}, 64, 48, 32, 32, 1)),
      {words(3)}, recorder.latent, {.cfg = 2});
  denoiser.x0(at::zeros({1, 4, 16, 16}), 1);
  ASSERT_EQ(recorder.calls.size(), 2u);
  EXPECT_EQ(recorder.calls[0].x, (std::vector<std::int64_t>{2, 4, 16, 16}));
  EXPECT_EQ(recorder.calls[1].x, (std::vector<std::int64_t>{2, 4, 6, 8}));
}

TEST(GuidedDenoiser, TheLikeOfAnAreaHasTheWordsOfTheSmallestThatCoversIt) {
  Recorder recorder;
  const ConditioningEntries negative =
      combine({words(1)}, combine(set_area({words(5)}, 48, 48, 0, 0, 1), set_area({words(9)}, 8, 8, 0, 0, 1)));
  const GuidedDenoiser denoiser(
      recorder.model, set_area({words(0)}, 32, 32, 16, 16, 1), negative, recorder.latent, {.cfg = 2});
  // At (5, 5) the negative side has 1 everywhere, 5 from its own area (an edge: weight 1, 6 / 4 = 1), 5
  // again.
  const at::Tensor x0 = denoiser.both(at::zeros({1, 4, 8, 8}), recorder.sigma()).x0_negative[0][0];
  EXPECT_NEAR(x0[4][4].item<float>(), (1 + 5 + 5) / 3.0, 1e-5);
  EXPECT_NEAR(x0[7][7].item<float>(), 1, 1e-5);
}

TEST(GuidedDenoiser, PercentAreasRoundToLatents) {
  Recorder recorder;
  const ConditioningEntries half = set_area_percentage({words(1)}, {.height = 0.5, .width = 0.3, .y = 0.5, .x = 0}, 1);
  recorder.x0(combine({words(0)}, half));
  EXPECT_EQ(recorder.calls[1].x, (std::vector<std::int64_t>{1, 4, 4, 2}));
}

TEST(GuidedDenoiser, MaskWeighsAndBoundsCrop) {
  Recorder recorder;
  recorder.latent = at::zeros({1, 4, 16, 16});
  at::Tensor mask = at::zeros({16, 16});
  mask.slice(0, 4, 13).slice(1, 2, 5).fill_(1);
  for (bool crop : {false, true}) {
    recorder.calls.clear();
    const at::Tensor x0 = recorder.x0(combine({words(0)}, set_mask({words(1)}, mask, 0.5, crop)));
    expect_near(x0, mask * (0.5 / 1.5));
    if (crop) {
      EXPECT_EQ(recorder.calls[1].x, (std::vector<std::int64_t>{1, 4, 9, 8}));  // 3 wide: at least 8
    }
  }
}

TEST(GuidedDenoiser, AnEmptyMaskStillHasBounds) {
  Recorder recorder;
  recorder.x0(combine({words(0)}, set_mask({words(1)}, at::zeros({8, 8}), 1, true)));
  EXPECT_EQ(recorder.calls[0].x, (std::vector<std::int64_t>{2, 4, 8, 8}));
}

TEST(GuidedDenoiser, CountsAnEntryOnlyInItsShareOfSampling) {
  Recorder recorder;
  const ConditioningEntries early = set_timestep_range({words(3)}, 0, 0.4),
                            late = set_timestep_range({words(1)}, 0.4, 1);
  expect_near(recorder.x0(combine(early, late)), at::ones({8, 8}));  // sigma(500) is halfway
}

TEST(GuidedDenoiser, CountsAnEntryOnlyInItsSteps) {
  Recorder recorder;
  ConditioningEntry first = words(3), second = words(7), third = words(9);
  first.range_in_steps = second.range_in_steps = third.range_in_steps = true;
  first.end_percent = second.start_percent = 0.25;
  second.end_percent = third.start_percent = 0.6;  // of 4 steps: the third has begun
  const std::vector<float> sigmas = {10, 5, 2, 1, 0};
  const GuidedDenoiser denoiser(
      recorder.model, {first, second, third}, {words(0)}, recorder.latent, {.cfg = 1, .sigmas = sigmas});
  const auto at = [&](float sigma) { return denoiser.x0(at::zeros_like(recorder.latent), sigma)[0][0]; };
  for (const auto& [sigma, value] :
      {std::pair(12.f, 3.f), {10.f, 3.f}, {7.f, 3.f}, {5.f, 7.f}, {2.f, 7.f}, {1.5f, 7.f}, {1.f, 9.f}, {0.5f, 9.f}})
    EXPECT_NEAR(at(sigma).mean().item<float>(), value, 0.1) << sigma;  // the toy model rounds sigma to a timestep
}

/// Liu et al. 2022, eq. 11: negative + cfg * sum of weight * (prompt - negative).
TEST(GuidedDenoiser, ComposesPromptsByTheirWeights) {
  Recorder recorder;
  const auto composed = [](double value, std::int64_t prompt, double weight) {
    ConditioningEntry entry = words(value);
    entry.composed = {prompt, weight};
    return entry;
  };
  const auto guided = [](double cfg) { return 1 + cfg * (1 * (3 - 1) + 0.5 * (6 - 1) - 0.25 * (2 - 1)); };
  const ConditioningEntries three = {composed(3, 0, 1), composed(6, 1, 0.5), composed(2, 2, -0.25)};
  expect_near(recorder.x0(three, {words(1)}, 2), at::full({8, 8}, guided(2)));
  expect_near(recorder.x0(three, {words(1)}, 1), at::full({8, 8}, guided(1)));
  // Entries of one prompt are averaged first.
  expect_near(recorder.x0({composed(3, 0, 1), composed(5, 1, 1), composed(7, 1, 1)}, {words(1)}, 2),
      at::full({8, 8}, 1 + 2 * ((3 - 1) + (6 - 1))));
  expect_near(recorder.x0({composed(3, 0, 2)}, {words(1)}, 1), at::full({8, 8}, 1 + 2 * (3 - 1)));
  // On the negative side they are averaged by weight.
  expect_near(recorder.x0({words(9)}, {composed(1, 0, 1), composed(4, 1, 2)}, 2), at::full({8, 8}, 3 + 2 * (9 - 3)));
}

TEST(GuidedDenoiser, RefusesAnAreaOutsideThePicture) {
  Recorder recorder;
  for (const ConditioningEntries& outside :
      {set_area({words(1)}, 32, 32, 64, 0, 1), set_area({words(1)}, 4, 32, 0, 0, 1)}) {
    EXPECT_THROW(recorder.x0(outside), std::invalid_argument);
  }
}

TEST(GuidedDenoiser, RefusesLatentsOfAnotherModel) {
  Recorder recorder;
  recorder.latent = at::zeros({1, 16, 8, 8});
  EXPECT_THROW(recorder.x0({words(1)}), std::invalid_argument);
}

/// A model with more input channels than latents: keeps what it was given beyond the latent.
struct ConcatRecorder {
  at::Tensor extra;
  DiffusionModel model;
  bool strict = false;

  explicit ConcatRecorder(std::int64_t in_channels) {
    model.in_channels = in_channels;
    model.network = [this](const NetworkCall& call) {
      extra = call.concat;
      return at::zeros_like(call.x);
    };
  }

  void run(const ConditioningEntries& conditioning, const at::Tensor& noise_mask = {}) {
    const at::Tensor latent = at::full({1, 4, 8, 8}, 0.25);
    GuidedDenoiser(model, conditioning, conditioning, latent, {.noise_mask = noise_mask, .strict_concat = strict})
        .x0(latent, 1);
  }
};

TEST(InpaintingModel, SeesMaskAndScaledLatent) {
  ConcatRecorder recorder(9);
  at::Tensor mask = at::zeros({1, 1, 64, 64});
  mask.slice(2, 16, 48).fill_(0.9);
  recorder.run(set_concat({words(1)}, at::full({1, 4, 8, 8}, 2.0), mask));
  EXPECT_EQ(recorder.extra.size(1), 5);
  EXPECT_TRUE(at::equal(recorder.extra[0][0].slice(0, 2, 6), at::ones({4, 8})));
  EXPECT_EQ(recorder.extra[0][0][0].sum().item<float>(), 0);
  expect_near(recorder.extra.slice(1, 1), at::full({1, 4, 8, 8}, 2 * 0.18215));
}

TEST(InpaintingModel, TakesTheNoiseMaskAndTheLatentItself) {
  ConcatRecorder recorder(9);
  recorder.run({words(1)}, at::ones({1, 4, 8, 8}));
  expect_near(recorder.extra.slice(1, 1), at::full({1, 4, 8, 8}, 0.25));
}

TEST(InpaintingModel, WithoutAMaskPaintsAllOverGrey) {
  ConcatRecorder recorder(9);
  recorder.run({words(1)});
  EXPECT_EQ(recorder.extra[0][0].min().item<float>(), 1);
  EXPECT_FLOAT_EQ(recorder.extra[0][2][3][3].item<float>(), -0.6876f);
}

TEST(InstructModel, SeesTheUnscaledPictureOrZeros) {
  ConcatRecorder recorder(8);
  recorder.run(set_concat({words(1)}, at::full({1, 4, 4, 4}, 2.0), {}));
  expect_near(recorder.extra, at::full({1, 4, 8, 8}, 2.0));
  recorder.run({words(1)});
  expect_near(recorder.extra, at::zeros({1, 4, 8, 8}));
}

TEST(SegmentationModel, SeesTheMapAtTheLatentsSize) {
  ConcatRecorder recorder(4 + 14);
  const at::Tensor map = at::softmax(at::arange(14 * 64, at::kFloat).view({1, 14, 8, 8}).sin(), 1);
  recorder.run(set_concat_map({words(1)}, map));
  EXPECT_TRUE(at::equal(recorder.extra, map));
  recorder.run(set_concat_map({words(1)}, at::full({1, 14, 4, 4}, 0.5)));
  expect_near(recorder.extra, at::full({1, 14, 8, 8}, 0.5));
  recorder.run({words(1)});
  expect_near(recorder.extra, at::zeros({1, 14, 8, 8}));
}

/// What is said about a conditioning that does not belong to a model with so many channels.
std::string refusal(
    std::int64_t in_channels, const ConditioningEntries& conditioning, const at::Tensor& noise_mask = {}) {
  ConcatRecorder recorder(in_channels);
  recorder.strict = true;
  try {
    recorder.run(conditioning, noise_mask);
  } catch (const std::invalid_argument& error) {
    return error.what();
  }
  return {};
}

TEST(StrictConcat, SaysWhatToConnectWhereTheModelCannotSeeOrMisses) {
  const ConditioningEntries plain{words(1)};
  const ConditioningEntries masked = set_concat(plain, at::ones({1, 4, 8, 8}), at::ones({1, 1, 64, 64}));
  const ConditioningEntries mapped = set_concat_map(plain, at::ones({1, 14, 8, 8}));
  using testing::HasSubstr;
  EXPECT_THAT(refusal(4, masked), HasSubstr("use an inpainting model (9 channels), or a noise mask on the latent"));
  EXPECT_THAT(refusal(18, masked), HasSubstr("takes 18 channels and cannot see it"));
  EXPECT_THAT(refusal(4, mapped), HasSubstr("segmentation map of 14 classes"));
  EXPECT_THAT(refusal(9, mapped), HasSubstr("use a model for such maps (18 channels)"));
  EXPECT_THAT(refusal(9, plain), HasSubstr("connect the picture and its mask through Inpaint Conditioning"));
  EXPECT_THAT(refusal(18, plain), HasSubstr("connect a segmentation map through Segmentation Map Conditioning"));
  EXPECT_THAT(refusal(18, plain, at::ones({1, 4, 8, 8})), HasSubstr("connect a segmentation map"));
}

TEST(StrictConcat, LetsPassWhatBelongsTogether) {
  const ConditioningEntries plain{words(1)};
  EXPECT_EQ(refusal(4, plain), "");
  EXPECT_EQ(refusal(9, set_concat(plain, at::ones({1, 4, 8, 8}), at::ones({1, 1, 64, 64}))), "");
  EXPECT_EQ(refusal(9, plain, at::ones({1, 4, 8, 8})), "") << "a noise mask is a mask too";
  EXPECT_EQ(refusal(18, set_concat_map(plain, at::ones({1, 14, 8, 8}))), "");
}

TEST(ResizedConcats, NamesWhatIsNotOfTheLatentsSize) {
  const ConditioningEntries mapped = set_concat_map({words(1), words(2)}, at::ones({1, 14, 4, 6}));
  EXPECT_TRUE(resized_concats(mapped, 4, 6).empty());
  EXPECT_THAT(
      resized_concats(mapped, 8, 8), testing::ElementsAre(testing::HasSubstr("6 x 4 latents was resized to 8 x 8")));
}

TEST(NoiseMask, IsFittedToTheLatent) {
  const at::Tensor fitted = fit_noise_mask(at::ones({64, 64}), at::zeros({2, 4, 8, 6}));
  EXPECT_EQ(fitted.sizes(), (std::vector<std::int64_t>{2, 4, 8, 6}));
}

}  // namespace
}  // namespace weft::sd
