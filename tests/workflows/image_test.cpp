// Pictures and masks through files and nodes.
#include <ATen/ATen.h>
#include <gtest/gtest.h>

#include <fstream>
#include <sstream>

#include "tests/workflows/bench.h"

namespace weft::test {
namespace {

std::string bytes_of(const std::filesystem::path& file) {
  std::stringstream text;
  text << std::ifstream(file, std::ios::binary).rdbuf();
  return text.str();
}

constexpr char kStripes[] = R"("mask": {"type": "mask.rectangle", "inputs": {"width": 40, "height": 24, "left": 0, "top": 0,
    "right": 0.5, "bottom": 1}},
  "image": {"type": "mask.to_image", "inputs": {"mask": {"link": "mask.mask"}}})";

std::string workflow(const std::string& more) {
  return R"({"weft": 1, "nodes": {)" + std::string(kStripes) + ", " + more + "}}";
}

TEST(ImageFiles, ASavedPictureComesBackAndCarriesItsWorkflow) {
  Bench bench;
  const RunResult saved = bench.run(
      workflow(R"("save": {"type": "image.save", "inputs": {"image": {"link": "image.image"}, "prefix": "deep/stripes"}})"));
  const std::string path = output<std::string>(saved, "save");
  EXPECT_EQ(path, (bench.output() / "deep/stripes_00001_.png").string());
  EXPECT_NE(bytes_of(path).find(R"("type":"mask.rectangle")"), std::string::npos);
  const RunResult loaded = bench.run(R"({"weft": 1, "nodes": {"load": {"type": "image.load", "inputs": {"file": ")" + path + R"("}}}})", {"load"});
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
      workflow(R"("save": {"type": "image.save", "inputs": {"image": {"link": "image.image"}, "prefix": "../escape"}})"), {},
      /*may_fail=*/true);
  ASSERT_EQ(result.problems.size(), 1u);
  EXPECT_NE(result.problems[0].what.find("leads out of the output folder"), std::string::npos) << result.problems[0].text();
}

TEST(ImageFiles, APictureThatWasWrittenAnewInAnotherSizeIsReadAnew) {
  Bench bench;
  const std::filesystem::path file = bench.output() / "again.png";
  const std::string load =
      R"({"weft": 1, "nodes": {"load": {"type": "image.load", "inputs": {"file": ")" + file.string() + R"("}}}})";
  for (const std::int64_t width : {40, 400}) {
    const RunResult saved = bench.run(
        R"({"weft": 1, "nodes": {"mask": {"type": "mask.solid", "inputs": {"height": 300, "width": )" + std::to_string(width) +
        R"(}}, "image": {"type": "mask.to_image", "inputs": {"mask": {"link": "mask.mask"}}},
           "save": {"type": "image.save", "inputs": {"image": {"link": "image.image"}}}}})");
    std::filesystem::copy_file(output<std::string>(saved, "save"), file,
                               std::filesystem::copy_options::overwrite_existing);
    EXPECT_EQ(output<Image>(bench.run(load, {"load"}), "load").width(), width);
  }
}

TEST(ImageFiles, AFileThatIsNoPictureIsNamed) {
  Bench bench;
  const RunResult result = bench.run(
      R"({"weft": 1, "nodes": {"load": {"type": "image.load", "inputs": {"file": "bench.cpp"}}}})", {"load"}, /*may_fail=*/true);
  ASSERT_EQ(result.problems.size(), 1u);
  EXPECT_NE(result.problems[0].text().find("bench.cpp"), std::string::npos) << result.problems[0].text();
}

TEST(Images, ACompositeChangesOnlyWhatItsMaskSelects) {
  Bench bench;
  const RunResult result = bench.run(
      workflow(R"("black": {"type": "mask.solid", "inputs": {"width": 40, "height": 24, "value": 0.25}},
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
      workflow(R"("grid": {"type": "image.grid", "inputs": {"images": {"links": ["image.image", "image.image", "image.image"]},
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
      workflow(R"("crop": {"type": "image.crop", "inputs": {"image": {"link": "image.image"}, "x": 30, "width": 64, "height": 8}})"),
      {"crop"});
  EXPECT_EQ(output<Image>(result, "crop").pixels().sizes(), at::IntArrayRef({1, 8, 10, 3}));
  ASSERT_EQ(bench.warnings().size(), 1u);
}

TEST(Masks, GrowingAndShrinkingMoveTheEdge) {
  Bench bench;
  const RunResult result = bench.run(
      workflow(R"("grown": {"type": "mask.grow", "inputs": {"mask": {"link": "mask.mask"}, "pixels": 3}},
        "shrunk": {"type": "mask.grow", "inputs": {"mask": {"link": "mask.mask"}, "pixels": -3}})"),
      {"grown", "shrunk"});
  const auto width = [&](const std::string& node) { return output<Mask>(result, node).values()[0][12].sum().item<float>(); };
  EXPECT_EQ(width("grown"), 23);
  EXPECT_EQ(width("shrunk"), 17);
}

TEST(Masks, FeatheringKeepsTheMeanOfAnEdgeAtItsPlace) {
  Bench bench;
  const RunResult result = bench.run(
      workflow(R"("soft": {"type": "mask.feather", "inputs": {"mask": {"link": "mask.mask"}, "radius": 2}})"), {"soft"});
  const at::Tensor row = output<Mask>(result, "soft").values()[0][12];
  EXPECT_NEAR((row[19] + row[20]).item<float>(), 1, 1e-5);
  EXPECT_LT(row[20].item<float>(), row[19].item<float>());
  EXPECT_NEAR(row[0].item<float>(), 1, 1e-5);
}

}  // namespace
}  // namespace weft::test
