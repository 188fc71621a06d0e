#include "nodes/sd/networks/layers.h"

#include <ATen/ATen.h>
#include <ATen/CPUGeneratorImpl.h>
#include <c10/core/InferenceMode.h>
#include <gtest/gtest.h>

#include <limits>
#include <string>
#include <tuple>

#include "nodes/sd/tensors/group_norm.h"
#include "tests/nodes/seeded_source.h"

namespace weft::sd {
namespace {

constexpr double kFloat32 = 1e-6;
constexpr double kBfloat16 = 4e-3;  // half a unit in the last place of what is stored
constexpr double kEps = 1e-5;

at::Tensor image(at::IntArrayRef shape, at::ScalarType type) {
  return (at::randn(shape, at::make_generator<at::CPUGeneratorImpl>(5), at::kFloat) * 2 + 3)
      .to(type)
      .contiguous(at::MemoryFormat::ChannelsLast);
}

double relative_error(const at::Tensor& found, const at::Tensor& expected) {
  EXPECT_EQ(found.sizes(), expected.sizes());
  return ((found.to(at::kDouble) - expected).norm() / expected.norm()).item<double>();
}

/// By the definition, in double precision.
at::Tensor group_norm(const at::Tensor& x, std::int64_t groups, const at::Tensor& weight, const at::Tensor& bias) {
  const at::Tensor grouped = x.to(at::kDouble).contiguous().view({x.size(0), groups, -1});
  const at::Tensor centred = grouped - grouped.mean(-1, true);
  const at::Tensor normed = centred / (centred.square().mean(-1, true) + kEps).sqrt();
  const auto by_channel = [](const at::Tensor& values) { return values.to(at::kDouble).view({1, -1, 1, 1}); };
  return normed.view(x.sizes()) * by_channel(weight) + by_channel(bias);
}

/// The kernel with this processor's AVX-512, if it has that, and the same in plain C++.
class FusedGroupNorm : public testing::TestWithParam<std::tuple<at::ScalarType, bool>> {
 protected:
  void SetUp() override {
    const at::Tensor x = image({1, 16, 1, 1}, type());
    if (!fits(x, x)) GTEST_SKIP() << "this processor has no AVX-512";
  }

  static at::ScalarType type() { return std::get<0>(GetParam()); }
  static bool native() { return std::get<1>(GetParam()); }
  static bool fits(const at::Tensor& x, const at::Tensor& weight) {
    return (native() ? fits_fused_group_norm : fits_portable_group_norm)(x, weight);
  }
  static at::Tensor fused_group_norm(const at::Tensor& x, std::int64_t groups, const at::Tensor& weight,
      const at::Tensor& bias, double eps, AfterNorm after) {
    return (native() ? sd::fused_group_norm : portable_group_norm)(x, groups, weight, bias, eps, after);
  }
};

TEST_P(FusedGroupNorm, NormalisesEachGroupForAnyNumberOfItemsPixelsAndChannels) {
  const double most = type() == at::kFloat ? kFloat32 : kBfloat16;
  for (const auto& [channels, groups] : {std::pair{32, 32}, {320, 32}, {96, 8}, {48, 1}})
    for (const auto& [height, width] : {std::pair{2, 1}, {7, 5}, {64, 64}, {65, 33}}) {
      if (channels / groups * height * width < 4) continue;  // hardly a variance
      const at::Tensor x = image({2, channels, height, width}, type()),
                       weight = seeded_normal("weight", {channels}).to(type()),
                       bias = seeded_normal("bias", {channels}).to(type()),
                       expected = group_norm(x, groups, weight, bias);
      const auto found = [&](AfterNorm after) { return fused_group_norm(x, groups, weight, bias, kEps, after); };
      EXPECT_LT(relative_error(found(AfterNorm::Nothing), expected), most) << x.sizes();
      EXPECT_LT(relative_error(found(AfterNorm::Silu), at::silu(expected)), most) << x.sizes();
    }
}

TEST_P(FusedGroupNorm, StaysFiniteWhereSiluSaturatesAndPassesNanOn) {
  at::Tensor x = image({1, 16, 4, 4}, type());
  const at::Tensor one = at::ones({16}).to(type());
  const at::Tensor far = fused_group_norm(x, 16, one * 1e4, one, kEps, AfterNorm::Silu);
  EXPECT_TRUE(far.isfinite().all().item<bool>());
  EXPECT_GE(far.min().item<float>(), -0.3f);  // the least value of silu is -0.278
  x[0][3][2][1] = std::numeric_limits<float>::quiet_NaN();
  const at::Tensor spoilt = fused_group_norm(x, 16, one, one, kEps, AfterNorm::Silu);
  EXPECT_TRUE(spoilt[0][3].isnan().all().item<bool>());
  EXPECT_FALSE(spoilt[0][2].isnan().any().item<bool>());
}

TEST_P(FusedGroupNorm, LeavesToLibtorchWhatItDoesNotTake) {
  const at::Tensor weight = at::ones({16}).to(type());
  EXPECT_FALSE(fits(image({1, 16, 4, 4}, type()).contiguous(), weight)) << "channels first";
  EXPECT_FALSE(fits(image({1, 24, 4, 4}, type()), at::ones({24}).to(type())));
  EXPECT_FALSE(fits(image({1, 16, 4, 4}, type()).set_requires_grad(true), weight));
  EXPECT_FALSE(fits(image({1, 16, 4, 4}, type()), weight.to(at::kHalf)));
}

INSTANTIATE_TEST_SUITE_P(Types, FusedGroupNorm,
    testing::Combine(testing::Values(at::kFloat, at::kBFloat16), testing::Bool()), [](const auto& test) {
      return std::string(std::get<0>(test.param) == at::kFloat ? "Float32" : "Bfloat16") +
          (std::get<1>(test.param) ? "WithAvx512" : "InPlainCode");
    });

TEST(DoublingConv2d, EqualsTheConvolutionOfTheDoubledImage) {
  const c10::InferenceMode inference;
  const Weights weights(std::make_shared<SeededSource>());
  const Conv2d conv(weights / "conv", 32, 48);
  const DoublingConv2d doubling(weights / "conv", 32, 48);
  const at::Tensor x = image({2, 32, 5, 7}, at::kFloat);
  const auto doubled = [&](std::int64_t height, std::int64_t width) {
    return conv(at::upsample_nearest2d(x, {height, width}));
  };
  EXPECT_LT(relative_error(doubling(x), doubled(10, 14).to(at::kDouble)), kFloat32);
  EXPECT_LT(relative_error(doubling(x, 9, 13), doubled(9, 13).to(at::kDouble)), kFloat32) << "one less than double";
}

TEST(DoublingConv2d, PassesGradientsOnWhereWeightsAskForThem) {
  const auto source = std::make_shared<ParameterSource>(3);
  const DoublingConv2d doubling(Weights(source), 4, 4);
  doubling(image({1, 4, 3, 3}, at::kFloat)).square().sum().backward();
  ASSERT_EQ(source->parameters().size(), 2);
  for (const auto& [name, tensor] : source->parameters()) EXPECT_GT(tensor.grad().norm().item<float>(), 0) << name;
}

}  // namespace
}  // namespace weft::sd
