#include "nodes/sd/pictures/masks.h"

#include <gtest/gtest.h>
#include <torch/torch.h>

namespace weft::sd {
namespace {

TEST(GrowMask, WidensByHalfTheSizeToEachSide) {
  at::Tensor mask = at::zeros({1, 9, 9});
  mask[0][4][4] = 0.7;
  at::Tensor odd = at::zeros({1, 9, 9});
  odd[0].slice(0, 2, 7).slice(1, 2, 7).fill_(1);
  EXPECT_TRUE(at::equal(grow_mask(mask, 5), odd));
  EXPECT_EQ(grow_mask(mask, 6).sizes(), mask.sizes());
  EXPECT_EQ(grow_mask(mask, 6).sum().item<float>(), 36);
  EXPECT_EQ(grow_mask(mask, 0).sum().item<float>(), 1);
}

TEST(BlankMasked, MakesGreyWhatIsCovered) {
  at::Tensor mask = at::zeros({1, 8, 8});
  mask[0].slice(0, 4).fill_(1);
  const at::Tensor blank = blank_masked(at::ones({2, 4, 4, 3}), mask);
  EXPECT_EQ(blank[1][0][0][0].item<float>(), 1);
  EXPECT_EQ(blank[1][3][3][2].item<float>(), 0.5);
}

TEST(PadForOutpainting, AddsGreyAndFeathersTowardsIt) {
  const PaddedImage padded = pad_for_outpainting(at::ones({1, 16, 16, 3}), {.right = 8}, 4);
  EXPECT_EQ(padded.image.sizes(), (std::vector<std::int64_t>{1, 16, 24, 3}));
  EXPECT_EQ(padded.image[0][0][20][0].item<float>(), 0.5);
  const at::Tensor row = padded.mask[0][0];
  EXPECT_EQ(row[16].item<float>(), 1);
  EXPECT_FLOAT_EQ(row[15].item<float>(), 9 / 16.0f);  // 1 pixel from the border: ((4 - 1) / 4)^2
  EXPECT_FLOAT_EQ(row[13].item<float>(), 1 / 16.0f);
  EXPECT_EQ(row[12].item<float>(), 0);
  EXPECT_EQ(row[0].item<float>(), 0);
}

TEST(PadForOutpainting, DoesNotFeatherWhatIsTooSmall) {
  EXPECT_EQ(pad_for_outpainting(at::ones({1, 8, 8, 3}), {.left = 4}, 4).mask.sum().item<float>(), 4 * 8);
}

TEST(CompositeLatents, LaysOneInAndCutsWhatIsOutside) {
  const at::Tensor found = composite_latents(at::zeros({1, 4, 8, 8}), at::ones({1, 4, 4, 4}), 6, 2, 0);
  EXPECT_EQ(found[0][0].sum().item<float>(), 8);
  EXPECT_EQ(found[0][0][2][6].item<float>(), 1);
  EXPECT_EQ(composite_latents(at::zeros({1, 4, 8, 8}), at::ones({1, 4, 4, 4}), 8, 0, 0).sum().item<float>(), 0);
}

TEST(CompositeLatents, FadesInnerEdgesOnly) {
  const at::Tensor row = composite_latents(at::zeros({1, 4, 4, 8}), at::ones({1, 4, 4, 4}), 0, 0, 2)[0][0][0];
  EXPECT_TRUE(at::allclose(row, at::tensor({1.f, 1.f, 1.f, 0.5f, 0.f, 0.f, 0.f, 0.f})));
}

}  // namespace
}  // namespace weft::sd
