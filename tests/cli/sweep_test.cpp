// weft run --sweep: tables of pictures, and what is refused.
#include <gmock/gmock.h>

#include "tests/cli/weft_program.h"

namespace weft::test {
namespace {

using testing::AllOf;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;

using SweepCommand = WeftProgram;

constexpr char kStripe[] = R"({
  "mask": {"type": "mask.rectangle", "inputs": {"width": 40, "height": 24, "left": 0, "top": 0, "right": 0.5, "bottom": 1}},
  "image": {"type": "mask.to_image", "inputs": {"mask": {"link": "mask.mask"}}},
  "save": {"type": "image.save", "inputs": {"image": {"link": "image.image"}, "prefix": "stripe"}}})";
constexpr char kInterface[] = R"({"inputs": {"wide": "mask.width"}, "outputs": {"picture": "save.path"}})";

TEST_F(SweepCommand, WritesOneTableForAllValues) {
  const Outcome run =
      weft({"run", workflow(kStripe, kInterface), "--sweep", "mask.right=0.2,0.5,0.9", "--sweep", "wide=20..40/20"});
  EXPECT_EQ(run.exit, 0) << run.err;
  EXPECT_EQ(run.out, "picture: out/stripe_00001_.png\n");
  EXPECT_THAT(files_in("out"), ElementsAre("stripe_00001_.png"));
  EXPECT_THAT(run.err, HasSubstr("picture 6 of 6 (Right 0.9, Wide 40): finished"));
}

TEST_F(SweepCommand, RunsTheSweepThatTheWorkflowHoldsAndThatItsPictureCarries) {
  const std::string text = R"({"weft": 1, "nodes": )" + std::string(kStripe) +
      R"(, "sweep": [{"param": "mask.right", "values": [0.2, 0.9]}]})";
  EXPECT_EQ(weft({"run", file("w.json", text), "--sweep"}).out, "save: out/stripe_00001_.png\n");
  EXPECT_EQ(weft({"run", "--sweep", "--out", "again", "w.json"}).out, "save: again/stripe_00001_.png\n");
  EXPECT_EQ(weft({"run", "w.json", "--out", "once"}).out, "save.path: once/stripe_00001_.png\n")
      << "a plain run is one";
  EXPECT_EQ(weft({"run", "w.json", "--sweep", "--dry-run"}).out,
      "picture 1 of 2: Right 0.2\npicture 2 of 2: Right 0.9\n"
      "mask   mask.rectangle  light\nimage  mask.to_image   light\nsave   image.save      io\n");
}

TEST_F(SweepCommand, RefusesASweepWithASentenceBeforeAnythingRuns) {
  const std::string file = workflow(kStripe);
  for (const auto& [sweep, said] : std::vector<std::pair<std::string, std::string>>{{"", "holds no sweep"},
           {"mask.width=1..1000000", "1000000 values are too many: a sweep makes at most 1000 pictures"},
           {"mask.right=0,2", "the value is 2"}, {"mask.rihgt=1", "mask.right"}, {"mask.right", "NAME=VALUES"},
           {"image.mask=1", "takes a link and no value"}}) {
    const Outcome run = weft({"run", file, "--sweep", sweep});
    EXPECT_EQ(run.exit, 2) << sweep;
    EXPECT_THAT(run.err, HasSubstr(said));
    EXPECT_EQ(run.out, "");
  }
  EXPECT_EQ(
      weft({"run", file, "--sweep", "mask.width=1,2", "--sweep", "mask.height=1", "--sweep", "mask.right=1"}).exit, 2);
  EXPECT_THAT(files_in("out"), IsEmpty());
}

TEST_F(SweepCommand, IsCheckedWithItsWorkflow) {
  const std::string text = R"({"weft": 1, "nodes": )" + std::string(kStripe) +
      R"(, "sweep": [{"param": "mask.right", "values": [0.2, 9]}]})";
  const Outcome check = weft({"check", file("w.json", text)});
  EXPECT_EQ(check.exit, 2);
  EXPECT_THAT(check.out, HasSubstr("node \"mask\", port \"right\": the value is 9"));
}

TEST_F(SweepCommand, LeavesThePlaceOfAFailedPictureEmptyAndSaysWhy) {
  const std::string nodes = R"({
    "mask": {"type": "mask.solid", "inputs": {"width": 16, "height": 16}},
    "image": {"type": "mask.to_image", "inputs": {"mask": {"link": "mask.mask"}}},
    "crop": {"type": "image.crop", "inputs": {"image": {"link": "image.image"}, "width": 4, "height": 4}},
    "save": {"type": "image.save", "inputs": {"image": {"link": "crop.image"}}}})";
  const Outcome run = weft({"run", workflow(nodes), "--sweep", "crop.x=0,16,0"});
  EXPECT_EQ(run.exit, 1);
  EXPECT_EQ(run.out, "save: out/weft_00001_.png\n");
  EXPECT_THAT(run.err, HasSubstr("node \"crop\": X 16: "));
  EXPECT_EQ(weft({"run", workflow(nodes), "--out", "none", "--sweep", "crop.x=16,17"}).exit, 1);
  EXPECT_THAT(files_in("none"), IsEmpty());
}

TEST_F(SweepCommand, TellsEachPictureInJson) {
  const Outcome run = weft({"run", workflow(kStripe), "--progress", "json", "--sweep", "mask.right=0.2,0.9"});
  std::vector<std::string> captions;
  for (const auto& line : json_lines(run.err))
    if (line.at("event") == "sweep_cell") captions.push_back(line.at("caption"));
  EXPECT_THAT(captions, ElementsAre("Right 0.2", "Right 0.9"));
}

}  // namespace
}  // namespace weft::test
