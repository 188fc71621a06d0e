#include "training/judge.h"

#include <gtest/gtest.h>
#include <torch/torch.h>

#include "training/renderer.h"
#include "training/unet_training.h"
#include "training/vae_training.h"

namespace weft::paper_cut {
namespace {

TEST(Judge, IsRightAboutRendersOfHeldOutScenes) {
  const Judge judge = Judge::open(std::filesystem::path(WEFT_SOURCE_DIR) / "training/judge.safetensors");
  std::vector<Scene> scenes = held_out_scenes(150);
  std::vector<at::Tensor> pictures;
  for (std::size_t i = 0; i < scenes.size(); ++i) pictures.push_back(picture_tensor(render(scenes[i], 900 + i)));
  const auto tallies = tally(scenes, judge.read(at::stack(pictures)));
  for (std::size_t a = 0; a < kAttributes; ++a) EXPECT_GE(tallies[a].share(), 0.98) << kAttributeNames[a];
}

TEST(Tally, CountsStatedAttributesOnly) {
  const Scene said{Time::Day, Light::None, Ground::Sea, Subject::None, Color::None, Place::None};
  const Scene read{Time::Day, Light::Left, Ground::Snow, Subject::Tree, Color::Red, Place::Left};
  const auto tallies = tally({said}, {read});
  EXPECT_EQ(tallies[0].right, 1);  // time
  EXPECT_EQ(tallies[2].right, 0);  // ground
  EXPECT_EQ(tallies[2].of, 1);
  for (const std::size_t unsaid : {1, 3, 4, 5}) EXPECT_EQ(tallies[unsaid].of, 0) << kAttributeNames[unsaid];
}

}  // namespace
}  // namespace weft::paper_cut
