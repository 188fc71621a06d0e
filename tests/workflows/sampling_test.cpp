// The nodes of sampling against each other: what is wired by hand equals what one node does.
#include <ATen/ATen.h>
#include <fmt/format.h>
#include <gtest/gtest.h>

#include "import/comfyui/import.h"
#include "nodes/sd/values/values.h"
#include "tests/workflows/bench.h"

namespace weft::test {
namespace {

/// Checkpoint, texts and an empty latent of 8 x 8, and `more` nodes.
std::string with_model(const std::string& more, int batch = 1) {
  return fmt::format(R"({{"weft": 1, "nodes": {{
    "checkpoint": {{"type": "checkpoint.load", "inputs": {{"name": "paper-cut"}}}},
    "yes": {{"type": "text.encode", "inputs": {{"clip": {{"link": "checkpoint.clip"}}, "text": "a red boat"}}}},
    "no": {{"type": "text.encode", "inputs": {{"clip": {{"link": "checkpoint.clip"}}, "text": ""}}}},
    "empty": {{"type": "latent.empty", "inputs": {{"width": 64, "height": 64, "batch": {}}}}}, {}}}}})",
      batch, more);
}

std::string ksampler(const std::string& id, const std::string& params, const std::string& latent = "empty.latent",
    const std::string& type = "sample.ksampler") {
  return fmt::format(R"("{}": {{"type": "{}", "inputs": {{"model": {{"link": "checkpoint.model"}},
    "positive": {{"link": "yes.conditioning"}}, "negative": {{"link": "no.conditioning"}}, "latent": {{"link": "{}"}},
    {}}}}})",
      id, type, latent, params);
}

/// add_noise, then one U-Net step after the other: the last is "step{n - 1}".
std::string chain(int steps, const std::string& schedule) {
  std::string nodes =
      fmt::format(R"("sigmas": {{"type": "sample.schedule", "inputs": {{"model": {{"link": "checkpoint.model"}},
      "schedule": "{}", "steps": {}}}}},
    "start": {{"type": "latent.add_noise", "inputs": {{"model": {{"link": "checkpoint.model"}}, "latent": {{"link": "empty.latent"}},
      "sigmas": {{"link": "sigmas.sigmas"}}, "seed": 5}}}})",
          schedule, steps);
  for (int i = 0; i < steps; ++i)
    nodes += fmt::format(R"(, "step{}": {{"type": "unet.step", "inputs": {{"model": {{"link": "checkpoint.model"}},
      "positive": {{"link": "yes.conditioning"}}, "negative": {{"link": "no.conditioning"}}, "latent": {{"link": "{}"}},
      "sigmas": {{"link": "sigmas.sigmas"}}, "step": {}, "cfg": 3}}}})",
        i, i == 0 ? "start.latent" : fmt::format("step{}.latent", i - 1), i);
  return nodes;
}

/// As a part of the largest value: latents are not scaled, so their size is the model's own.
double largest_difference(const at::Tensor& a, const at::Tensor& b) {
  return ((a - b).abs().max() / b.abs().max()).item<double>();
}

const at::Tensor& samples(const RunResult& result, const std::string& node) {
  return output<Latent>(result, node).samples;
}

TEST(ComfyUi, AnImportedWorkflowGivesWhatOursGives) {
  const auto comfy = nlohmann::json::parse(R"({
    "4": {"class_type": "CheckpointLoaderSimple", "inputs": {"ckpt_name": "paper-cut"}},
    "6": {"class_type": "CLIPTextEncode", "inputs": {"clip": ["4", 1], "text": "a red boat"}},
    "7": {"class_type": "CLIPTextEncode", "inputs": {"clip": ["4", 1], "text": ""}},
    "5": {"class_type": "EmptyLatentImage", "inputs": {"width": 64, "height": 64, "batch_size": 1}},
    "3": {"class_type": "KSampler", "inputs": {"model": ["4", 0], "positive": ["6", 0], "negative": ["7", 0],
      "latent_image": ["5", 0], "seed": 5, "steps": 4, "cfg": 3, "sampler_name": "dpmpp_2m", "scheduler": "karras",
      "denoise": 1}}})");
  Bench bench;
  const RunResult theirs = bench.run(comfyui::import_workflow(comfy, bench.registry(), "test").workflow, {"3"});
  const RunResult ours = bench.run(
      with_model(ksampler("k", R"("seed": 5, "steps": 4, "cfg": 3, "sampler": "dpmpp_2m", "schedule": "karras")")),
      {"k"});
  EXPECT_TRUE(at::equal(samples(theirs, "3"), samples(ours, "k")));
}

TEST(Latents, KnowInWhoseSpaceTheyAreForTheColoursOfTheirPreview) {
  Bench bench;
  const std::vector<std::string> known = {
      "own", "noise", "noisy", "batch", "one", "large", "step", "sampled", "encoded"};
  std::vector<std::string> wanted = known;
  wanted.insert(wanted.end(), {"empty", "checkpoint"});
  const RunResult result = bench.run(
      with_model(
          R"("own": {"type": "latent.empty", "inputs": {"vae": {"link": "checkpoint.vae"}, "width": 64, "height": 64}},
    "noise": {"type": "latent.noise", "inputs": {"latent": {"link": "own.latent"}}},
    "sigmas": {"type": "sample.schedule", "inputs": {"model": {"link": "checkpoint.model"}, "steps": 2}},
    "noisy": {"type": "latent.add_noise", "inputs": {"model": {"link": "checkpoint.model"},
      "latent": {"link": "empty.latent"}, "sigmas": {"link": "sigmas.sigmas"}}},
    "batch": {"type": "latent.batch", "inputs": {"latents": {"links": ["own.latent", "noise.noise"]}}},
    "one": {"type": "latent.pick", "inputs": {"latent": {"link": "batch.latent"}, "index": 1}},
    "large": {"type": "latent.resize", "inputs": {"latent": {"link": "one.latent"}, "width": 128, "height": 128}},
    "step": {"type": "unet.step", "inputs": {"model": {"link": "checkpoint.model"}, "positive": {"link": "yes.conditioning"},
      "negative": {"link": "no.conditioning"}, "latent": {"link": "empty.latent"}, "sigmas": {"link": "sigmas.sigmas"}}},
    "picture": {"type": "vae.decode", "inputs": {"vae": {"link": "checkpoint.vae"}, "latent": {"link": "sampled.latent"}}},
    "encoded": {"type": "vae.encode", "inputs": {"vae": {"link": "checkpoint.vae"}, "image": {"link": "picture.image"}}}, )" +
          ksampler("sampled", R"("steps": 1)")),
      wanted);
  const sd::LatentSpace& space = output<Model>(result, "checkpoint").space();
  for (const std::string& node : known) EXPECT_EQ(output<Latent>(result, node).space, space) << node;
  EXPECT_EQ(output<Latent>(result, "empty").space, sd::LatentSpace()) << "nobody said whose it is";
}

TEST(Sampling, AChainOfUNetStepsEqualsTheSamplersEulerAndDdim) {
  Bench bench;
  const RunResult result = bench.run(
      with_model(chain(6, "karras") + ", " +
          ksampler("euler", R"("seed": 5, "steps": 6, "cfg": 3, "sampler": "euler", "schedule": "karras")") + ", " +
          ksampler("ddim", R"("seed": 5, "steps": 6, "cfg": 3, "sampler": "ddim", "schedule": "karras")")),
      {"step5", "euler", "ddim"});
  EXPECT_LE(largest_difference(samples(result, "step5"), samples(result, "euler")), 1e-5);
  EXPECT_LE(largest_difference(samples(result, "step5"), samples(result, "ddim")), 1e-5);
}

TEST(Sampling, TwoHalvesEqualTheWhole) {
  Bench bench;
  const std::string common = R"("seed": 5, "steps": 6, "cfg": 3, "sampler": "euler", "schedule": "normal")";
  const RunResult result = bench.run(with_model(ksampler("whole", common) + ", " +
                                         ksampler("first", common + R"(, "end_step": 3, "leave_noise": true)",
                                             "empty.latent", "sample.ksampler_advanced") +
                                         ", " +
                                         ksampler("second", common + R"(, "start_step": 3, "add_noise": false)",
                                             "first.latent", "sample.ksampler_advanced")),
      {"whole", "second"});
  EXPECT_LE(largest_difference(samples(result, "whole"), samples(result, "second")), 1e-4);
}

TEST(Sampling, TheSameSeedGivesTheSamePictureAndAnotherSeedAnother) {
  Bench one, two;
  const auto sample = [](Bench& bench, int seed) {
    const RunResult result =
        bench.run(with_model(ksampler("s", fmt::format(R"("seed": {}, "steps": 3)", seed))), {"s"});
    return samples(result, "s").clone();
  };
  EXPECT_EQ(largest_difference(sample(one, 1), sample(two, 1)), 0);
  EXPECT_GT(largest_difference(sample(one, 1), sample(two, 2)), 0.1);
}

TEST(Sampling, WithASeedPerPictureABatchEqualsItsSingleRuns) {
  Bench bench;
  const RunResult batch =
      bench.run(with_model(ksampler("s", R"("seed": 7, "steps": 3, "seed_per_picture": true)"), 3), {"s"});
  const RunResult single =
      bench.run(with_model(ksampler("s", R"("seed": 9, "steps": 3, "seed_per_picture": true)")), {"s"});
  EXPECT_LE(largest_difference(samples(batch, "s")[2], samples(single, "s")[0]), 1e-4);
}

TEST(Sampling, APickedLatentGivesItsPictureOfTheBatchAgain) {
  Bench bench;
  for (const char* sampler : {"euler", "euler_ancestral", "dpmpp_sde", "dpmpp_2m_sde", "lcm", "seeds_2", "ddpm"}) {
    for (const bool per_picture : {false, true}) {
      const std::string params = fmt::format(
          R"("seed": 11, "steps": 3, "cfg": 3.5, "sampler": "{}", "seed_per_picture": {})", sampler, per_picture);
      const RunResult result = bench.run(
          with_model(R"("pick": {"type": "latent.pick", "inputs": {"latent": {"link": "empty.latent"}, "index": 2}},
        "once": {"type": "latent.repeat", "inputs": {"latent": {"link": "pick.latent"}, "times": 1}}, )" +
                  ksampler("all", params) + ", " + ksampler("one", params, "pick.latent") + ", " +
                  ksampler("repeated", params, "once.latent"),
              4),
          {"all", "one", "repeated"});
      EXPECT_LE(largest_difference(samples(result, "one")[0], samples(result, "all")[2]), 1e-3) << sampler;
      EXPECT_EQ(largest_difference(samples(result, "repeated"), samples(result, "one")), 0) << sampler;
    }
  }
}

TEST(Latents, KeepTheirPlacesInABatchAsTheyArePickedRepeatedAndJoined) {
  Bench bench;
  const RunResult result = bench.run(
      with_model(R"("second": {"type": "latent.pick", "inputs": {"latent": {"link": "empty.latent"}, "index": 1}},
    "fourth": {"type": "latent.pick", "inputs": {"latent": {"link": "empty.latent"}, "index": 3}},
    "both": {"type": "latent.batch", "inputs": {"latents": {"links": ["fourth.latent", "second.latent"]}}},
    "thrice": {"type": "latent.repeat", "inputs": {"latent": {"link": "both.latent"}, "times": 3}},
    "again": {"type": "latent.pick", "inputs": {"latent": {"link": "both.latent"}, "index": 0}},
    "noise": {"type": "latent.noise", "inputs": {"latent": {"link": "again.latent"}, "seed": 3}},
    "many": {"type": "latent.repeat", "inputs": {"latent": {"link": "empty.latent"}, "times": 2}},
    "mixed": {"type": "latent.batch", "inputs": {"latents": {"links": ["second.latent", "empty.latent"]}}})",
          4),
      {"both", "thrice", "again", "noise", "many", "mixed"});
  const auto expect = [&](const char* node, const std::vector<std::int64_t>& index, std::int64_t size) {
    EXPECT_EQ(output<Latent>(result, node).batch_index, index) << node;
    EXPECT_EQ(output<Latent>(result, node).batch_size, size) << node;
  };
  expect("both", {3, 1}, 4);
  expect("thrice", {3, 1, 6, 4, 9, 7}, 4);  // each time they go on after the highest
  expect("again", {3}, 4);
  expect("noise", {3}, 4);
  expect("many", {}, 0);   // a batch of its own
  expect("mixed", {}, 0);  // of several batches
}

TEST(Sampling, OutsideItsMaskALatentStaysAsItWas) {
  Bench bench;
  const RunResult result = bench.run(with_model(ksampler("before", R"("seed": 1, "steps": 3)") + R"(,
        "mask": {"type": "mask.rectangle", "inputs": {"width": 64, "height": 64, "left": 0, "top": 0, "right": 0.5, "bottom": 1}},
        "masked": {"type": "latent.set_mask", "inputs": {"latent": {"link": "before.latent"}, "mask": {"link": "mask.mask"}}}, )" +
                                         ksampler("after", R"("seed": 2, "steps": 3)", "masked.latent")),
      {"before", "after"});
  const at::Tensor change = (samples(result, "before") - samples(result, "after")).abs();
  EXPECT_LE(change.narrow(3, 4, 4).max().item<double>(), 1e-5);
  EXPECT_GT(change.narrow(3, 0, 4).max().item<double>(), 0.1);
}

TEST(Sampling, AStepBeyondTheScheduleIsAnErrorThatSaysWhichThereAre) {
  Bench bench;
  const RunResult result =
      bench.run(with_model(chain(2, "normal") +
                    R"(, "beyond": {"type": "unet.step", "inputs": {"model": {"link": "checkpoint.model"},
        "positive": {"link": "yes.conditioning"}, "negative": {"link": "no.conditioning"}, "latent": {"link": "start.latent"},
        "sigmas": {"link": "sigmas.sigmas"}, "step": 5}})"),
          {"beyond"}, /*may_fail=*/true);
  ASSERT_EQ(result.problems.size(), 1u);
  EXPECT_EQ(result.problems[0].node, "beyond");
  EXPECT_NE(result.problems[0].text().find("2 steps"), std::string::npos) << result.problems[0].text();
}

}  // namespace
}  // namespace weft::test
