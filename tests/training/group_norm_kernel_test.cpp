#include "training/group_norm_kernel.h"

#include <ATen/ops/native_group_norm_backward_native.h>
#include <gtest/gtest.h>
#include <torch/torch.h>

namespace weft::paper_cut {
namespace {

void expect_same_gradients_as_libtorch(at::ScalarType type, double tolerance) {
  ASSERT_TRUE(group_norm_kernel_is_here());
  torch::manual_seed(1);
  const std::int64_t n = 2, channels = 24, groups = 4, pixels = 9 * 7;
  const auto picture = [&] {
    return at::randn({n, channels, 9, 7}).to(type).contiguous(at::MemoryFormat::ChannelsLast);
  };
  const at::Tensor x = picture(), dy = picture(), weight = at::randn({channels}), bias = at::randn({channels});
  const auto [y, mean, rstd] = at::native_group_norm(x, weight, bias, n, channels, pixels, groups, 1e-5);
  const auto expected = at::native::native_group_norm_backward(
      dy, x, mean, rstd, weight, n, channels, pixels, groups, {true, true, true});
  const auto found =
      at::native_group_norm_backward(dy, x, mean, rstd, weight, n, channels, pixels, groups, {true, true, true});
  EXPECT_TRUE(
      at::allclose(std::get<0>(found).to(at::kFloat), std::get<0>(expected).to(at::kFloat), tolerance, tolerance));
  EXPECT_TRUE(at::allclose(std::get<1>(found), std::get<1>(expected), 1e-3, 1e-3));
  EXPECT_TRUE(at::allclose(std::get<2>(found), std::get<2>(expected), 1e-3, 1e-3));
}

TEST(GroupNormKernel, GivesLibtorchsGradientsInFloat32) { expect_same_gradients_as_libtorch(at::kFloat, 1e-5); }
TEST(GroupNormKernel, GivesLibtorchsGradientsInBfloat16) { expect_same_gradients_as_libtorch(at::kBFloat16, 2e-2); }

}  // namespace
}  // namespace weft::paper_cut
