// What picture, mask and latent nodes do beside ComfyUI's arithmetic (comfyui_nodes_test.cpp): files, errors, warnings.
#include <ATen/ATen.h>
#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>

#include "nodes/sd/files/safetensors.h"
#include "nodes/sd/values/values.h"
#include "plugins/node_call.h"
#include "tests/workflows/bench.h"

namespace weft::test {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

std::string nodes(const std::string& list) { return R"({"weft": 1, "nodes": {)" + list + "}}"; }

/// A picture of one colour, "image", and a node of `type` on it, "node".
std::string on_solid(
    const std::string& type, const std::string& params, int width = 40, int height = 24, int batch = 1) {
  return nodes(fmt::format(R"("image": {{"type": "image.solid", "inputs": {{"width": {}, "height": {}, "batch": {},
      "color": "#ff8000"}}}}, "node": {{"type": "{}", "inputs": {{"image": {{"link": "image.image"}}{}}}}})",
      width, height, batch, type, params));
}

std::string only_problem(const std::string& json) {
  Bench bench;
  const RunResult result = bench.run(json, {"node"}, /*may_fail=*/true);
  return result.problems.size() == 1 ? result.problems[0].text() : fmt::format("{} problems", result.problems.size());
}

TEST(PictureNodes, TellASize) {
  Bench bench;
  const RunResult result = bench.run(on_solid("image.size", "", 40, 24, 3), {"node"});
  EXPECT_EQ(output<std::int64_t>(result, "node", 0), 40);
  EXPECT_EQ(output<std::int64_t>(result, "node", 1), 24);
  EXPECT_EQ(output<std::int64_t>(result, "node", 2), 3);
}

TEST(PictureNodes, SayWhatIsTooSmallForThem) {
  EXPECT_THAT(only_problem(on_solid("image.blur", R"(, "radius": 8)", 8, 40)), HasSubstr("too small for a window"));
  EXPECT_THAT(only_problem(on_solid("image.sharpen", R"(, "radius": 8)", 40, 8)), HasSubstr("too small for a window"));
  EXPECT_THAT(only_problem(on_solid("image.edges", "", 2, 40)), HasSubstr("too small for a window"));
  EXPECT_THAT(only_problem(on_solid("hint.tile", "", 40, 32)), HasSubstr("too small to be halved 3 times"));
  EXPECT_THAT(only_problem(on_solid("hint.tile", R"(, "halvings": 8)", 100, 100)), HasSubstr("halved 8 times"));
}

TEST(PictureNodes, SayWhatDoesNotFitTogether) {
  EXPECT_THAT(only_problem(on_solid("image.edges", R"(, "low": 0.5, "high": 0.4)")), HasSubstr("'low' is 0.5"));
  EXPECT_THAT(only_problem(on_solid("hint.canny", R"(, "resolution": 16384)")), HasSubstr("27307 pixels long"));
  EXPECT_THAT(
      only_problem(on_solid("image.resize_to", R"(, "rule": "size of another")")), HasSubstr("connect 'other'"));
  EXPECT_THAT(only_problem(on_solid("image.resize_to", R"(, "rule": "width", "width": 0)")), HasSubstr("shall be 0"));
  EXPECT_THAT(only_problem(on_solid("image.split_tiles", "", 40, 24, 2)), HasSubstr("2 pictures to split"));
}

TEST(PictureNodes, TilesOfAPictureMakeItAgain) {
  Bench bench;
  const RunResult result = bench.run(nodes(R"("mask": {"type": "mask.ellipse", "inputs": {"width": 200, "height": 150}},
    "image": {"type": "mask.to_image", "inputs": {"mask": {"link": "mask.mask"}}},
    "split": {"type": "image.split_tiles", "inputs": {"image": {"link": "image.image"}, "width": 80, "height": 64, "overlap": 20}},
    "merge": {"type": "image.merge_tiles", "inputs": {"tiles": {"link": "split.tiles"}, "width": 200, "height": 150, "overlap": 20}})"),
      {"image", "split", "merge"});
  EXPECT_EQ(output<Image>(result, "split").pixels().sizes(), at::IntArrayRef({9, 64, 80, 3}));
  EXPECT_TRUE(at::allclose(output<Image>(result, "merge").pixels(), output<Image>(result, "image").pixels(), 0, 1e-6));
}

TEST(PictureNodes, TooFewTilesLeaveARestBlackAndSaySo) {
  Bench bench;
  const RunResult result = bench.run(nodes(R"("image": {"type": "image.solid", "inputs": {"width": 64, "height": 64,
    "color": "#ffffff"}}, "node": {"type": "image.merge_tiles", "inputs": {"tiles": {"link": "image.image"}, "width": 100,
    "height": 64, "overlap": 16}})"),
      {"node"});
  EXPECT_THAT(bench.warnings(), ElementsAre(HasSubstr("2 tiles of 64 x 64 make a picture of 100 x 64, not 1")));
  const at::Tensor pixels = output<Image>(result, "node").pixels();
  EXPECT_NEAR(pixels.narrow(2, 0, 64).min().item<float>(), 1, 1e-6);
  EXPECT_EQ(pixels.narrow(2, 64, 36).max().item<float>(), 0);
}

TEST(PictureNodes, AnIndexBeyondABatchIsMovedIntoItAndSaid) {
  Bench bench;
  const RunResult result = bench.run(on_solid("image.pick", R"(, "index": -9, "count": 2)", 8, 8, 3), {"node"});
  EXPECT_EQ(output<Image>(result, "node").batch(), 2);
  EXPECT_THAT(bench.warnings(), ElementsAre(HasSubstr("no picture -9 in a batch of 3; number 0 is taken")));
}

TEST(PictureNodes, AHintMarksWhatShallBePainted) {
  Bench bench;
  const auto marked = [&](const std::string& params) {
    const RunResult result = bench.run(nodes(R"("image": {"type": "image.solid", "inputs": {"width": 8, "height": 4}},
      "mask": {"type": "mask.rectangle", "inputs": {"width": 8, "height": 4, "left": 0, "top": 0, "right": 0.5, "bottom": 1}},
      "node": {"type": "hint.inpaint", "inputs": {"image": {"link": "image.image"}, "mask": {"link": "mask.mask"})" +
                                           params + "}}"),
        {"node"});
    return output<Image>(result, "node").pixels();
  };
  EXPECT_EQ(marked("").sum().item<float>(), -4 * 4 * 3);
  EXPECT_EQ(marked(R"(, "black": true)").abs().sum().item<float>(), 0);
}

TEST(PictureNodes, AComparisonIsAsHighAsTheFirstPicture) {
  Bench bench;
  const RunResult result = bench.run(nodes(R"("a": {"type": "image.solid", "inputs": {"width": 30, "height": 20}},
    "b": {"type": "image.solid", "inputs": {"width": 30, "height": 40, "batch": 2}},
    "node": {"type": "image.compare", "inputs": {"a": {"link": "a.image"}, "b": {"link": "b.image"}}})"),
      {"node"});
  EXPECT_EQ(output<Image>(result, "node").pixels().sizes(), at::IntArrayRef({1, 20, 45, 3}));
  EXPECT_THAT(only_problem(nodes(R"("node": {"type": "image.compare"})")), HasSubstr("nothing to compare"));
}

TEST(MaskNodes, AreReadFromAChannelOfAFile) {
  Bench bench;
  const std::string file = (source_folder() / "tests/pictures/fixtures/rgba.png").string();
  const RunResult image =
      bench.run(nodes(R"("load": {"type": "image.load", "inputs": {"file": ")" + file + R"("}})"), {"load"});
  for (const char* channel : {"alpha", "green"}) {
    const RunResult mask = bench.run(nodes(R"("load": {"type": "image.load_mask", "inputs": {"file": ")" + file +
                                         R"(", "channel": ")" + channel + R"("}})"),
        {"load"});
    const at::Tensor expected = std::string(channel) == "alpha" ? output<Mask>(image, "load", 1).values()
                                                                : output<Image>(image, "load").pixels().select(3, 1);
    EXPECT_TRUE(at::equal(output<Mask>(mask, "load").values(), expected)) << channel;
  }
}

TEST(MaskNodes, APreviewPassesItsMaskOn) {
  Bench bench;
  const RunResult result = bench.run(nodes(R"("mask": {"type": "mask.ellipse"},
    "node": {"type": "mask.preview", "inputs": {"mask": {"link": "mask.mask"}}})"),
      {"mask", "node"});
  EXPECT_TRUE(at::equal(output<Mask>(result, "node").values(), output<Mask>(result, "mask").values()));
}

TEST(LatentFiles, ComeBackAsTheyWere) {
  Bench bench;
  const std::string save =
      nodes(R"("empty": {"type": "latent.empty", "inputs": {"width": 64, "height": 48, "batch": 2}},
    "noise": {"type": "latent.noise", "inputs": {"latent": {"link": "empty.latent"}, "seed": 3}},
    "save": {"type": "latent.save", "inputs": {"latent": {"link": "noise.noise"}, "prefix": "deep/one"}})");
  const RunResult saved = bench.run(save, {"save", "noise"});
  const std::string path = output<std::string>(saved, "save", 1);
  EXPECT_EQ(path, (bench.output() / "deep/one_00001_.latent").string());
  EXPECT_TRUE(output<std::string>(bench.run(save, {"save"}), "save", 1).ends_with("one_00002_.latent"));
  const auto loaded = [&](const std::string& file) {
    return output<Latent>(
        bench.run(nodes(R"("load": {"type": "latent.load", "inputs": {"file": ")" + file + R"("}})"), {"load"}), "load")
        .samples;
  };
  const at::Tensor samples = output<Latent>(saved, "noise").samples;
  EXPECT_TRUE(at::equal(loaded(path), samples));

  const std::string old = (bench.output() / "old.latent").string();  // before there was a version in them
  sd::write_safetensors(old, {{"latent_tensor", samples * 0.18215}});
  EXPECT_TRUE(at::allclose(loaded(old), samples, 1e-5, 1e-6));
}

TEST(LatentFiles, ThatAreNoneAreRefused) {
  Bench bench;
  std::filesystem::create_directories(bench.output());
  const std::string file = (bench.output() / "other.latent").string();
  sd::write_safetensors(file, {{"something", at::zeros({2})}});
  EXPECT_THAT(only_problem(nodes(R"("node": {"type": "latent.load", "inputs": {"file": ")" + file + R"("}})")),
      HasSubstr("holds no latent of pictures"));
  EXPECT_THAT(only_problem(nodes(R"("empty": {"type": "latent.empty"},
      "node": {"type": "latent.save", "inputs": {"latent": {"link": "empty.latent"}, "prefix": "../escape"}})")),
      HasSubstr("leads out of the output folder"));
}

TEST(LatentNodes, OfUnlikeModelsDoNotMix) {
  const Bench bench;
  const Value four = Value::of(Latent{at::zeros({1, 4, 8, 8})}), three = Value::of(Latent{at::zeros({1, 3, 8, 8})});
  for (const char* node : {"latent.add", "latent.subtract"})
    EXPECT_THAT(
        call_node(bench.registry().node(node), {{four}, {three}}).error, HasSubstr("4 channels and the second 3"));
  EXPECT_THAT(
      call_node(bench.registry().node("latent.join"), {{four, three}}).error, HasSubstr("3 channels cannot stand"));
}

}  // namespace
}  // namespace weft::test
