// ControlNets of scaled-down models against diffusers (tests/reference/make_adapter_golden.py), from both layouts.
#include <ATen/ATen.h>
#include <ATen/core/grad_mode.h>
#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>
#include <map>
#include <nlohmann/json.hpp>

#include "nodes/sd/families/checkpoint.h"
#include "nodes/sd/files/model_error.h"
#include "nodes/sd/files/safetensors.h"
#include "nodes/sd/sampling/control.h"
#include "tests/nodes/family_models.h"
#include "tests/nodes/seeded_source.h"
#include "tests/nodes/small_models.h"

namespace weft::sd {
namespace {

namespace fs = std::filesystem;
using testing::HasSubstr;

TensorMap control_tensors(const FamilyCase& given) {
  const auto source = std::make_shared<SeededSource>();
  static_cast<void>(ControlNet({.unet = given.unet, .hint_widths = {16, 32, 48, 64}}, Weights(source)));
  return source->tensors();
}

/// CompVis' names: a U-Net's, which the golden list has, and those of what a ControlNet has beside.
TensorMap with_their_names(const FamilyCase& given, const TensorMap& tensors) {
  std::map<std::string, std::string> theirs{{"controlnet_cond_embedding.conv_in", "input_hint_block.0"},
      {"controlnet_cond_embedding.conv_out", "input_hint_block.14"}, {"controlnet_mid_block", "middle_block_out.0"}};
  for (int i = 0; i < 6; ++i)
    theirs[fmt::format("controlnet_cond_embedding.blocks.{}", i)] = fmt::format("input_hint_block.{}", 2 * i + 2);
  for (int i = 0; i < 12; ++i) theirs[fmt::format("controlnet_down_blocks.{}", i)] = fmt::format("zero_convs.{}.0", i);
  std::istringstream names = golden_text(fmt::format("family_names_{}.txt", given.name));
  const auto layer = [](const std::string& tensor) { return tensor.substr(0, tensor.rfind('.')); };
  constexpr std::string_view kPrefix = "model.diffusion_model.";
  for (std::string old, ours; names >> old >> ours;)
    if (old.starts_with(kPrefix)) theirs[layer(ours)] = layer(old.substr(kPrefix.size()));
  TensorMap file;
  for (const auto& [name, tensor] : tensors)
    file["control_model." + theirs.at(layer(name)) + name.substr(name.rfind('.'))] = tensor;
  return file;
}

class ControlNetGolden : public testing::TestWithParam<std::tuple<const char*, const char*>> {};

TEST_P(ControlNetGolden, SteersAsDiffusersDoes) {
  const auto [name, layout] = GetParam();
  const FamilyCase given = family_case(name);
  const TemporaryFolder folder;
  const TensorMap tensors = control_tensors(given);
  fs::path path = folder / "control.safetensors";
  if (layout == std::string("single")) {
    write_safetensors(path, with_their_names(given, tensors));
  } else {
    path = folder / "control";
    fs::create_directories(path);
    write_safetensors(path / "diffusion_pytorch_model.safetensors", tensors);
    nlohmann::json config = given.unet_json;
    config["_class_name"] = "ControlNetModel";
    std::ofstream(path / "config.json") << config;
  }
  const at::NoGradGuard no_grad;
  const Checkpoint file = Checkpoint::open_control_net(path);
  EXPECT_THAT(file.unused(), testing::IsEmpty());
  const ControlNet control = file.control_net(at::kCPU, at::kFloat);
  EXPECT_EQ(control.downscale(), 8);

  const auto source = std::make_shared<SeededSource>();
  const UNet unet(given.unet, Weights(source));
  write_safetensors(folder / "whole.safetensors", single_file_tensors(given));
  NetworkCall call = seeded_call(given, Checkpoint::open(folder / "whole.safetensors").family().vector);
  const at::Tensor plain = unet.forward(call);
  const at::Tensor hint = seeded_normal("input.hint", {2, 3, 8 * call.x.size(2), 8 * call.x.size(3)}).sigmoid();
  add_residuals(call.control, control.forward(call, hint), 0.5);
  const at::Tensor expected =
      SafetensorsFile::open(golden("adapters.safetensors")).tensor(name + std::string(".unet_with_control"));
  const auto error = [&](const at::Tensor& found) {
    return ((found - expected).norm() / expected.norm()).item<double>();
  };
  EXPECT_LT(error(unet.forward(call)), 1e-5);
  EXPECT_GT(error(plain), 0.05);
}

INSTANTIATE_TEST_SUITE_P(Layouts, ControlNetGolden,
    testing::Combine(testing::Values("sd2", "xl"), testing::Values("single", "folder")),
    [](const auto& info) { return std::string(std::get<0>(info.param)) + "_" + std::get<1>(info.param); });

TEST(ControlNets, ForShuffledPicturesAddTheSameEverywhere) {
  const FamilyCase given = family_case("sd2");
  const TensorMap tensors = control_tensors(given);
  const TemporaryFolder folder;
  const at::NoGradGuard no_grad;
  NetworkCall call = seeded_call(given, {});
  const at::Tensor hint = seeded_normal("input.hint", {2, 3, 8 * call.x.size(2), 8 * call.x.size(3)}).sigmoid();
  const auto residuals = [&](const std::string& name) {
    write_safetensors(folder / name, tensors);
    return Checkpoint::open_control_net(folder / name).control_net(at::kCPU, at::kFloat).forward(call, hint);
  };
  const ControlResiduals plain = residuals("c.safetensors"),
                         pooled = residuals("control_v11e_sd15_shuffle.safetensors");
  for (std::size_t i = 0; i < plain.down.size(); ++i)
    EXPECT_TRUE(at::allclose(pooled.down[i], plain.down[i].mean({2, 3}, true), 1e-4, 1e-6));
  EXPECT_TRUE(at::allclose(pooled.mid, plain.mid.mean({2, 3}, true), 1e-4, 1e-6));

  std::ofstream(folder / "config.json") << R"({"_class_name": "ControlNetModel", "global_pool_conditions": true})";
  write_safetensors(folder / "diffusion_pytorch_model.safetensors", tensors);
  EXPECT_TRUE(Checkpoint::open_control_net(folder / "").control_net_config().global_pool);
}

TEST(ControlNets, OtherFilesAreRefusedByWhatTheyAre) {
  const TemporaryFolder folder;
  const auto error_of = [&](const std::string& tensor) -> std::string {
    write_safetensors(folder / "c.safetensors", {{tensor, at::zeros({1})}});
    try {
      Checkpoint::open_control_net(folder / "c.safetensors");
    } catch (const ModelError& error) {
      return error.what();
    }
    return "no error";
  };
  EXPECT_THAT(error_of("task_embedding"), HasSubstr("union ControlNet"));
  EXPECT_THAT(error_of("lora_controlnet"), HasSubstr("control-LoRA"));
  EXPECT_THAT(error_of("something"), HasSubstr("is no ControlNet"));
  EXPECT_THAT(error_of("zero_convs.0.0.weight"), HasSubstr("has no ControlNet: tensor"));
}

}  // namespace
}  // namespace weft::sd
