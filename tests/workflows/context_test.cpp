// What the context y does: by cross-attention with our own model, by concatenation with small models of random weights.
#include <ATen/ATen.h>
#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <memory>

#include "nodes/sd/values/values.h"
#include "tests/nodes/small_models.h"
#include "tests/workflows/bench.h"

namespace weft::test {
namespace {

using testing::Contains;
using testing::HasSubstr;

double relative_change(const at::Tensor& a, const at::Tensor& b) { return ((a - b).norm() / b.norm()).item<double>(); }

TEST(Pix2Pix, ShowsThePictureBesideAnEmptyLatentOfItsSize) {
  Bench bench;
  const RunResult result = bench.run(R"({"weft": 1, "nodes": {
      "model": {"type": "checkpoint.load", "inputs": {"name": "paper-cut"}},
      "mask": {"type": "mask.rectangle", "inputs": {"width": 64, "height": 40}},
      "picture": {"type": "mask.to_image", "inputs": {"mask": {"link": "mask.mask"}}},
      "text": {"type": "text.encode", "inputs": {"clip": {"link": "model.clip"}, "text": "snow"}},
      "shown": {"type": "conditioning.pix2pix", "inputs": {"positive": {"link": "text.conditioning"},
          "negative": {"link": "text.conditioning"}, "vae": {"link": "model.vae"}, "image": {"link": "picture.image"}}},
      "encoded": {"type": "vae.encode", "inputs": {"vae": {"link": "model.vae"}, "image": {"link": "picture.image"}}}}})",
      {"shown", "encoded"});
  const at::Tensor encoded = output<Latent>(result, "encoded").samples;
  for (const std::size_t side : {0, 1}) {
    const sd::ConditioningEntry& entry = output<Conditioning>(result, "shown", side).entries.at(0);
    EXPECT_TRUE(entry.concat_latent.equal(encoded));
    EXPECT_FALSE(entry.concat_mask.defined());
  }
  EXPECT_TRUE(output<Latent>(result, "shown", 2).samples.equal(at::zeros_like(encoded)));
}

// ---- cross-attention ----

/// Pictures of paper-cut with one seed, a node "picture_ID" for each text.
std::string pictures(const std::vector<std::pair<std::string, std::string>>& texts) {
  std::string nodes = R"("checkpoint": {"type": "checkpoint.load", "inputs": {"name": "paper-cut"}},
    "empty": {"type": "text.encode", "inputs": {"clip": {"link": "checkpoint.clip"}, "text": ""}},
    "size": {"type": "latent.empty", "inputs": {"width": 128, "height": 128}})";
  for (const auto& [id, text] : texts)
    nodes += fmt::format(
        R"(, "text_{0}": {{"type": "text.encode", "inputs": {{"clip": {{"link": "checkpoint.clip"}}, "text": "{1}"}}}},
      "sample_{0}": {{"type": "sample.ksampler", "inputs": {{"model": {{"link": "checkpoint.model"}},
        "positive": {{"link": "text_{0}.conditioning"}}, "negative": {{"link": "empty.conditioning"}}, "latent": {{"link": "size.latent"}},
        "seed": 3, "steps": 8, "cfg": 4, "sampler": "dpmpp_2m", "schedule": "karras"}}}},
      "picture_{0}": {{"type": "vae.decode", "inputs": {{"vae": {{"link": "checkpoint.vae"}}, "latent": {{"link": "sample_{0}.latent"}}}}}})",
        id, text);
  return R"({"weft": 1, "nodes": {)" + nodes + "}}";
}

TEST(CrossAttention, AnotherTextChangesThePictureAsItSays) {
  Bench bench;
  const RunResult result =
      bench.run(pictures({{"night", "a red house in the hills at night"}, {"day", "a red house in the hills by day"},
                    {"snow", "snow by day"}, {"sea", "the sea by day"}, {"none", ""}}),
          {"picture_night", "picture_day", "picture_snow", "picture_sea", "picture_none"});
  const auto pixels = [&](const std::string& id) { return output<Image>(result, "picture_" + id).pixels()[0]; };
  const auto brightness = [&](const std::string& id) { return pixels(id).mean().item<double>(); };
  // Of the lower half, where the ground is: how much bluer than red.
  const auto blueness = [&](const std::string& id) {
    const at::Tensor ground = pixels(id).narrow(0, 64, 64);
    return (ground.select(2, 2) - ground.select(2, 0)).mean().item<double>();
  };
  EXPECT_LT(brightness("night"), brightness("day") - 0.15);
  EXPECT_GT(brightness("snow"), brightness("sea"));
  EXPECT_GT(blueness("sea"), blueness("day") + 0.1);
  for (const char* id : {"night", "day", "snow", "sea"})
    EXPECT_GT(relative_change(pixels("none"), pixels(id)), 0.1) << id;
}

/// Half way to a picture of a fox under a moon on the left, an attention map of `words`.
std::string attention_to(const std::string& words) {
  return fmt::format(R"({{"weft": 1, "nodes": {{
    "checkpoint": {{"type": "checkpoint.load", "inputs": {{"name": "paper-cut"}}}},
    "text": {{"type": "text.encode", "inputs": {{"clip": {{"link": "checkpoint.clip"}}, "text": "{0}"}}}},
    "empty": {{"type": "text.encode", "inputs": {{"clip": {{"link": "checkpoint.clip"}}, "text": ""}}}},
    "size": {{"type": "latent.empty", "inputs": {{"width": 128, "height": 128}}}},
    "sigmas": {{"type": "sample.schedule", "inputs": {{"model": {{"link": "checkpoint.model"}}, "schedule": "karras", "steps": 12}}}},
    "half": {{"type": "sample.ksampler_advanced", "inputs": {{"model": {{"link": "checkpoint.model"}},
      "positive": {{"link": "text.conditioning"}}, "negative": {{"link": "empty.conditioning"}}, "latent": {{"link": "size.latent"}},
      "seed": 7, "steps": 12, "cfg": 4, "schedule": "karras", "end_step": 6, "leave_noise": true}}}},
    "map": {{"type": "unet.attention", "inputs": {{"model": {{"link": "checkpoint.model"}}, "clip": {{"link": "checkpoint.clip"}},
      "latent": {{"link": "half.latent"}}, "sigmas": {{"link": "sigmas.sigmas"}}, "step": 6, "text": "{0}", "words": "{1}"}}}}}}}})",
      "an arctic fox on the snow at night, moon on the left", words);
}

TEST(AttentionMap, IsBrightWhereTheWordIs) {
  Bench bench;
  const auto height_of = [&](const std::string& words) {  // centre of the brighter half, 0 at the top, 1 at the bottom
    const at::Tensor map = output<Mask>(bench.run(attention_to(words), {"map"}), "map", 1).values()[0];
    const at::Tensor weights = (map - 0.5).clamp_min(0), places = (at::arange(128, at::kFloat) + 0.5) / 128;
    const at::Tensor sum = weights.sum();
    return ((weights.sum(1) * places).sum() / sum).item<double>();
  };
  // Not from left to right: sides are also said by the tokens behind the last word, where the encoder sums up.
  EXPECT_LT(height_of("moon"), 0.4);
  EXPECT_GT(height_of("arctic fox"), 0.6);
  EXPECT_GT(height_of("snow"), 0.8);
}

TEST(AttentionMap, OfAWordThatIsNotInTheTextIsRefused) {
  Bench bench;
  const RunResult result = bench.run(attention_to("boat"), {"map"}, /*may_fail=*/true);
  ASSERT_EQ(result.problems.size(), 1u);
  EXPECT_THAT(result.problems[0].text(), HasSubstr("the words 'boat' do not stand in the text"));
}

// ---- concatenation ----

/// Small models in checkpoints/, "plain" (4 channels) and "inpainting" (9), and what all workflows here share.
class Concatenation : public testing::Test {
 protected:
  void write(const std::string& name) const {
    sd::SmallModel model = sd::medium_model();
    model.unet.in_channels = name == "inpainting" ? 9 : 4;
    model.text.vocab = 49408;
    model.text.eos_id = 49407;
    sd::write_single_file(models_ / "checkpoints" / (name + ".safetensors"), model);
  }

  /// A picture of stripes, a mask of its left half in `mask_side` pixels, and "context" from both.
  std::string workflow(const std::string& model, const std::string& more, int mask_side = 64) const {
    write(model);
    return fmt::format(R"({{"weft": 1, "nodes": {{
      "checkpoint": {{"type": "checkpoint.load", "inputs": {{"name": "{}.safetensors"}}}},
      "text": {{"type": "text.encode", "inputs": {{"clip": {{"link": "checkpoint.clip"}}, "text": "a fox"}}}},
      "stripes": {{"type": "mask.draw", "inputs": {{"width": 64, "height": 64, "brush": 0.2, "shapes": "0,0.2 1,0.2\n0,0.7 1,0.7"}}}},
      "picture": {{"type": "mask.to_image", "inputs": {{"mask": {{"link": "stripes.mask"}}}}}},
      "other": {{"type": "mask.invert", "inputs": {{"mask": {{"link": "stripes.mask"}}}}}},
      "other_picture": {{"type": "mask.to_image", "inputs": {{"mask": {{"link": "other.mask"}}}}}},
      "mask": {{"type": "mask.rectangle", "inputs": {{"width": {}, "height": {}, "left": 0, "top": 0, "right": 0.5, "bottom": 1}}}},
      {}, {}}}}})",
        model, mask_side, mask_side, context("context", "picture"), more);
  }

  static std::string context(const std::string& id, const std::string& picture) {
    return fmt::format(
        R"("{}": {{"type": "conditioning.inpaint", "inputs": {{"positive": {{"link": "text.conditioning"}},
      "negative": {{"link": "text.conditioning"}}, "vae": {{"link": "checkpoint.vae"}}, "image": {{"link": "{}.image"}},
      "mask": {{"link": "mask.mask"}}}}}})",
        id, picture);
  }

  static std::string sampler(const std::string& id, const std::string& context, const std::string& latent) {
    return fmt::format(R"("{0}": {{"type": "sample.ksampler", "inputs": {{"model": {{"link": "checkpoint.model"}},
      "positive": {{"link": "{1}"}}, "negative": {{"link": "{1}"}}, "latent": {{"link": "{2}"}}, "steps": 2, "cfg": 1, "seed": 1}}}})",
        id, context, latent);
  }

  static std::string empty() { return R"("empty": {"type": "latent.empty", "inputs": {"width": 64, "height": 64}})"; }

  std::string problem(const std::string& json, const std::string& node) {
    const RunResult result = bench().run(json, {node}, /*may_fail=*/true);
    return result.problems.size() == 1 ? result.problems[0].text() : fmt::format("{} problems", result.problems.size());
  }

  Bench& bench() {
    if (!bench_) bench_ = std::make_unique<Bench>(std::vector<std::filesystem::path>{models_ / ""});
    return *bench_;
  }

  struct Models : sd::TemporaryFolder {
    Models() { std::filesystem::create_directories(*this / "checkpoints"); }
  } models_;
  std::unique_ptr<Bench> bench_;
};

TEST_F(Concatenation, AnotherMaskedPictureChangesWhatIsMade) {
  const RunResult result = bench().run(workflow("inpainting",
                                           context("other_context", "other_picture") + ", " + empty() + ", " +
                                               sampler("one", "context.positive", "empty.latent") + ", " +
                                               sampler("two", "other_context.positive", "empty.latent")),
      {"one", "two"});
  EXPECT_GT(relative_change(output<Latent>(result, "one").samples, output<Latent>(result, "two").samples), 1e-3);
}

TEST_F(Concatenation, OutsideTheMaskTheLatentStaysThatOfThePicture) {
  const RunResult result =
      bench().run(workflow("inpainting", sampler("made", "context.positive", "context.latent")), {"made", "context"});
  const at::Tensor made = output<Latent>(result, "made").samples,
                   picture = output<Latent>(result, "context", 2).samples;
  EXPECT_LE((made - picture).narrow(3, 4, 4).abs().max().item<double>(), 1e-5);
  EXPECT_GT((made - picture).narrow(3, 0, 4).abs().max().item<double>(), 1e-2);
}

TEST_F(Concatenation, WhatTheMaskCoversIsNotSeen) {
  // The picture differs under the mask alone: the model is shown the same.
  const RunResult result =
      bench().run(workflow("inpainting",
                      R"("changed": {"type": "image.composite", "inputs": {"below": {"link": "picture.image"},
        "above": {"link": "other_picture.image"}, "mask": {"link": "mask.mask"}}}, )" +
                          context("changed_context", "changed")),
          {"context", "changed_context"});
  const auto shown = [&](const std::string& id) { return output<Conditioning>(result, id).entries[0].concat_latent; };
  EXPECT_TRUE(at::equal(shown("context"), shown("changed_context")));
}

TEST_F(Concatenation, AMaskOfAnotherSizeIsResizedAndSaidSo) {
  const RunResult result =
      bench().run(workflow("inpainting", sampler("made", "context.positive", "context.latent"), 32), {"context"});
  EXPECT_EQ(output<Conditioning>(result, "context").entries[0].concat_mask.sizes(), at::IntArrayRef({1, 1, 64, 64}));
  EXPECT_THAT(bench().warnings(), Contains(HasSubstr("the mask of 32 x 32 was resized to 64 x 64")));
}

TEST_F(Concatenation, AMaskedPictureOfAnotherSizeThanTheLatentIsSaid) {
  bench().run(workflow("inpainting",
                  R"("large": {"type": "latent.empty", "inputs": {"width": 96, "height": 64}}, )" +
                      sampler("made", "context.positive", "large.latent")),
      {"made"});
  EXPECT_THAT(bench().warnings(), Contains(HasSubstr("8 x 8 latents was resized to 12 x 8")));
}

TEST_F(Concatenation, AModelThatCannotSeeAMaskSaysSo) {
  EXPECT_THAT(problem(workflow("plain", sampler("made", "context.positive", "context.latent")), "made"),
      HasSubstr("use an inpainting model (9 channels)"));
}

TEST_F(Concatenation, AnInpaintingModelWithoutAMaskSaysWhatToConnect) {
  EXPECT_THAT(
      problem(workflow("inpainting", empty() + ", " + sampler("made", "text.conditioning", "empty.latent")), "made"),
      HasSubstr("Inpaint Conditioning"));
}

TEST_F(Concatenation, AUNetStepSaysSoToo) {
  const std::string step =
      R"("sigmas": {"type": "sample.schedule", "inputs": {"model": {"link": "checkpoint.model"}, "steps": 2}},
    "step": {"type": "unet.step", "inputs": {"model": {"link": "checkpoint.model"}, "positive": {"link": "text.conditioning"},
      "negative": {"link": "text.conditioning"}, "latent": {"link": "empty.latent"}, "sigmas": {"link": "sigmas.sigmas"}}})";
  EXPECT_THAT(problem(workflow("inpainting", empty() + ", " + step), "step"), HasSubstr("Inpaint Conditioning"));
}

TEST_F(Concatenation, AChainOfUNetStepsEqualsTheSamplersEulerAndDdim) {
  std::string chain =
      R"("sigmas": {"type": "sample.schedule", "inputs": {"model": {"link": "checkpoint.model"}, "steps": 3}},
    "start": {"type": "latent.add_noise", "inputs": {"model": {"link": "checkpoint.model"}, "latent": {"link": "empty.latent"},
      "sigmas": {"link": "sigmas.sigmas"}, "seed": 1}})";
  for (int i = 0; i < 3; ++i)
    chain += fmt::format(R"(, "step{}": {{"type": "unet.step", "inputs": {{"model": {{"link": "checkpoint.model"}},
      "positive": {{"link": "context.positive"}}, "negative": {{"link": "context.negative"}}, "latent": {{"link": "{}.latent"}},
      "sigmas": {{"link": "sigmas.sigmas"}}, "step": {}, "cfg": 2}}}})",
        i, i == 0 ? "start" : fmt::format("step{}", i - 1), i);
  for (const char* name : {"euler", "ddim"})
    chain += fmt::format(R"(, "{0}": {{"type": "sample.ksampler", "inputs": {{"model": {{"link": "checkpoint.model"}},
      "positive": {{"link": "context.positive"}}, "negative": {{"link": "context.negative"}}, "latent": {{"link": "empty.latent"}},
      "steps": 3, "cfg": 2, "seed": 1, "sampler": "{0}"}}}})",
        name);
  const RunResult result = bench().run(workflow("inpainting", empty() + ", " + chain), {"step2", "euler", "ddim"});
  const at::Tensor chained = output<Latent>(result, "step2").samples;
  for (const char* name : {"euler", "ddim"}) {
    const at::Tensor whole = output<Latent>(result, name).samples;
    EXPECT_LE(((chained - whole).abs().max() / whole.abs().max()).item<double>(), 1e-5) << name;
  }
}

}  // namespace
}  // namespace weft::test
