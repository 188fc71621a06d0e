// Pictures and masks through files and nodes.
#include <ATen/ATen.h>
#include <gtest/gtest.h>

#include <fstream>
#include <limits>
#include <sstream>

#include "plugins/node_call.h"
#include "tests/workflows/bench.h"

namespace weft::test {
namespace {

std::string bytes_of(const std::filesystem::path& file) {
  std::stringstream text;
  text << std::ifstream(file, std::ios::binary).rdbuf();
  return text.str();
}

constexpr char kStripes[] =
    R"("mask": {"type": "mask.rectangle", "inputs": {"width": 40, "height": 24, "left": 0, "top": 0,
    "right": 0.5, "bottom": 1}},
  "image": {"type": "mask.to_image", "inputs": {"mask": {"link": "mask.mask"}}})";

std::string workflow(const std::string& more) {
  return R"({"weft": 1, "nodes": {)" + std::string(kStripes) + ", " + more + "}}";
}

TEST(ImageFiles, ASavedPictureComesBackAndCarriesItsWorkflow) {
  Bench bench;
  const RunResult saved = bench.run(workflow(
      R"("save": {"type": "image.save", "inputs": {"image": {"link": "image.image"}, "prefix": "deep/stripes"}})"));
  const std::string path = output<std::string>(saved, "save");
  EXPECT_EQ(path, (bench.output() / "deep/stripes_00001_.png").string());
  EXPECT_NE(bytes_of(path).find(R"("type":"mask.rectangle")"), std::string::npos);
  const RunResult loaded = bench.run(
      R"({"weft": 1, "nodes": {"load": {"type": "image.load", "inputs": {"file": ")" + path + R"("}}}})", {"load"});
  const at::Tensor& pixels = output<Image>(loaded, "load").pixels();
  EXPECT_EQ(pixels.sizes(), at::IntArrayRef({1, 24, 40, 3}));
  EXPECT_EQ(pixels.narrow(2, 0, 20).min().item<float>(), 1);
  EXPECT_EQ(pixels.narrow(2, 20, 20).max().item<float>(), 0);
}

TEST(ImageFiles, ASecondPictureTakesTheNextNumber) {
  Bench bench;
  const std::string json =
      workflow(R"("save": {"type": "image.save", "inputs": {"image": {"link": "image.image"}, "prefix": "twice"}})");
  bench.run(json);
  EXPECT_TRUE(output<std::string>(bench.run(json), "save").ends_with("twice_00002_.png"));
}

TEST(ImageFiles, APrefixThatLeadsOutOfTheFolderIsRefused) {
  Bench bench;
  const RunResult result = bench.run(
      workflow(
          R"("save": {"type": "image.save", "inputs": {"image": {"link": "image.image"}, "prefix": "../escape"}})"),
      {},
      /*may_fail=*/true);
  ASSERT_EQ(result.problems.size(), 1u);
  EXPECT_NE(result.problems[0].what.find("leads out of the output folder"), std::string::npos)
      << result.problems[0].text();
}

TEST(ImageFiles, APictureThatWasWrittenAnewInAnotherSizeIsReadAnew) {
  Bench bench;
  const std::filesystem::path file = bench.output() / "again.png";
  const std::string load =
      R"({"weft": 1, "nodes": {"load": {"type": "image.load", "inputs": {"file": ")" + file.string() + R"("}}}})";
  for (const std::int64_t width : {40, 400}) {
    const RunResult saved =
        bench.run(R"({"weft": 1, "nodes": {"mask": {"type": "mask.solid", "inputs": {"height": 300, "width": )" +
            std::to_string(width) +
            R"(}}, "image": {"type": "mask.to_image", "inputs": {"mask": {"link": "mask.mask"}}},
           "save": {"type": "image.save", "inputs": {"image": {"link": "image.image"}}}}})");
    std::filesystem::copy_file(
        output<std::string>(saved, "save"), file, std::filesystem::copy_options::overwrite_existing);
    EXPECT_EQ(output<Image>(bench.run(load, {"load"}), "load").width(), width);
  }
}

TEST(ImageFiles, AFileThatIsNoPictureIsNamed) {
  Bench bench;
  const RunResult result =
      bench.run(R"({"weft": 1, "nodes": {"load": {"type": "image.load", "inputs": {"file": "bench.cpp"}}}})", {"load"},
          /*may_fail=*/true);
  ASSERT_EQ(result.problems.size(), 1u);
  EXPECT_NE(result.problems[0].text().find("bench.cpp"), std::string::npos) << result.problems[0].text();
}

/// A picture of those that the reader of pictures is tested with.
std::string loading(const std::string& name, const std::string& more = "") {
  return R"({"weft": 1, "nodes": {"load": {"type": "image.load", "inputs": {"file": ")" +
      (source_folder() / "tests/pictures/fixtures" / name).string() + "\"" + more + "}}}}";
}

TEST(ImageFiles, TransparencyIsTheMaskAndChangesNoColour) {
  Bench bench;
  const RunResult plain = bench.run(loading("rgb.png"), {"load"});
  for (const char* name : {"rgba.png", "alpha.webp", "alpha.tif"}) {
    const RunResult painted = bench.run(loading(name), {"load"});
    EXPECT_TRUE(output<Image>(painted, "load").pixels().equal(output<Image>(plain, "load").pixels())) << name;
    const at::Tensor& mask = output<Mask>(painted, "load", 1).values();
    EXPECT_EQ(mask[0][0][0].item<float>(), 0) << name;
    EXPECT_EQ(mask[0][0][31].item<float>(), 1 - 128.0F / 255) << name;
    EXPECT_EQ(mask[0][23][31].item<float>(), 1) << name;
  }
  EXPECT_EQ(output<Mask>(bench.run(loading("still.gif"), {"load"}), "load", 1).values().max().item<float>(), 0);
}

TEST(ImageFiles, FramesAreABatchOfWhichOneCanBeTaken) {
  Bench bench;
  for (const char* name : {"frames.png", "frames.webp", "frames.gif"}) {
    const RunResult all = bench.run(loading(name), {"load"}),
                    second = bench.run(loading(name, R"(, "frame": 1)"), {"load"});
    EXPECT_EQ(output<Image>(all, "load").batch(), 3) << name;
    EXPECT_EQ(output<Mask>(all, "load", 1).values().size(0), 3) << name;
    EXPECT_TRUE(output<Image>(second, "load").pixels().equal(output<Image>(all, "load").pixels().narrow(0, 1, 1)))
        << name;
  }
  EXPECT_TRUE(bench.warnings().empty());
  EXPECT_EQ(output<Image>(bench.run(loading("pages.tif"), {"load"}), "load").batch(), 2);
  ASSERT_EQ(bench.warnings().size(), 1u);
  EXPECT_NE(bench.warnings()[0].find("of another size"), std::string::npos) << bench.warnings()[0];
}

/// Width and height of a picture of 25 x 15 that went through a node.
at::IntArrayRef resized(const std::string& type, const std::string& params, RunResult& result) {
  Bench bench;
  result = bench.run(R"({"weft": 1, "nodes": {"mask": {"type": "mask.solid", "inputs": {"width": 25, "height": 15}},
    "image": {"type": "mask.to_image", "inputs": {"mask": {"link": "mask.mask"}}},
    "resize": {"type": ")" +
          type + R"(", "inputs": {"image": {"link": "image.image"}, )" + params + "}}}}",
      {"resize"});
  return output<Image>(result, "resize").pixels().sizes().slice(1, 2);
}

TEST(Images, AreResizedToTheSizesThatComfyUiGives) {
  RunResult result;
  EXPECT_EQ(resized("image.resize_by", R"("factor": 0.5)", result), at::IntArrayRef({8, 12})) << "a half to even";
  EXPECT_EQ(resized("image.resize_by", R"("factor": 0.1)", result), at::IntArrayRef({2, 2}));
  EXPECT_EQ(resized("image.resize_by", R"("factor": 1.5)", result), at::IntArrayRef({22, 38}));
  EXPECT_EQ(resized("image.resize", R"("width": 0, "height": 3)", result), at::IntArrayRef({3, 5}));
  EXPECT_EQ(resized("image.resize", R"("width": 10, "height": 0)", result), at::IntArrayRef({6, 10}));
  EXPECT_EQ(resized("image.resize", R"("width": 0, "height": 0)", result), at::IntArrayRef({15, 25}));
}

TEST(Images, ASizeThatTheShapeMakesTooLargeIsRefused) {
  Bench bench;
  const RunResult result =
      bench.run(R"({"weft": 1, "nodes": {"mask": {"type": "mask.solid", "inputs": {"width": 2048, "height": 8}},
    "image": {"type": "mask.to_image", "inputs": {"mask": {"link": "mask.mask"}}},
    "resize": {"type": "image.resize", "inputs": {"image": {"link": "image.image"}, "width": 0, "height": 2048}}}})",
          {"resize"}, true);
  ASSERT_EQ(result.problems.size(), 1u);
  EXPECT_NE(result.problems[0].what.find("524288 x 2048"), std::string::npos) << result.problems[0].text();
}

TEST(Images, ThatHoldNoNumbersAreNotResizedIntoColours) {
  const Bench bench;
  at::Tensor pixels = at::zeros({2, 8, 8, 3});
  pixels[1][3][4][0] = std::numeric_limits<float>::quiet_NaN();
  const NodeOutcome outcome = call_node(bench.registry().node("image.resize_by"),
      {{Value::of(Image(pixels))}, {Value::of(2.0)}, {Value::of(std::string("lanczos"))}});
  EXPECT_NE(outcome.error.find("the picture holds"), std::string::npos) << outcome.error;
}

TEST(Images, ACompositeChangesOnlyWhatItsMaskSelects) {
  Bench bench;
  const RunResult result =
      bench.run(workflow(R"("black": {"type": "mask.solid", "inputs": {"width": 40, "height": 24, "value": 0.25}},
        "below": {"type": "mask.to_image", "inputs": {"mask": {"link": "black.mask"}}},
        "both": {"type": "image.composite", "inputs": {"below": {"link": "below.image"}, "above": {"link": "image.image"},
          "mask": {"link": "mask.mask"}}})"),
          {"both"});
  const at::Tensor& pixels = output<Image>(result, "both").pixels();
  EXPECT_EQ(pixels.narrow(2, 0, 20).min().item<float>(), 1);
  EXPECT_EQ(pixels.narrow(2, 20, 20).max().item<float>(), 0.25f);
}

TEST(Images, AGridLaysPicturesOutRowByRow) {
  Bench bench;
  const RunResult result = bench.run(
      workflow(
          R"("grid": {"type": "image.grid", "inputs": {"images": {"links": ["image.image", "image.image", "image.image"]},
        "columns": 2, "gap": 4, "background": "#ff0000"}})"),
      {"grid"});
  const at::Tensor& pixels = output<Image>(result, "grid").pixels();
  EXPECT_EQ(pixels.sizes(), at::IntArrayRef({1, 24 * 2 + 4, 40 * 2 + 4, 3}));
  EXPECT_EQ(pixels[0][51][83][0].item<float>(), 1) << "the fourth cell is background";
  EXPECT_EQ(pixels[0][51][83][1].item<float>(), 0);
}

TEST(Images, ACropOverTheEdgeIsCutAndSaysSo) {
  Bench bench;
  const RunResult result = bench.run(
      workflow(
          R"("crop": {"type": "image.crop", "inputs": {"image": {"link": "image.image"}, "x": 30, "width": 64, "height": 8}})"),
      {"crop"});
  EXPECT_EQ(output<Image>(result, "crop").pixels().sizes(), at::IntArrayRef({1, 8, 10, 3}));
  ASSERT_EQ(bench.warnings().size(), 1u);
}

TEST(Masks, GrowingAndShrinkingMoveTheEdge) {
  Bench bench;
  const RunResult result =
      bench.run(workflow(R"("grown": {"type": "mask.grow", "inputs": {"mask": {"link": "mask.mask"}, "pixels": 3}},
        "shrunk": {"type": "mask.grow", "inputs": {"mask": {"link": "mask.mask"}, "pixels": -3}})"),
          {"grown", "shrunk"});
  const auto width = [&](const std::string& node) {
    return output<Mask>(result, node).values()[0][12].sum().item<float>();
  };
  EXPECT_EQ(width("grown"), 23);
  EXPECT_EQ(width("shrunk"), 17);
}

TEST(Masks, FeatheringKeepsTheMeanOfAnEdgeAtItsPlace) {
  Bench bench;
  const RunResult result =
      bench.run(workflow(R"("soft": {"type": "mask.feather", "inputs": {"mask": {"link": "mask.mask"}, "radius": 2}})"),
          {"soft"});
  const at::Tensor row = output<Mask>(result, "soft").values()[0][12];
  EXPECT_NEAR((row[19] + row[20]).item<float>(), 1, 1e-5);
  EXPECT_LT(row[20].item<float>(), row[19].item<float>());
  EXPECT_NEAR(row[0].item<float>(), 1, 1e-5);
}

}  // namespace
}  // namespace weft::test
