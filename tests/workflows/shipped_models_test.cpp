// The explaining workflows of labels, masks and maps, as they stand in the repository, show what they say
// they show.
#include <ATen/ATen.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "nodes/sd/pictures/segmentation_map.h"
#include "tests/workflows/bench.h"
#include "training/judge.h"
#include "training/segmenter.h"

namespace weft::test {
namespace {

using paper_cut::Subject;

class ShippedModels : public testing::Test {
 protected:
  RunResult run(const std::string& workflow, const std::vector<std::string>& wanted) {
    bench_.set_workflow_folder(source_folder() / "workflows/explained");
    return bench_.run(load_workflow(source_folder() / "workflows/explained" / workflow), wanted);
  }

  /// [1, 3, H, W] in [-1, 1], as judge and segmenter read it.
  static at::Tensor picture(const RunResult& result, const std::string& node) {
    return output<Image>(result, node).pixels().permute({0, 3, 1, 2}) * 2 - 1;
  }

  Subject subject(const RunResult& result, const std::string& node) const {
    return judge_.read(picture(result, node))[0].subject;
  }

  /// How well a picture agrees with a map of its size.
  double agreement(const RunResult& result, const std::string& node, const std::string& map) const {
    paper_cut::Overlap overlap;
    overlap.add(output<SegmentationMap>(result, map).classes, segmenter_.read(picture(result, node)));
    return overlap.mean();
  }

  Bench bench_;
  const paper_cut::Judge judge_ = paper_cut::Judge::open(source_folder() / "training/judge.safetensors");
  const paper_cut::Segmenter segmenter_ =
      paper_cut::Segmenter::open(source_folder() / "training/segmenter.safetensors");
};

TEST_F(ShippedModels, ALabelIsWhatThePictureShows) {
  const std::vector<std::pair<std::string, Subject>> labels = {{"arctic_fox", Subject::ArcticFox},
      {"fox", Subject::Fox}, {"house", Subject::House}, {"tree", Subject::Tree}, {"boat", Subject::Boat},
      {"landscape", Subject::None}};
  std::vector<std::string> nodes;
  for (const auto& [label, wanted] : labels) nodes.push_back(label + "_picture");
  const RunResult result = run("05-context-by-a-label.json", nodes);
  for (const auto& [label, wanted] : labels) EXPECT_EQ(subject(result, label + "_picture"), wanted) << label;
}

TEST_F(ShippedModels, UnderTheMaskIsWhatTheTextSaysAndOutsideThePictureItself) {
  const RunResult result = run("06-context-by-concatenation.json", {"picture", "soft", "fox_picture", "tree_picture"});
  EXPECT_EQ(subject(result, "picture"), Subject::House);
  EXPECT_EQ(subject(result, "fox_picture"), Subject::ArcticFox);
  EXPECT_EQ(subject(result, "tree_picture"), Subject::Tree);
  const at::Tensor untouched = output<Mask>(result, "soft").values().unsqueeze(1).eq(0);
  EXPECT_GT(untouched.to(at::kFloat).mean().item<float>(), 0.5f);
  const at::Tensor change = (picture(result, "fox_picture") - picture(result, "picture")).abs();
  EXPECT_EQ((change * untouched).max().item<float>(), 0);
}

TEST_F(ShippedModels, AMapDrawnByHandIsFollowedAndAnotherMapIsAnotherPicture) {
  const RunResult result = run("06-context-by-concatenation.json",
      {"map", "drawn", "at_night_picture", "at_sunset_picture", "drawn_night_picture"});
  for (const char* hour : {"at_night_picture", "at_sunset_picture"})
    EXPECT_GE(agreement(result, hour, "map"), 0.65) << hour;
  EXPECT_GE(agreement(result, "drawn_night_picture", "drawn"), 0.65);
  EXPECT_LT(agreement(result, "drawn_night_picture", "map"), 0.4);
  EXPECT_LT(agreement(result, "at_night_picture", "drawn"), 0.4);
}

}  // namespace
}  // namespace weft::test
