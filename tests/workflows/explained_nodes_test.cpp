// The nodes that explain: what they draw and say.
#include <ATen/ATen.h>
#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <memory>
#include <optional>

#include "nodes/sd/pictures/segmentation_map.h"
#include "nodes/sd/values/encoder_values.h"
#include "nodes/sd/values/values.h"
#include "plugins/node_call.h"
#include "tests/workflows/bench.h"

namespace weft::test {
namespace {

using testing::Contains;
using testing::HasSubstr;

std::string nodes(const std::string& list) { return R"({"weft": 1, "nodes": {)" + list + "}}"; }

/// A grey picture of 40 x 24, "image".
constexpr char kGrey[] = R"("grey": {"type": "mask.solid", "inputs": {"width": 40, "height": 24, "value": 0.5}},
  "image": {"type": "mask.to_image", "inputs": {"mask": {"link": "grey.mask"}}})";

std::string only_problem(Bench& bench, const std::string& json, const std::string& node) {
  const RunResult result = bench.run(json, {node}, /*may_fail=*/true);
  return result.problems.size() == 1 ? result.problems[0].text() : fmt::format("{} problems", result.problems.size());
}

// ---- forward diffusion ----

TEST(Diffuse, GivesThePictureFirstAndNoiseLast) {
  Bench bench;
  const RunResult result = bench.run(nodes(std::string(kGrey) + R"(, "diffuse": {"type": "image.diffuse", "inputs": {
    "image": {"link": "image.image"}, "timesteps": "0, 10, 1000", "seed": 3}})"),
      {"diffuse"});
  const at::Tensor pixels = output<Image>(result, "diffuse").pixels();
  EXPECT_EQ(output<std::string>(result, "diffuse", 1), "t = 0\nt = 10\nt = 1000\n");
  ASSERT_EQ(pixels.sizes(), at::IntArrayRef({3, 24, 40, 3}));
  EXPECT_LE((pixels[0] - 0.5).abs().max().item<double>(), 1e-6);
  EXPECT_GT(pixels[1].std().item<double>(), 0.02);
  EXPECT_GT(pixels[2].std().item<double>(), 0.3);
}

TEST(Diffuse, RefusesATimestepThatIsNone) {
  Bench bench;
  EXPECT_THAT(only_problem(bench, nodes(std::string(kGrey) + R"(, "diffuse": {"type": "image.diffuse", "inputs": {
    "image": {"link": "image.image"}, "timesteps": "0, many"}})"),
                  "diffuse"),
      HasSubstr("\"many\" is no timestep"));
}

// ---- pictures of pictures ----

TEST(PictureStrip, LaysPicturesOutInRowsWithRoomForCaptions) {
  Bench bench;
  const RunResult result = bench.run(nodes(std::string(kGrey) + R"(, "strip": {"type": "image.strip", "inputs": {
    "images": {"links": ["image.image", "image.image", "image.image"]}, "captions": "one\ntwo\nthree", "columns": 2, "gap": 4,
    "text_size": 10}})"),
      {"strip"});
  const at::Tensor pixels = output<Image>(result, "strip").pixels();
  EXPECT_EQ(pixels.size(1), 4 + 2 * (24 + 15 + 4));
  EXPECT_GE(pixels.size(2), 4 + 2 * (40 + 4));
  EXPECT_LT(pixels[0].narrow(0, 4 + 24, 15).min().item<double>(), 0.4) << "the captions are written in dark letters";
  EXPECT_GT(pixels[0].narrow(0, 4 + 43 + 24, 15).narrow(1, pixels.size(2) / 2 + 4, 40).min().item<double>(), 0.99)
      << "there is no fourth picture";
}

TEST(PictureStrip, SaysWhichCaptionsHaveNoPicture) {
  Bench bench;
  bench.run(
      nodes(std::string(kGrey) + R"(, "strip": {"type": "image.strip", "inputs": {"images": {"links": ["image.image"]},
    "captions": "one\ntwo"}})"),
      {"strip"});
  EXPECT_THAT(bench.warnings(), Contains(HasSubstr("2 captions and 1 pictures")));
}

constexpr char kFourGreys[] = R"(, "table": {"type": "image.table", "inputs": {"images": {"links": ["image.image",
  "image.image", "image.image"]}, "columns": 2, "column_title": "CFG", "column_captions": "3\n5", "row_title": "Steps",
  "row_captions": "10\n20", "missing": "2: failed", "text_size": 10}})";

TEST(PictureTable, HasCaptionsAboveAndBesideAndSaysWhatIsMissing) {
  Bench bench;
  const at::Tensor pixels =
      output<Image>(bench.run(nodes(std::string(kGrey) + kFourGreys), {"table"}), "table").pixels()[0];
  const std::int64_t gap = 5, line = 15, top = gap + 2 * line, left = pixels.size(1) - 2 * (40 + gap);
  EXPECT_EQ(pixels.size(0), top + 2 * (24 + gap));
  EXPECT_GT(left, 2 * gap) << "there is room for the captions of rows";
  EXPECT_LT(pixels.narrow(0, 0, line).narrow(1, left, 80).min().item<double>(), 0.4) << "the title of the columns";
  EXPECT_LT(pixels.narrow(0, gap + line, line).narrow(1, left, 40).min().item<double>(), 0.4) << "a column's caption";
  EXPECT_LT(pixels.narrow(0, top, 24).narrow(1, 0, left).min().item<double>(), 0.4) << "a row's caption";
  EXPECT_NEAR(pixels[top + 12][left + 20][0].item<double>(), 0.5, 0.01) << "the first picture";
  EXPECT_GT(pixels[top + 22][left + 45 + 38][0].item<double>(), 0.8) << "the second place is empty";
  EXPECT_NEAR(pixels[top + 29 + 12][left + 45 + 20][0].item<double>(), 0.5, 0.01)
      << "the third picture is in the fourth place";
}

TEST(PictureTable, LaysABatchOutInOnePlace) {
  Bench bench;
  const RunResult result =
      bench.run(nodes(std::string(kGrey) + R"(, "batch": {"type": "image.batch", "inputs": {"images":
    {"links": ["image.image", "image.image", "image.image"]}}}, "table": {"type": "image.table", "inputs": {"images":
    {"links": ["batch.image", "image.image"]}, "text_size": 10}})"),
          {"table"});
  EXPECT_EQ(output<Image>(result, "table").pixels().sizes(), at::IntArrayRef({1, 5 + 48 + 5, 5 + 80 + 5 + 40 + 5, 3}));
}

TEST(PictureTable, ShrinksWhatWouldBeTooLargeToOpen) {
  Bench bench;
  const RunResult result = bench.run(nodes(R"("mask": {"type": "mask.solid", "inputs": {"width": 8200, "height": 8200}},
    "image": {"type": "mask.to_image", "inputs": {"mask": {"link": "mask.mask"}}}, "table": {"type": "image.table",
    "inputs": {"images": {"links": ["image.image"]}}})"),
      {"table"});
  EXPECT_LT(output<Image>(result, "table").pixels().numel() / 3, 66'000'000);
  EXPECT_THAT(bench.warnings(), Contains(HasSubstr("67 megapixels")));
}

TEST(PictureTable, RefusesAMissingPlaceThatIsNone) {
  Bench bench;
  const RunResult result =
      bench.run(nodes(std::string(kGrey) + R"(, "table": {"type": "image.table", "inputs": {"images":
    {"links": ["image.image"]}, "missing": "two: failed"}})"),
          {"table"}, /*may_fail=*/true);
  EXPECT_THAT(result.problems.at(0).text(), HasSubstr("\"missing\" has the line 'two: failed'"));
}

TEST(ImageGrid, MakesEachRowAsHighAsItsHighestPicture) {
  Bench bench;
  const RunResult result =
      bench.run(nodes(std::string(kGrey) + R"(, "small": {"type": "image.resize", "inputs": {"image":
    {"link": "image.image"}, "width": 20, "height": 12}}, "grid": {"type": "image.grid", "inputs": {"images": {"links":
    ["image.image", "small.image"]}, "columns": 1, "gap": 4, "align": "left"}})"),
          {"grid"});
  const at::Tensor pixels = output<Image>(result, "grid").pixels();
  EXPECT_EQ(pixels.sizes(), at::IntArrayRef({1, 24 + 4 + 12, 40, 3}));
  EXPECT_NEAR(pixels[0][39][0][0].item<float>(), 0.5f, 0.01f) << "the small picture stands at the left";
  EXPECT_EQ(pixels[0][39][39][0].item<float>(), 1);
}

TEST(ImageMetrics, MeasureAKnownDifference) {
  Bench bench;
  const RunResult result =
      bench.run(nodes(std::string(kGrey) + R"(, "light": {"type": "mask.solid", "inputs": {"width": 40,
    "height": 24, "value": 0.6}}, "lighter": {"type": "mask.to_image", "inputs": {"mask": {"link": "light.mask"}}},
    "metrics": {"type": "image.metrics", "inputs": {"a": {"link": "image.image"}, "b": {"link": "lighter.image"}}},
    "same": {"type": "image.metrics", "inputs": {"a": {"link": "image.image"}, "b": {"link": "image.image"}}},
    "difference": {"type": "image.difference", "inputs": {"a": {"link": "image.image"}, "b": {"link": "lighter.image"},
      "amplify": 5, "colors": "grey"}})"),
          {"metrics", "same", "difference"});
  EXPECT_NEAR(output<double>(result, "metrics", 0), 20, 1e-3);
  EXPECT_NEAR(output<double>(result, "metrics", 1), 0.1, 1e-6);
  EXPECT_NEAR(output<double>(result, "metrics", 2), 0.1, 1e-6);
  EXPECT_EQ(output<double>(result, "same", 0), 100);
  EXPECT_EQ(output<std::string>(result, "metrics", 3), "PSNR 20.0 dB, mean 0.1000, largest 0.100");
  EXPECT_NEAR(output<Image>(result, "difference").pixels().mean().item<double>(), 0.5, 1e-5);
}

TEST(ImageDifference, ResizesTheSecondPictureAndSaysSo) {
  Bench bench;
  bench.run(nodes(std::string(kGrey) +
                R"(, "small": {"type": "image.resize", "inputs": {"image": {"link": "image.image"}, "width": 20,
    "height": 12}}, "difference": {"type": "image.difference", "inputs": {"a": {"link": "image.image"}, "b": {"link": "small.image"}}})"),
      {"difference"});
  EXPECT_THAT(bench.warnings(), Contains(HasSubstr("'b' of 20 x 12 was resized to 40 x 24")));
}

TEST(NoisePlot, DrawsACurveThatFallsFromThePictureToNoise) {
  Bench bench;
  const RunResult result =
      bench.run(nodes(R"("plot": {"type": "image.plot_noise", "inputs": {"schedule": "linear", "width": 400,
    "height": 300}})"),
          {"plot"});
  const at::Tensor pixels = output<Image>(result, "plot").pixels()[0];
  // The curve is the only blue on the picture; its centre in a column is its height there.
  const at::Tensor blue = (pixels.select(2, 2) - pixels.select(2, 0)).clamp_min(0);
  const auto height_in = [&](std::int64_t column) {
    const at::Tensor weights = blue.select(1, column);
    return ((weights * at::arange(300, at::kFloat)).sum() / weights.sum()).item<double>();
  };
  EXPECT_LT(height_in(100), height_in(200));
  EXPECT_LT(height_in(200), height_in(300));
}

TEST(DrawMask, SelectsWhatTheBrushCovers) {
  Bench bench;
  const RunResult result = bench.run(nodes(R"("stroke": {"type": "mask.draw", "inputs": {"width": 80, "height": 40,
    "shapes": "0.25,0.5 0.75,0.5", "brush": 0.25}}, "triangle": {"type": "mask.draw", "inputs": {"width": 80, "height": 40,
    "shapes": "0,0 1,0 0,1", "as": "polygons"}})"),
      {"stroke", "triangle"});
  const at::Tensor stroke = output<Mask>(result, "stroke").values()[0];
  EXPECT_EQ(stroke[20][40].item<float>(), 1);
  EXPECT_EQ(stroke[30][40].item<float>(), 0);
  EXPECT_NEAR(output<Mask>(result, "triangle").values().mean().item<double>(), 0.5, 0.01);
}

TEST(DrawMask, NamesWhatIsNoPoint) {
  Bench bench;
  EXPECT_THAT(only_problem(bench, nodes(R"("m": {"type": "mask.draw", "inputs": {"shapes": "0.1,0.2 0.3;0.4"}})"), "m"),
      HasSubstr("'0.3;0.4'"));
}

// ---- segmentation maps ----

constexpr char kMap[] =
    R"("map": {"type": "segmentation.draw", "inputs": {"width": 64, "height": 32, "background": "sky",
  "legend": "sky #8ec6f0\nsea #1f5fa8\narctic fox #f0f0ff", "shapes": "sea 0,0.5 1,0.5 1,1 0,1\narctic fox 0.25,0.25 0.5,0.25 0.5,0.75"}},
  "painted": {"type": "segmentation.to_image", "inputs": {"map": {"link": "map.map"}}})";

TEST(SegmentationMap, DrawnAndPaintedComesBackTheSame) {
  Bench bench;
  const RunResult result =
      bench.run(nodes(std::string(kMap) + R"(, "read": {"type": "segmentation.from_image", "inputs": {
    "image": {"link": "painted.image"}, "legend": "sky #8ec6f0\nsea #1f5fa8\narctic fox #f0f0ff"}})"),
          {"map", "read"});
  const at::Tensor drawn = output<SegmentationMap>(result, "map").classes;
  EXPECT_TRUE(at::equal(drawn, output<SegmentationMap>(result, "read").classes));
  EXPECT_EQ(drawn[0][2][60].item<std::int64_t>(), 0);
  EXPECT_EQ(drawn[0][30][60].item<std::int64_t>(), 1);
  EXPECT_EQ(drawn[0][14][28].item<std::int64_t>(), 2);
}

TEST(SegmentationMap, NamesColoursThatAreNotInTheLegend) {
  Bench bench;
  EXPECT_THAT(only_problem(bench, nodes(std::string(kMap) + R"(, "read": {"type": "segmentation.from_image", "inputs": {
    "image": {"link": "painted.image"}, "legend": "sky #8ec6f0\nsea #1f5fa8"}})"),
                  "read"),
      HasSubstr("nearest is sky #8ec6f0"));
}

TEST(SegmentationMap, ProposesAClassForAMisspeltOne) {
  Bench bench;
  EXPECT_THAT(only_problem(bench,
                  nodes(R"("map": {"type": "segmentation.draw", "inputs": {"shapes": "see 0,0 1,0 1,1"}})"), "map"),
      HasSubstr("did you mean 'sea'?"));
}

TEST(SegmentationMapConditioning, GivesTheShareOfEachClassAtEachLatent) {
  const Bench bench;
  const SegmentationMap map{.classes = (at::arange(32) >= 12).to(at::kLong).expand({1, 16, 32}).contiguous(),
      .legend = sd::parse_legend("left #000000\nright #ffffff")};
  const Conditioning text{{{.context = at::ones({1, 3, 8})}}};
  const NodeOutcome outcome = call_node(bench.registry().node("conditioning.segmentation_map"),
      {{Value::of(text)}, {Value::of(text)}, {Value::of(map)}, {}, {}});
  ASSERT_EQ(outcome.error, "");
  const at::Tensor shares = outcome.outputs[0].as<Conditioning>().entries[0].concat_map;
  ASSERT_EQ(shares.sizes(), at::IntArrayRef({1, 2, 2, 4}));
  EXPECT_TRUE(at::allclose(shares[0][0][0], at::tensor({1.0f, 0.5f, 0.0f, 0.0f})));
  EXPECT_TRUE(at::allclose(shares.sum(1), at::ones({1, 2, 4})));
}

// ---- labels ----

NodeOutcome encode_label(const std::string& label, std::optional<std::int64_t> unconditional = {}) {
  static const Bench bench;
  const auto encoder = std::make_shared<const sd::LabelTable>(
      at::arange(12, at::kFloat).view({3, 4}), std::vector<std::string>{"fox", "arctic fox", "boat"}, unconditional);
  return call_node(
      bench.registry().node("conditioning.label"), {{Value::of(LabelEncoder(encoder, "tiny"))}, {Value::of(label)}});
}

TEST(Label, IsTheVectorOfItsClassByNameOrNumber) {
  for (const char* label : {"arctic fox", "1"}) {
    const NodeOutcome outcome = encode_label(label);
    ASSERT_EQ(outcome.error, "");
    EXPECT_TRUE(at::equal(
        outcome.outputs[0].as<Conditioning>().entries[0].context, at::arange(4, 8, at::kFloat).view({1, 1, 4})));
    EXPECT_EQ(outcome.outputs[1].as<std::string>(), "arctic fox");
  }
}

TEST(Label, ThatIsEmptyStandsForAnyClassWhereTheModelHasOne) {
  EXPECT_TRUE(at::equal(encode_label("", 2).outputs[0].as<Conditioning>().entries[0].context,
      at::arange(8, 12, at::kFloat).view({1, 1, 4})));
  EXPECT_THAT(encode_label("").error, HasSubstr("no class for 'any'"));
}

TEST(Label, OutOfRangeOrMisspeltIsAnsweredWithTheNearestNames) {
  EXPECT_THAT(encode_label("artic fox").error, HasSubstr("'arctic fox'"));
  EXPECT_THAT(encode_label("7").error, HasSubstr("0 to 2"));
}

}  // namespace
}  // namespace weft::test
