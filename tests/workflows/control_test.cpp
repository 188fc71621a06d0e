// ControlNets in workflows: when they count, on which side, and what is refused. Their arithmetic is held against diffusers in
// tests/nodes/sd/families/control_net_test.cpp.
#include <ATen/ATen.h>
#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "nodes/sd/files/safetensors.h"
#include "nodes/sd/values/values.h"
#include "tests/nodes/family_models.h"
#include "tests/nodes/seeded_source.h"
#include "tests/nodes/small_models.h"
#include "tests/workflows/bench.h"

namespace weft::test {
namespace {

class ControlNodes : public testing::Test {
 protected:
  ControlNodes() {
    sd::SmallModel model = sd::medium_model();
    model.text.vocab = 49408;
    model.text.eos_id = 49407;
    std::filesystem::create_directories(models_ / "checkpoints");
    std::filesystem::create_directories(models_ / "controlnet");
    sd::write_single_file(models_ / "checkpoints/medium.safetensors", model);
    write_control("medium", model.unet);
    write_control("xl", sd::family_case("xl").unet);
  }

  void write_control(const std::string& name, const sd::UNetConfig& unet) {
    const auto source = std::make_shared<sd::SeededSource>();
    static_cast<void>(sd::ControlNet({.unet = unet, .hint_widths = {16, 32, 48, 64}}, sd::Weights(source)));
    sd::write_safetensors(models_ / ("controlnet/" + name + ".safetensors"), source->tensors(),
        {{"weft.unet.heads", std::to_string(unet.heads)}});
  }

  /// `between`: the nodes "yes2" and "no2" that the sampler is given.
  RunResult run(const std::string& between, bool may_fail = false, const std::string& control = "medium") {
    return bench_.run(fmt::format(R"({{"weft": 1, "nodes": {{
      "model": {{"type": "checkpoint.load", "inputs": {{"name": "medium.safetensors"}}}},
      "control": {{"type": "control_net.load", "inputs": {{"name": "{}.safetensors"}}}},
      "yes": {{"type": "text.encode", "inputs": {{"clip": {{"link": "model.clip"}}, "text": "a red boat"}}}},
      "no": {{"type": "text.encode", "inputs": {{"clip": {{"link": "model.clip"}}, "text": ""}}}},
      "spot": {{"type": "mask.ellipse", "inputs": {{"width": 40, "height": 30}}}},
      "hint": {{"type": "mask.to_image", "inputs": {{"mask": {{"link": "spot.mask"}}}}}},
      {}
      "empty": {{"type": "latent.empty", "inputs": {{"width": 64, "height": 64}}}},
      "sampler": {{"type": "sample.ksampler", "inputs": {{"model": {{"link": "model.model"}},
          "positive": {{"link": "{}"}}, "negative": {{"link": "{}"}},
          "latent": {{"link": "empty.latent"}}, "seed": 3, "steps": 3, "cfg": 4, "sampler": "euler"}}}}}}}})",
                          control, between, between.empty() ? "yes.conditioning" : "apply.positive",
                          between.empty() ? "no.conditioning" : "apply.negative"),
        {"sampler"}, may_fail);
  }
  static std::string both(const std::string& params) {
    return fmt::format(
        R"("apply": {{"type": "conditioning.control_both", "inputs": {{"positive": {{"link": "yes.conditioning"}},
        "negative": {{"link": "no.conditioning"}}, "control_net": {{"link": "control.control_net"}},
        "image": {{"link": "hint.image"}}, {}}}}},)",
        params);
  }
  static at::Tensor latent(const RunResult& result) { return output<Latent>(result, "sampler").samples; }

  const sd::TemporaryFolder models_;
  Bench bench_{{models_ / ""}};
};

TEST_F(ControlNodes, CountInTheirShareOfTheStepsAtTheirStrength) {
  const at::Tensor plain = latent(run(""));
  const auto difference = [&](const std::string& params) {
    return ((latent(run(both(params))) - plain).norm() / plain.norm()).item<double>();
  };
  EXPECT_EQ(difference(R"("strength": 0)"), 0);
  EXPECT_EQ(difference(R"("strength": 1, "start": 1, "end": 1)"), 0) << "the last moment is behind the last step";
  const double all = difference(R"("strength": 1)"), half = difference(R"("strength": 0.5)");
  EXPECT_GT(all, 1e-3);
  EXPECT_NE(all, half);
  const double first = difference(R"("strength": 1, "end": 0.2)"), last = difference(R"("strength": 1, "start": 0.2)");
  EXPECT_GT(first, 1e-3);
  EXPECT_GT(last, 1e-3);
  EXPECT_NE(first, all);
  EXPECT_NE(last, all);
}

TEST_F(ControlNodes, OnOneSideSteerTheNegativeSideToo) {
  const at::Tensor expected = latent(run(both(R"("strength": 0.7)")));
  const RunResult result = bench_.run(R"({"weft": 1, "nodes": {
      "model": {"type": "checkpoint.load", "inputs": {"name": "medium.safetensors"}},
      "control": {"type": "control_net.load", "inputs": {"name": "medium.safetensors"}},
      "yes": {"type": "text.encode", "inputs": {"clip": {"link": "model.clip"}, "text": "a red boat"}},
      "no": {"type": "text.encode", "inputs": {"clip": {"link": "model.clip"}, "text": ""}},
      "spot": {"type": "mask.ellipse", "inputs": {"width": 40, "height": 30}},
      "hint": {"type": "mask.to_image", "inputs": {"mask": {"link": "spot.mask"}}},
      "apply": {"type": "conditioning.control", "inputs": {"conditioning": {"link": "yes.conditioning"},
          "control_net": {"link": "control.control_net"}, "image": {"link": "hint.image"}, "strength": 0.7}},
      "empty": {"type": "latent.empty", "inputs": {"width": 64, "height": 64}},
      "sampler": {"type": "sample.ksampler", "inputs": {"model": {"link": "model.model"},
          "positive": {"link": "apply.conditioning"}, "negative": {"link": "no.conditioning"},
          "latent": {"link": "empty.latent"}, "seed": 3, "steps": 3, "cfg": 4, "sampler": "euler"}}}})",
      {"sampler"});
  EXPECT_TRUE(latent(result).allclose(expected, 1e-5, 1e-5));
}

TEST_F(ControlNodes, OfAnotherFamilyAreRefused) {
  const RunResult result = run(both(R"("strength": 1)"), /*may_fail=*/true, "xl");
  ASSERT_FALSE(result.ok);
  ASSERT_EQ(result.problems.size(), 1u);
  EXPECT_THAT(result.problems[0].text(), testing::HasSubstr("'xl.safetensors' was made for another kind of model"));
}

}  // namespace
}  // namespace weft::test
