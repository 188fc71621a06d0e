// The networks against diffusers and transformers: tests/reference/make_network_golden.py wrote the golden
// files.
#include <ATen/ATen.h>
#include <ATen/core/grad_mode.h>
#include <gtest/gtest.h>

#include "base/error.h"
#include "nodes/sd/families/checkpoint.h"
#include "nodes/sd/files/safetensors.h"
#include "tests/nodes/seeded_source.h"
#include "tests/nodes/small_models.h"

namespace weft::sd {
namespace {

double relative_error(const at::Tensor& found, const at::Tensor& expected) {
  EXPECT_EQ(found.sizes(), expected.sizes());
  return ((found - expected).norm() / expected.norm()).item<double>();
}

at::Tensor token_ids(const TextEncoderConfig& config) {
  const std::int64_t end = config.eos_id, start = end - 1, length = config.max_positions;
  const at::Tensor ids = at::full({2, length}, end, at::kLong);
  for (std::int64_t row = 0; row < 2; ++row) {
    ids[row][0] = start;
    const std::int64_t words = row == 0 ? 5 : length - 2;
    for (std::int64_t i = 0; i < words; ++i) ids[row][1 + i] = (7 * i + 3) % (start - 1);
  }
  return ids;
}

struct ReferenceCase {
  SmallModel model;
  std::vector<std::int64_t> x, image, latent;
};

ReferenceCase small_case() { return {small_model(), {2, 9, 7, 10}, {1, 3, 24, 32}, {1, 4, 6, 8}}; }
ReferenceCase medium_case() { return {medium_model(), {2, 4, 17, 16}, {1, 3, 64, 48}, {1, 4, 8, 6}}; }

class NetworksGolden : public testing::TestWithParam<std::tuple<const char*, const char*>> {};

TEST_P(NetworksGolden, AgreeWithDiffusersInBothLayouts) {
  const auto [size, layout] = GetParam();
  const ReferenceCase given = size == std::string("small") ? small_case() : medium_case();
  const TemporaryFolder folder;
  const auto path = folder / (layout == std::string("folder") ? "model" : "model.safetensors");
  if (layout == std::string("folder")) {
    write_folder(path, given.model);
  } else {
    write_single_file(path, given.model);
  }
  const Checkpoint checkpoint = Checkpoint::open(path);
  EXPECT_TRUE(checkpoint.unused().empty()) << checkpoint.unused().front();
  const auto golden_file = SafetensorsFile::open(golden(std::string("networks_") + size + ".safetensors"));
  const auto expected = [&](const char* name) { return golden_file.tensor(name); };

  at::NoGradGuard no_grad;
  const UNet unet = checkpoint.unet(at::kCPU, at::kFloat);
  const at::Tensor noise = unet.forward({.x = seeded_normal("input.unet.x", given.x),
      .timesteps = at::tensor({3, 987}),
      .context = seeded_normal("input.unet.context", {2, 77, given.model.unet.context_dim})});
  EXPECT_LT(relative_error(noise, expected("unet")), 1e-5);

  const at::Tensor image = seeded_normal("input.vae.image", given.image).clamp(-1, 1);
  const at::Tensor moments = checkpoint.vae_encoder(at::kCPU, at::kFloat).encode_moments(image);
  EXPECT_LT(relative_error(moments, expected("vae.moments")), 1e-5);
  const at::Tensor latent = seeded_normal("input.vae.latent", given.latent);
  const at::Tensor decoded = checkpoint.vae_decoder(at::kCPU, at::kFloat).decode(latent);
  EXPECT_LT(relative_error(decoded, expected("vae.decoded")), 1e-5);

  const TextEncoder text = checkpoint.text_encoder(at::kCPU, at::kFloat);
  const at::Tensor ids = token_ids(text.config());
  EXPECT_LT(relative_error(text.forward(ids).hidden, expected("text.hidden")), 1e-5);
  EXPECT_LT(relative_error(text.forward(ids, 2).hidden, expected("text.skip2")), 1e-5);
  EXPECT_LT(relative_error(text.forward(ids).pooled, expected("text.pooled")), 1e-5);
}

INSTANTIATE_TEST_SUITE_P(Sizes, NetworksGolden,
    testing::Combine(testing::Values("small", "medium"), testing::Values("single", "folder")),
    [](const auto& info) { return std::string(std::get<0>(info.param)) + "_" + std::get<1>(info.param); });

TEST(UNet, InBfloat16IsCloseToFloat32) {
  const SmallModel model = medium_model();
  const TensorMap tensors = tensors_of(model).unet;
  const auto run = [&](at::ScalarType dtype) {
    at::NoGradGuard no_grad;
    const UNet unet(model.unet, Weights(std::make_shared<TensorMapSource>(tensors, "test", dtype)));
    return unet.forward({.x = seeded_normal("x", {1, 4, 16, 16}),
        .timesteps = at::tensor({500}),
        .context = seeded_normal("y", {1, 77, 64})});
  };
  const double error = relative_error(run(at::kBFloat16), run(at::kFloat));
  EXPECT_LT(error, 0.02);
  EXPECT_GT(error, 0) << "both ran in float32";
}

TEST(UNet, SeesConcatBehindTheChannelsOfX) {
  const UNet unet(small_model().unet, Weights(std::make_shared<SeededSource>()));
  const at::NoGradGuard no_grad;
  const at::Tensor all = seeded_normal("x", {2, 9, 8, 8}), y = seeded_normal("y", {2, 5, 32});
  const at::Tensor whole = unet.forward({.x = all, .timesteps = at::tensor({10, 900}), .context = y});
  const at::Tensor parts = unet.forward(
      {.x = all.narrow(1, 0, 4), .timesteps = at::tensor({10, 900}), .context = y, .concat = all.narrow(1, 4, 5)});
  EXPECT_TRUE(parts.equal(whole));
}

TEST(UNet, RefusesAVectorThatItWasNotMadeFor) {
  UNetConfig config = small_model().unet;
  const UNet without(config, Weights(std::make_shared<SeededSource>()));
  config.vector_width = 12;
  const UNet with(config, Weights(std::make_shared<SeededSource>()));
  const at::NoGradGuard no_grad;
  NetworkCall call{.x = at::zeros({1, 9, 8, 8}), .timesteps = at::tensor({10}), .context = at::zeros({1, 5, 32})};
  EXPECT_THROW(with.forward(call), NodeError) << "none";
  call.vector = at::zeros({1, 12});
  EXPECT_NO_THROW(with.forward(call));
  EXPECT_THROW(without.forward(call), NodeError);
  call.vector = at::zeros({1, 8});
  EXPECT_THROW(with.forward(call), NodeError);
}

TEST(UNet, TrainsEveryParameter) {
  const auto source = std::make_shared<ParameterSource>(1);
  const UNet unet(small_model().unet, Weights(source));
  const at::Tensor x = seeded_normal("x", {2, 9, 8, 8}), y = seeded_normal("y", {2, 5, 32});
  auto parameters = source->parameters();
  std::vector<double> losses;
  for (int step = 0; step < 8; ++step) {
    const at::Tensor loss =
        at::mse_loss(unet.forward({.x = x, .timesteps = at::tensor({10, 900}), .context = y}), x.narrow(1, 0, 4));
    loss.backward();
    losses.push_back(loss.item<double>());
    at::NoGradGuard no_grad;
    for (auto& [name, tensor] : parameters) {
      ASSERT_TRUE(tensor.grad().defined()) << name;
      tensor.sub_(0.02 * tensor.grad());
      tensor.mutable_grad().reset();
    }
  }
  EXPECT_LT(losses.back(), 0.9 * losses.front());
}

TEST(ParameterSource, GivesTheSameValuesForTheSameSeedWhateverTheOrder) {
  ParameterSource first(5), second(5), other(6);
  second.get("b", {3, 3}, Init::FanIn);
  const at::Tensor a = first.get("a", {4, 4}, Init::FanIn);
  EXPECT_TRUE(a.equal(second.get("a", {4, 4}, Init::FanIn)));
  EXPECT_FALSE(a.equal(other.get("a", {4, 4}, Init::FanIn)));
  EXPECT_TRUE(a.requires_grad());
}

TEST(ParameterSource, ResumesFromGivenValues) {
  ParameterSource source(5, {{"a", at::full({2, 2}, 3.0)}});
  EXPECT_EQ(source.get("a", {2, 2}, Init::FanIn).sum().item<double>(), 12);
}

TEST(TextEncoder, PoolsAtTheFirstEndOfText) {
  const SmallModel model = small_model();
  const TextEncoder text(model.text, Weights(std::make_shared<SeededSource>()));
  at::NoGradGuard no_grad;
  const at::Tensor ids = at::tensor({62, 5, 63, 7, 63}, at::kLong).unsqueeze(0);
  const TextEncoding encoding = text.forward(ids);
  EXPECT_TRUE(encoding.pooled[0].equal(encoding.hidden[0][2]));
}

TEST(TextEncoder, TakesTheLastLayerWhenClipSkipIsMoreThanItHas) {
  const TextEncoder text(small_model().text, Weights(std::make_shared<SeededSource>()));
  at::NoGradGuard no_grad;
  const at::Tensor ids = at::tensor({62, 5, 63}, at::kLong).unsqueeze(0);
  EXPECT_TRUE(text.forward(ids, 99).hidden.equal(text.forward(ids, 1).hidden));
  EXPECT_FALSE(text.forward(ids, 2).hidden.equal(text.forward(ids, 1).hidden));
}

}  // namespace
}  // namespace weft::sd
