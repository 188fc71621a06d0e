// The latent diffusion paper's own models, and networks alone, scaled down and of random weights, from a file to a picture.
#include <ATen/ATen.h>
#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>

#include "tests/nodes/paper_models.h"
#include "tests/nodes/small_models.h"
#include "tests/workflows/bench.h"

namespace weft::test {
namespace {

using testing::Contains;
using testing::HasSubstr;

class PaperWorkflows : public testing::Test {
 protected:
  /// From the checkpoint `name` and the nodes `context`, which give both sides of guidance, to a picture.
  RunResult picture(const std::string& name, const std::string& context,
      const std::string& positive = "positive.conditioning", const std::string& negative = "negative.conditioning",
      bool may_fail = false) {
    const auto file = folder_ / "models/checkpoints" / (name + ".safetensors");
    std::filesystem::create_directories(file.parent_path());
    sd::write_paper_model(file, name);
    return bench_.run(fmt::format(R"({{"weft": 1, "nodes": {{
      "checkpoint": {{"type": "checkpoint.load", "inputs": {{"name": "{}.safetensors"}}}},
      "size": {{"type": "latent.empty", "inputs": {{"width": 64, "height": 32, "vae": {{"link": "checkpoint.vae"}}}}}},
      {},
      "sampler": {{"type": "sample.ksampler", "inputs": {{"model": {{"link": "checkpoint.model"}},
        "positive": {{"link": "{}"}}, "negative": {{"link": "{}"}}, "latent": {{"link": "size.latent"}},
        "seed": 3, "steps": 2, "cfg": 2, "sampler": "euler", "schedule": "normal"}}}},
      "picture": {{"type": "vae.decode", "inputs": {{"vae": {{"link": "checkpoint.vae"}}, "latent": {{"link": "sampler.latent"}}}}}}}}}})",
                          name, context, positive, negative),
        {"picture"}, may_fail);
  }

  static void expect_picture(const RunResult& result) {
    const at::Tensor& pixels = output<Image>(result, "picture").pixels();
    EXPECT_EQ(pixels.sizes(), at::IntArrayRef({1, 32, 64, 3}));
    EXPECT_TRUE(pixels.isfinite().all().item<bool>());
  }

  static std::string label(const std::string& positive) {
    return fmt::format(
        R"("positive": {{"type": "conditioning.label", "inputs": {{"labels": {{"link": "checkpoint.labels"}}, "label": "{}"}}}},
      "negative": {{"type": "conditioning.label", "inputs": {{"labels": {{"link": "checkpoint.labels"}}, "label": "10"}}}})",
        positive);
  }

  static std::string text(const std::string& positive) {
    return fmt::format(
        R"("positive": {{"type": "text.encode", "inputs": {{"clip": {{"link": "checkpoint.clip"}}, "text": "{}"}}}},
      "negative": {{"type": "text.encode", "inputs": {{"clip": {{"link": "checkpoint.clip"}}, "text": ""}}}})",
        positive);
  }

  const sd::TemporaryFolder folder_;
  Bench bench_{{folder_ / "models"}};
};

TEST_F(PaperWorkflows, PictureOfAClass) {
  const RunResult third = picture("cin", label("3")), fourth = picture("cin", label("4"));
  expect_picture(third);
  EXPECT_FALSE(output<Image>(third, "picture").pixels().equal(output<Image>(fourth, "picture").pixels()));
}

TEST_F(PaperWorkflows, PictureOfASegmentationMap) {
  std::string legend;
  for (int i = 0; i < 14; ++i) legend += fmt::format("class{0} #{1:02x}0000\\n", i, 10 * i);
  const std::string map = fmt::format(
      R"("words": {{"type": "text.encode", "inputs": {{"clip": {{"link": "checkpoint.clip"}}, "text": ""}}}},
      "map": {{"type": "segmentation.draw", "inputs": {{"width": 64, "height": 32, "legend": "{}", "background": "class5"}}}},
      "both": {{"type": "conditioning.segmentation_map", "inputs": {{"positive": {{"link": "words.conditioning"}},
        "negative": {{"link": "words.conditioning"}}, "map": {{"link": "map.map"}}, "rescaler": {{"link": "checkpoint.rescaler"}}}}}})",
      legend);
  expect_picture(picture("semantic", map, "both.positive", "both.negative"));
}

TEST_F(PaperWorkflows, PictureOfWordsOfBert) {
  std::filesystem::create_directories(folder_ / "models/checkpoints");
  std::ofstream(folder_ / "models/checkpoints/vocab.txt") << "[PAD]\n[UNK]\n[CLS]\n[SEP]\na\nfox\n";
  expect_picture(picture("txt2img", text("a (fox:1.3)")));
}

TEST_F(PaperWorkflows, WordsForAModelOfClassesAndClassesForAModelOfWordsAreExplained) {
  const auto problems = [&](const std::string& name, const std::string& context) {
    return picture(name, context, "positive.conditioning", "negative.conditioning", /*may_fail=*/true).problems;
  };
  EXPECT_THAT(
      problems("cin", text("a fox")), Contains(testing::Field(&Problem::what, HasSubstr("was trained without text"))));
  EXPECT_THAT(problems("txt2img", label("3")), Contains(testing::Field(&Problem::what, HasSubstr("knows no labels"))));
}

TEST(NetworksAlone, MakeThePictureThatTheWholeModelMakes) {
  const sd::TemporaryFolder folder;
  sd::SmallModel model = sd::medium_model();
  model.text.vocab = 49408;
  model.text.eos_id = 49407;
  const std::filesystem::path models = folder / "models";
  for (const char* kind : {"checkpoints", "unet", "vae"}) std::filesystem::create_directories(models / kind);
  sd::write_folder(models / "checkpoints/whole", model);
  std::filesystem::copy(models / "checkpoints/whole/unet", models / "unet/alone");
  std::filesystem::copy(models / "checkpoints/whole/vae", models / "vae/alone");
  const auto picture = [](const char* id, const char* unet, const char* vae) {
    return fmt::format(R"(, "sampler_{0}": {{"type": "sample.ksampler", "inputs": {{"model": {{"link": "{1}.model"}},
        "positive": {{"link": "text.conditioning"}}, "negative": {{"link": "text.conditioning"}}, "latent": {{"link": "size.latent"}},
        "seed": 3, "steps": 2, "cfg": 1}}}},
      "{0}": {{"type": "vae.decode", "inputs": {{"vae": {{"link": "{2}.vae"}}, "latent": {{"link": "sampler_{0}.latent"}}}}}})",
        id, unet, vae);
  };
  Bench bench({models});
  const RunResult result = bench.run(R"({"weft": 1, "nodes": {
      "whole": {"type": "checkpoint.load", "inputs": {"name": "whole"}},
      "unet": {"type": "unet.load", "inputs": {"name": "alone"}}, "vae": {"type": "vae.load", "inputs": {"name": "alone"}},
      "text": {"type": "text.encode", "inputs": {"clip": {"link": "whole.clip"}, "text": "a fox"}},
      "size": {"type": "latent.empty", "inputs": {"width": 64, "height": 64}})" +
          picture("together", "whole", "whole") + picture("apart", "unet", "vae") + "}}",
      {"together", "apart"});
  EXPECT_TRUE(output<Image>(result, "apart").pixels().equal(output<Image>(result, "together").pixels()));
}

}  // namespace
}  // namespace weft::test
