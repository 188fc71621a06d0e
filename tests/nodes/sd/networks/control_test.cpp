// Control residuals come where diffusers' UNet2DConditionModel adds them: to each skip once all skips are made, and to what
// the middle gives. The expected result is a small U-Net written out by hand, layer after layer.
#include <ATen/ATen.h>
#include <ATen/core/grad_mode.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/error.h"
#include "nodes/sd/networks/unet.h"
#include "tests/nodes/seeded_source.h"

namespace weft::sd {
namespace {

// Two levels of one layer, without attention and without layers in the middle.
const UNetConfig kConfig{.block_channels = {16, 32},
    .layers_per_block = 1,
    .depths = AttentionDepths::by_level({0, 0}, 1, 0),
    .context_dim = 8,
    .norm_groups = 8,
    .middle = MiddleBlock::None};

class Control : public testing::Test {
 protected:
  const at::NoGradGuard no_grad_;
  Weights weights_{std::make_shared<SeededSource>()};
  UNet unet_{kConfig, weights_};
  NetworkCall call_{.x = seeded_normal("x", {2, 4, 8, 6}),
      .timesteps = at::tensor({3, 987}),
      .context = seeded_normal("y", {2, 5, 8})};
  ControlResiduals control_{.down = {seeded_normal("a", {2, 16, 8, 6}), seeded_normal("b", {2, 16, 8, 6}),
                                seeded_normal("c", {2, 16, 4, 3}), seeded_normal("d", {2, 32, 4, 3})},
      .mid = seeded_normal("m", {2, 32, 4, 3})};

  ResnetBlock resnet(const Weights& place, std::int64_t in, std::int64_t out) const {
    return {place, in, out, {.groups = 8, .time_width = 64}};
  }

  at::Tensor by_hand(const ControlResiduals& control) const {
    const Linear time1(weights_ / "time_embedding" / "linear_1", 16, 64);
    const Linear time2(weights_ / "time_embedding" / "linear_2", 64, 64);
    const at::Tensor time = at::silu(time2(at::silu(time1(timestep_embedding(call_.timesteps, 16)))));
    const Weights down = weights_ / "down_blocks", up = weights_ / "up_blocks";

    const at::Tensor a = Conv2d(weights_ / "conv_in", 4, 16)(call_.x);
    const at::Tensor b = resnet(down / 0 / "resnets" / 0, 16, 16)(a, time);
    const at::Tensor c = Conv2d(down / 0 / "downsamplers" / 0 / "conv", 16, 16, {.stride = 2})(b);
    const at::Tensor d = resnet(down / 1 / "resnets" / 0, 16, 32)(c, time);
    at::Tensor h = d + control.mid;
    h = resnet(up / 0 / "resnets" / 0, 64, 32)(at::cat({h, d + control.down[3]}, 1), time);
    h = resnet(up / 0 / "resnets" / 1, 48, 32)(at::cat({h, c + control.down[2]}, 1), time);
    h = DoublingConv2d(up / 0 / "upsamplers" / 0 / "conv", 32, 32)(h);
    h = resnet(up / 1 / "resnets" / 0, 48, 16)(at::cat({h, b + control.down[1]}, 1), time);
    h = resnet(up / 1 / "resnets" / 1, 32, 16)(at::cat({h, a + control.down[0]}, 1), time);
    return Conv2d(weights_ / "conv_out", 16, 4)(GroupNorm(weights_ / "conv_norm_out", 8, 16, 1e-5).silu(h));
  }
};

TEST_F(Control, IsAddedToSkipsAndMiddle) {
  const at::Tensor plain = unet_.forward(call_), expected = by_hand(control_);
  call_.control = control_;
  const at::Tensor found = unet_.forward(call_);
  EXPECT_LE((found - expected).abs().max().item<double>(), 1e-5);
  EXPECT_GT((found - plain).abs().max().item<double>(), 1e-2);
}

TEST_F(Control, OfZerosChangesNothing) {
  const at::Tensor plain = unet_.forward(call_);
  call_.control.mid = at::zeros_like(control_.mid);
  for (const at::Tensor& residual : control_.down) call_.control.down.push_back(at::zeros_like(residual));
  EXPECT_TRUE(unet_.forward(call_).equal(plain));
}

TEST_F(Control, OfAnotherNetworkIsRefused) {
  call_.control.down = {control_.down[0]};
  try {
    unet_.forward(call_);
    FAIL();
  } catch (const NodeError& error) {
    EXPECT_THAT(error.what(), testing::HasSubstr("has 1 residuals, the U-Net 4 skips"));
  }
}

}  // namespace
}  // namespace weft::sd
