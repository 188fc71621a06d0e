// IP-Adapters of all kinds against diffusers' on a small U-Net (tests/reference/make_addition_golden.py).
#include "nodes/sd/adapters/ip_adapter_file.h"

#include <ATen/ATen.h>
#include <ATen/core/grad_mode.h>
#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/error.h"
#include "nodes/sd/files/model_error.h"
#include "tests/nodes/seeded_source.h"
#include "tests/nodes/small_models.h"

namespace weft::sd {
namespace {

using Projection = IPAdapterConfig::Projection;

UNetConfig wide_unet() {
  UNetConfig config = medium_model().unet;
  config.block_channels = {32, 64, 128, 128};
  config.context_dim = 768;
  return config;
}

IPAdapterConfig config_of(Projection projection) {
  IPAdapterConfig config{.projection = projection, .image_width = 48};
  config.widths = {32, 64, 128, 128, 128, 64, 64, 32, 32, 128};
  if (projection == Projection::Resampler) {
    config.tokens = 5;
    config.hidden = 128;
    config.depth = 4;
    config.heads = 2;
  }
  if (projection == Projection::Mlp) config.hidden = 96;
  if (projection == Projection::FullMlp) config.hidden = 48;
  return config;
}

TensorMap tensors_of(Projection projection) {
  const auto source = std::make_shared<SeededSource>();
  static_cast<void>(IPAdapter(config_of(projection), Weights(source)));
  return source->tensors();
}

class IPAdapters : public testing::Test {
 protected:
  std::shared_ptr<const IPAdapterFile> opened(const TensorMap& tensors, const UNetConfig& unet = wide_unet()) const {
    write_safetensors(folder_ / "ip.safetensors", tensors);
    return IPAdapterFile::open(folder_ / "ip.safetensors", unet);
  }
  std::string problem(const TensorMap& tensors, const UNetConfig& unet = wide_unet()) const {
    try {
      opened(tensors, unet);
    } catch (const ModelError& error) {
      return error.what();
    }
    return "";
  }

  Patch patch(Projection projection, IPAdapterUse use) const {
    const auto file = opened(tensors_of(projection));
    return ip_adapter_patch(
        "ip", [=](at::Device device, at::ScalarType dtype) { return file->on(device, dtype); }, wide_unet(),
        std::move(use));
  }

  at::Tensor forward(const Patch& patch, std::vector<std::int64_t> sides = {}) const {
    NetworkCall call;
    call.x = seeded_normal("added.x", {2, 4, 16, 8});
    call.timesteps = at::full({2}, 500.0);
    call.context = seeded_normal("added.context", {2, 7, 768});
    call.sides = std::move(sides);
    call.sigma = 2;
    call.patches = {std::make_shared<const Patch>(patch)};
    return unet_.forward(call);
  }

  void expect_as_in_diffusers(const std::string& name, Projection projection, const at::Tensor& mask = {}) const {
    const bool states = projection == Projection::Resampler || projection == Projection::FullMlp;
    const at::Tensor image = states ? seeded_normal("added.image", {2, 6, 48}) : seeded_normal("added.image", {2, 48});
    IPAdapterUse use{.positive = image, .negative = at::zeros_like(image), .weight = 0.7};
    use.mask = mask;
    const at::Tensor found = forward(patch(projection, use)).flatten().slice(0, 0, std::nullopt, 13);
    const at::Tensor expected = SafetensorsFile::open(golden("additions.safetensors")).tensor(name);
    EXPECT_LT(((found - expected).norm() / expected.norm()).item<double>(), 1e-5) << name;
  }

  const at::NoGradGuard no_grad_;
  const TemporaryFolder folder_;
  UNet unet_{wide_unet(), Weights(std::make_shared<SeededSource>())};
};

TEST_F(IPAdapters, OfAllKindsAgreeWithDiffusers) {
  expect_as_in_diffusers("ip_linear", Projection::Linear);
  expect_as_in_diffusers("ip_face", Projection::Mlp);
  expect_as_in_diffusers("ip_plus", Projection::Resampler);
  expect_as_in_diffusers("ip_full", Projection::FullMlp);
}

TEST_F(IPAdapters, CountWhereTheMaskSays) {
  at::Tensor mask = at::zeros({1, 16, 8});
  mask.slice(1, 3, 12).slice(2, 2, 7).fill_(1);
  expect_as_in_diffusers("ip_linear_masked", Projection::Linear, mask);
}

TEST_F(IPAdapters, TellEachSideItsOwnPicture) {
  const at::Tensor image = seeded_normal("image", {1, 48}), none = at::zeros({1, 48});
  const at::Tensor both = forward(patch(Projection::Linear, {.positive = image, .negative = none}), {1, 0});
  const at::Tensor positive = forward(patch(Projection::Linear, {.positive = image, .negative = image}));
  const at::Tensor negative = forward(patch(Projection::Linear, {.positive = none, .negative = none}));
  EXPECT_TRUE(both[0].allclose(negative[0], 1e-4, 1e-5)) << "the first part is the negative side's";
  EXPECT_TRUE(both[1].allclose(positive[1], 1e-4, 1e-5));
  EXPECT_FALSE(both[0].allclose(positive[0], 1e-2, 1e-2));
}

TEST_F(IPAdapters, CountInTheirRangeOfSigmas) {
  const at::Tensor image = seeded_normal("image", {1, 48});
  const at::Tensor plain = forward({.key = "none"});
  IPAdapterUse use{.positive = image, .negative = image};
  EXPECT_FALSE(forward(patch(Projection::Linear, use)).equal(plain));
  use.sigma_end = 3;
  EXPECT_TRUE(forward(patch(Projection::Linear, use)).equal(plain));
  use.sigma_end = 0;
  use.sigma_start = 1;
  EXPECT_TRUE(forward(patch(Projection::Linear, use)).equal(plain));
}

TEST(IPAdapterWeights, GoAlongTheUNetAsTheirTypeSays) {
  const auto share = [](const char* type, const char* name, std::size_t order) {
    return ip_weight_share(type, name, order, 16);
  };
  EXPECT_EQ(share("linear", "down_blocks.0", 3), 1);
  EXPECT_DOUBLE_EQ(share("ease in", "down_blocks.0", 4), 0.05 + 0.95 * 0.75);
  EXPECT_DOUBLE_EQ(share("ease out", "down_blocks.0", 4), 0.05 + 0.95 * 0.25);
  EXPECT_DOUBLE_EQ(share("ease in-out", "down_blocks.0", 4), 0.05 + 0.95 * 0.5);
  EXPECT_DOUBLE_EQ(share("reverse in-out", "up_blocks.0", 15), 0.05 + 0.95 * 0.875);
  EXPECT_EQ(share("weak input", "down_blocks.0", 3), 0.2);
  EXPECT_EQ(share("weak input", "up_blocks.0", 12), 1);
  EXPECT_EQ(share("weak middle", "mid_block.attentions.0", 6), 0.2);
  EXPECT_EQ(share("strong middle", "mid_block.attentions.0", 6), 1);
  EXPECT_EQ(share("strong middle", "up_blocks.0", 12), 0.2);
  for (const std::string& type : ip_weight_types()) EXPECT_LE(ip_weight_share(type, "up_blocks.0", 8, 16), 1) << type;
  EXPECT_THROW(share("none", "up_blocks.0", 3), std::invalid_argument);
}

// weights-on-disk's question 33: files of Stable Diffusion 1 number 16 attentions, those of the middle last.
TEST(IPAdapterNames, FollowDownUpMiddle) {
  const std::vector<std::string> names = attentions_to_context(UNetConfig());
  ASSERT_EQ(names.size(), 16u);
  EXPECT_EQ(names[5], "down_blocks.2.attentions.1.transformer_blocks.0.attn2") << "number 11";
  EXPECT_EQ(names[6], "up_blocks.1.attentions.0.transformer_blocks.0.attn2") << "number 13";
  EXPECT_EQ(names[15], "mid_block.attentions.0.transformer_blocks.0.attn2") << "number 31";
}

TEST_F(IPAdapters, OfOtherModelsAndKindsAreRefused) {
  const TensorMap linear = tensors_of(Projection::Linear);
  UNetConfig other = wide_unet();
  other.context_dim = 1024;
  EXPECT_THAT(problem(linear, other), testing::HasSubstr("made for another kind of model"));
  TensorMap less = linear;
  less.erase("ip_adapter.19.to_k_ip.weight");
  EXPECT_THAT(problem(less), testing::HasSubstr("for 9 attentions"));
  less = linear;
  less.erase("ip_adapter.3.to_v_ip.weight");
  EXPECT_THAT(problem(less), testing::HasSubstr("ip_adapter.3.to_v_ip.weight"));
  EXPECT_THAT(problem({{"conv_in.weight", at::zeros({1})}}), testing::HasSubstr("is no IP-Adapter that is known"));
  EXPECT_THAT(problem({{"image_proj.perceiver_resampler.proj_in.weight", at::zeros({1, 1})}}),
      testing::HasSubstr("FaceID Plus"));
  const auto file = opened(linear);
  EXPECT_THROW(file->on(at::kCPU, at::kFloat)->tokens(at::zeros({1, 47})), NodeError);
  EXPECT_THROW(file->on(at::kCPU, at::kFloat)->tokens(at::zeros({1, 3, 48})), NodeError);
}

}  // namespace
}  // namespace weft::sd
