// The model in models/checkpoints/paper-cut, as it is shipped: read by the same code that reads every other
// checkpoint.
#include <gtest/gtest.h>
#include <torch/torch.h>

#include <filesystem>

#include "nodes/sd/families/checkpoint.h"
#include "nodes/sd/values/latent_preview.h"
#include "training/judge.h"
#include "training/paper_cut_model.h"
#include "training/renderer.h"
#include "training/unet_training.h"
#include "training/vae_training.h"

namespace weft::paper_cut {
namespace {

const std::filesystem::path kModels = std::filesystem::path(WEFT_SOURCE_DIR) / "models";

TEST(EmbeddedModel, IsAtMostTwentyMegabytes) {
  uintmax_t size = 0;
  for (const auto& entry : std::filesystem::recursive_directory_iterator(kModels / "checkpoints/paper-cut")) {
    if (entry.is_regular_file()) size += entry.file_size();
  }
  EXPECT_GT(size, 1'000'000u);
  EXPECT_LE(size, 20'000'000u);
}

TEST(EmbeddedModel, HasTheSizesThatItWasTrainedWithAndNothingElse) {
  const sd::Checkpoint model = sd::Checkpoint::open(kModels / "checkpoints/paper-cut");
  EXPECT_EQ(model.unet_config().block_channels, unet_config().block_channels);
  EXPECT_EQ(model.unet_config().depths, unet_config().depths);
  EXPECT_EQ(model.unet_config().heads, unet_config().heads);
  EXPECT_EQ(model.unet_config().norm_groups, unet_config().norm_groups);
  EXPECT_EQ(model.vae_config().block_channels, vae_config().block_channels);
  EXPECT_EQ(model.vae_config().norm_groups, vae_config().norm_groups);
  EXPECT_EQ(model.text_encoder_config().eos_id, vocabulary().end_id());
  EXPECT_EQ(model.unused(), std::vector<std::string>());
}

TEST(EmbeddedModel, GivesUnseenRendersBackAtThirtyDecibels) {
  at::NoGradGuard no_grad;
  const sd::Checkpoint model = sd::Checkpoint::open(kModels / "checkpoints/paper-cut");
  const at::Tensor pictures = draw_pictures(24, 4711, /*held_out_scenes=*/true);
  const at::Tensor latents = model.vae_encoder(at::kCPU, at::kFloat).encode(pictures);
  const at::Tensor found = model.vae_decoder(at::kCPU, at::kFloat).decode(latents).clamp(-1, 1);
  EXPECT_GE(psnr(found, pictures), 30);
}

TEST(EmbeddedModel, LooksLikeItsPicturesInPreviewsOfItsLatents) {
  at::NoGradGuard no_grad;
  const sd::Checkpoint model = sd::Checkpoint::open(kModels / "checkpoints/paper-cut");
  const auto encoder = model.vae_encoder(at::kCPU, at::kFloat);
  for (const at::Tensor& picture : draw_pictures(8, 4712, /*held_out_scenes=*/true).split(1)) {
    const auto off = [&, latent = encoder.encode(picture)](const sd::PreviewColours& colours) {
      const auto preview = sd::latent_preview(latent, colours);
      const at::Tensor shown =
          torch::tensor(preview.rgb).view({16, 16, 3}).permute({2, 0, 1}).to(at::kFloat) / 127.5 - 1;
      return psnr(shown, at::avg_pool2d(picture, {8, 8})[0]);
    };
    EXPECT_GT(off(model.latent_space().colours), 17);
    EXPECT_LT(off(sd::LatentSpace().colours), 17) << "another model's colours";
  }
}

TEST(EmbeddedModel, ShowsWhatHeldOutCaptionsSay) {
  const PaperCutModel model = PaperCutModel::open(kModels / "checkpoints/paper-cut");
  const Judge judge = Judge::open(std::filesystem::path(WEFT_SOURCE_DIR) / "training/judge.safetensors");
  const auto scenes = held_out_scenes(16);
  const auto tallies = tally(scenes, judge.read(model.draw(captions_of(scenes), {.steps = 12})));
  Tally all;
  for (const Tally& t : tallies) {
    all.right += t.right;
    all.of += t.of;
  }
  EXPECT_GE(all.share(), 0.7) << all.right << " of " << all.of;
}

}  // namespace
}  // namespace weft::paper_cut
