// T2I-Adapters, and what they do within a U-Net, against diffusers (tests/reference/make_t2i_adapter_golden.py).
#include "nodes/sd/families/t2i_adapter_file.h"

#include <ATen/ATen.h>
#include <ATen/core/grad_mode.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <regex>

#include "nodes/sd/files/model_error.h"
#include "nodes/sd/networks/unet.h"
#include "nodes/sd/sampling/control.h"
#include "tests/nodes/seeded_source.h"
#include "tests/nodes/small_models.h"

namespace weft::sd {
namespace {

const std::vector<std::int64_t> kChannels{64, 128, 128, 128};

T2IAdapterConfig config_of(const std::string& kind) {
  if (kind == "light_adapter")
    return {.light = true, .hint_channels = 1, .channels = kChannels, .blocks = 4, .kernel = 3};
  if (kind == "full_adapter") return {.channels = kChannels};
  return {.xl = true, .unshuffle = 16, .channels = kChannels};
}

UNet unet_of(const std::string& kind) {
  const bool xl = kind == "full_adapter_xl";
  std::vector<std::int64_t> channels = kChannels, depths{1, 1, 1, 0};
  if (xl) channels.resize(3), depths = {0, 1, 1};
  return UNet(
      {.block_channels = channels, .depths = AttentionDepths::by_level(depths, 2), .context_dim = 64, .heads = 1},
      Weights(std::make_shared<SeededSource>()));
}

/// As TencentARC's files call them.
std::string original_name(const std::string& name) {
  std::smatch found;
  if (std::regex_match(name, found, std::regex(R"(body\.(\d)\.resnets\.(\d)\.(.*))")))
    return "body." + std::to_string(2 * std::stoi(found[1]) + std::stoi(found[2])) + "." + found[3].str();
  if (std::regex_match(name, found, std::regex(R"(body\.(\d)\.in_conv\.(.*))")))
    return "body." + std::to_string(2 * std::stoi(found[1])) + ".in_conv." + found[2].str();
  return name;
}

class T2IAdapters : public testing::TestWithParam<const char*> {
 protected:
  TensorMap tensors() const {
    const auto source = std::make_shared<SeededSource>();
    static_cast<void>(T2IAdapter(config_of(GetParam()), Weights(source)));
    return source->tensors();
  }
  T2IAdapter opened(const TensorMap& file) {
    write_safetensors(folder_ / "a.safetensors", file);
    EXPECT_TRUE(T2IAdapterFile::recognises(folder_ / "a.safetensors"));
    return T2IAdapterFile::open(folder_ / "a.safetensors").adapter(at::kCPU, at::kFloat);
  }
  at::Tensor expected(const std::string& name) const { return golden_.tensor(GetParam() + ("." + name)); }
  at::Tensor hint() const {
    const bool grey = GetParam() == std::string("light_adapter");
    return (seeded_normal("input.hint", {1, grey ? 1 : 3, 64, 64}) * 0.25 + 0.5).clamp(0, 1);
  }
  void expect_features(const ControlResiduals& found) const {
    std::vector<at::Tensor> features;
    for (const at::Tensor& each : found.within)
      if (each.defined()) features.push_back(each);
    if (found.mid.defined()) features.push_back(found.mid);
    ASSERT_EQ(features.size(), 4U);
    for (std::size_t i = 0; i < features.size(); ++i) {
      const at::Tensor feature = expected(std::to_string(i));
      EXPECT_LT(
          ((features[i].slice(1, 0, features[i].size(1), 16) - feature).norm() / feature.norm()).item<double>(), 1e-5)
          << i;
    }
  }

  const at::NoGradGuard no_grad_;
  TemporaryFolder folder_;
  SafetensorsFile golden_ = SafetensorsFile::open(golden("t2i_adapters.safetensors"));
};

TEST_P(T2IAdapters, AgreeWithDiffusersInBothLayouts) {
  TensorMap theirs, original;
  for (const auto& [name, tensor] : tensors()) {
    theirs["adapter." + name] = tensor;
    const bool light = GetParam() == std::string("light_adapter");
    original[light ? std::regex_replace(name, std::regex("resnets"), "body") : original_name(name)] = tensor;
  }
  expect_features(opened(theirs).forward(hint()));
  expect_features(opened(original).forward(hint()));
}

TEST_P(T2IAdapters, SteerAUNetOnItsWayDown) {
  NetworkCall call;
  call.x = seeded_normal("input.unet.x", {1, 4, 8, 8});
  call.timesteps = at::full({1}, 500.0);
  call.context = seeded_normal("input.unet.context", {1, 7, 64});
  add_residuals(call.control, opened(tensors()).forward(hint()), 0.8);
  const at::Tensor noise = unet_of(GetParam()).forward(call);
  EXPECT_LT(((noise - expected("unet")).norm() / expected("unet").norm()).item<double>(), 1e-5);
}

INSTANTIATE_TEST_SUITE_P(Kinds, T2IAdapters, testing::Values("full_adapter", "light_adapter", "full_adapter_xl"),
    [](const auto& info) { return std::string(info.param); });

TEST(T2IAdapterFiles, ThatAreIncompleteOrOfAnotherKindAreRefused) {
  const TemporaryFolder folder;
  const std::filesystem::path path = folder / "a.safetensors";
  const auto refuses = [&](const TensorMap& tensors, const std::string& why) {
    write_safetensors(path, tensors);
    try {
      T2IAdapterFile::open(path);
      FAIL() << why;
    } catch (const ModelError& error) {
      EXPECT_THAT(error.what(), testing::HasSubstr(why));
    }
  };
  refuses({{"x", at::ones({1})}}, "is no T2I-Adapter");
  refuses({{"body.0.resnets.0.block1.weight", at::ones({4, 4, 3, 3})}}, "missing");
  refuses({{"body.0.resnets.0.block1.weight", at::ones({4, 4, 3, 3})}, {"conv_in.weight", at::ones({4, 7, 3, 3})}},
      "sees 7");
}

}  // namespace
}  // namespace weft::sd
