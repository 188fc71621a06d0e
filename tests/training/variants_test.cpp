// Labels, inpainting and segmentation maps with the models as they are shipped. What is measured on hundreds
// of pictures (models/README.md) is looked at here on a few.
#include <gtest/gtest.h>
#include <torch/torch.h>

#include <cmath>
#include <filesystem>

#include "nodes/sd/families/checkpoint.h"
#include "training/held_out_renders.h"
#include "training/variant_evaluation.h"
#include "training/variant_training.h"

namespace weft::paper_cut {
namespace {

const std::filesystem::path kModels = std::filesystem::path(WEFT_SOURCE_DIR) / "models";
const std::filesystem::path kModel = kModels / "checkpoints/paper-cut";
const std::filesystem::path kInpainting = kModels / "diffusion_models/paper-cut-inpainting";
const std::filesystem::path kSegmentation = kModels / "diffusion_models/paper-cut-segmentation";

Judge judge() { return Judge::open(std::filesystem::path(WEFT_SOURCE_DIR) / "training/judge.safetensors"); }
Segmenter segmenter() {
  return Segmenter::open(std::filesystem::path(WEFT_SOURCE_DIR) / "training/segmenter.safetensors");
}

constexpr std::int64_t kSteps = 12;

TEST(ShippedModels, AreTogetherAtMost48Megabytes) {
  uintmax_t size = 0;
  for (const char* folder :
      {"checkpoints/paper-cut", "diffusion_models/paper-cut-inpainting", "diffusion_models/paper-cut-segmentation"}) {
    for (const auto& entry : std::filesystem::recursive_directory_iterator(kModels / folder)) {
      if (entry.is_regular_file()) size += entry.file_size();
    }
  }
  EXPECT_GT(size, 40'000'000u);
  EXPECT_LE(size, 48'000'000u);
}

TEST(ShippedModels, HaveTheSizesThatTheyWereTrainedWithAndNothingElse) {
  for (const auto& [folder, kind] : {std::pair{kInpainting, Concat::MaskedPicture}, {kSegmentation, Concat::Map}}) {
    const sd::Checkpoint unet = sd::Checkpoint::open_unet(folder);
    EXPECT_EQ(unet.unet_config().in_channels, concat_unet_config(kind).in_channels);
    EXPECT_EQ(unet.unet_config().heads, concat_unet_config(kind).heads);
    EXPECT_EQ(unet.latent_space(), sd::Checkpoint::open(kModel).latent_space());
    EXPECT_EQ(unet.unused(), std::vector<std::string>());
  }
}

// ---- labels ----

TEST(Labels, AreSixSubjectsAndNone) {
  const auto labels = sd::Checkpoint::open(kModel).label_encoder();
  ASSERT_NE(labels, nullptr);
  EXPECT_EQ(labels->names(), label_names());
  EXPECT_EQ(labels->tokens(), kLabelTokens);
  EXPECT_EQ(labels->find("Arctic Fox"), label_of_scene({.subject = Subject::ArcticFox}));
  EXPECT_EQ(labels->unconditional(), labels->classes() - 1);
}

TEST(Labels, ShowTheirSubjects) {
  const Measured measured = measure_labels(kModel, judge(), 4, {.steps = kSteps});
  EXPECT_GE(measured.report["all"]["share"].get<double>(), 0.85) << measured.report.dump(1);
}

// ---- inpainting ----

TEST(Inpainting, PaintsWhatTheTextAsksForAndNothingOutsideTheMask) {
  const Measured measured = measure_inpainting(kModel, kInpainting, judge(), 16, {.steps = kSteps});
  const nlohmann::json& report = measured.report;
  EXPECT_GE(report["all_that_was_asked"]["share"].get<double>(), 0.75) << report.dump(1);
  EXPECT_GE(report["outside_the_mask"]["psnr"].get<double>(), 28);
  EXPECT_EQ(report["outside_the_mask"]["mean_difference_after_compositing"].get<double>(), 0);
}

TEST(Inpainting, FollowsWhatIsAroundTheMask) {
  const at::NoGradGuard no_grad;
  const PaperCutModel model = PaperCutModel::open(kModel, kInpainting);
  const auto encoder = sd::Checkpoint::open(kModel).vae_encoder(at::kCPU, at::kFloat);
  const Renders renders =
      renders_of({{.time = Time::Day, .ground = Ground::Hills}, {.time = Time::Night, .ground = Ground::Hills}});
  at::Tensor masks = at::zeros({2, 1, 128, 128});
  masks.narrow(2, 92, 36).fill_(1);
  // Without a text and from noise alone: all that is known of the picture comes by concatenation.
  sd::ConditioningEntry around{.context = model.encode({""}), .concat_mask = masks};
  around.concat_latent = encoder.encode(without_masked(renders.pictures, masks));
  const auto brightness_of_the_ground = [&] {
    return model.draw({.positive = around, .negative = around, .latent = empty_latents(2)}, {.steps = kSteps, .cfg = 1})
        .narrow(2, 96, 32)
        .mean({1, 2, 3});
  };
  const at::Tensor seen = brightness_of_the_ground();
  EXPECT_GT(seen[0].item<float>(), seen[1].item<float>() + 0.2) << "by day it is brighter";
  around.concat_latent = around.concat_latent.flip(0);
  const at::Tensor swapped = brightness_of_the_ground();
  EXPECT_LT(swapped[0].item<float>(), swapped[1].item<float>() - 0.2) << "the same noise, the other hour";
}

// ---- segmentation maps ----

TEST(SegmentationMaps, AreFollowed) {
  const Measured measured =
      measure_segmentation(kModel, kSegmentation, segmenter(), judge(), 16, {.steps = kSteps, .cfg = 3});
  EXPECT_GE(measured.report["with_full_caption"]["mean_of_each_map"].get<double>(), 0.7) << measured.report.dump(1);
}

TEST(SegmentationMaps, DecideAboutThePictureWhetherSwappedOrTakenAway) {
  const at::NoGradGuard no_grad;
  const PaperCutModel model = PaperCutModel::open(kModel, kSegmentation);
  const Segmenter segmenter = paper_cut::segmenter();
  const Renders renders =
      renders_of({{.ground = Ground::Sea, .subject = Subject::Boat, .color = Color::Red, .place = Place::Left},
          {.ground = Ground::Desert, .subject = Subject::Fox, .place = Place::Right}});
  const at::Tensor maps = at::stack({map_of(renders.labels[0]), map_of(renders.labels[1])});
  // How well each of the two pictures agrees with each of the two maps.
  const auto agreement = [&](const at::Tensor& shown) {
    const sd::ConditioningEntry entry{.context = model.encode({""}), .concat_map = shown};
    const at::Tensor found = segmenter.read(
        model.draw({.positive = entry, .negative = entry, .latent = empty_latents(2)}, {.steps = kSteps, .cfg = 1}));
    std::array<std::array<double, 2>, 2> result;
    for (std::size_t picture : {0, 1}) {
      for (std::size_t map : {0, 1}) {
        Overlap overlap;
        overlap.add(renders.labels[std::int64_t(map)], found[std::int64_t(picture)]);
        result[picture][map] = overlap.mean();
      }
    }
    return result;
  };
  const auto given = agreement(maps), swapped = agreement(maps.flip(0)), none = agreement(at::zeros_like(maps));
  for (const std::size_t i : {0, 1}) {
    EXPECT_GT(given[i][i], 0.6);
    EXPECT_LT(given[i][1 - i], 0.4);
    EXPECT_GT(swapped[i][1 - i], 0.6);
    EXPECT_LT(none[i][i], given[i][i] - 0.15);
  }
}

// ---- who measures maps ----

TEST(Segmenter, IsRightAboutHeldOutRenders) {
  const auto report = measure_segmenter(kModel, segmenter(), 60);
  EXPECT_GE(report["renders"]["mean_iou"].get<double>(), 0.85) << report.dump(1);
}

TEST(Overlap, IsIntersectionOverUnionOfEachClass) {
  const at::Tensor asked = torch::tensor({0, 0, 1, 1}, at::kLong), found = torch::tensor({0, 1, 1, 2}, at::kLong);
  Overlap overlap;
  overlap.add(asked, found);
  EXPECT_DOUBLE_EQ(overlap.of(0), 1.0 / 2);
  EXPECT_DOUBLE_EQ(overlap.of(1), 1.0 / 3);
  EXPECT_DOUBLE_EQ(overlap.of(2), 0);
  EXPECT_TRUE(std::isnan(overlap.of(3)));
  EXPECT_DOUBLE_EQ(overlap.mean(), (1.0 / 2 + 1.0 / 3) / 2) << "over the classes that were asked for";
}

}  // namespace
}  // namespace weft::paper_cut
