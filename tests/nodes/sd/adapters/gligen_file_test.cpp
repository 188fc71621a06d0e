// GLIGEN against ComfyUI's on a small U-Net (tests/reference/make_addition_golden.py), from files with both kinds of names.
#include "nodes/sd/adapters/gligen_file.h"

#include <ATen/ATen.h>
#include <ATen/core/grad_mode.h>
#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/error.h"
#include "nodes/sd/files/model_error.h"
#include "nodes/sd/networks/unet.h"
#include "tests/nodes/seeded_source.h"
#include "tests/nodes/small_models.h"

namespace weft::sd {
namespace {

UNetConfig wide_unet() {
  UNetConfig config = medium_model().unet;
  config.block_channels = {32, 64, 128, 128};
  config.context_dim = 768;
  return config;
}

GligenConfig config_for_it() {
  GligenConfig config;
  const auto add = [&](const std::string& block, std::int64_t width) {
    config.widths[block + ".transformer_blocks.0"] = width;
  };
  for (const auto& [level, width] : {std::pair(0, 32), std::pair(1, 64), std::pair(2, 128)}) {
    add(fmt::format("down_blocks.{}.attentions.0", level), width);
    for (const int layer : {0, 1}) add(fmt::format("up_blocks.{}.attentions.{}", 3 - level, layer), width);
  }
  add("mid_block.attentions.0", 128);
  return config;
}

TensorMap seeded_tensors() {
  const auto source = std::make_shared<SeededSource>();
  static_cast<void>(Gligen(config_for_it(), Weights(source)));
  return source->tensors();
}

/// CompVis' name, of a U-Net with one layer a level.
std::string old_name(const std::string& name) {
  int level = 0, layer = 0, end = 0;
  if (std::sscanf(name.c_str(), "down_blocks.%d.attentions.%d.%n", &level, &layer, &end) == 2)
    return fmt::format(
        "model.diffusion_model.input_blocks.{}.1.{}", 2 * level + layer + 1, name.substr(std::size_t(end)));
  if (std::sscanf(name.c_str(), "up_blocks.%d.attentions.%d.%n", &level, &layer, &end) == 2)
    return fmt::format("model.diffusion_model.output_blocks.{}.1.{}", 2 * level + layer, name.substr(std::size_t(end)));
  if (name.starts_with("mid_block.attentions.0."))
    return "model.diffusion_model.middle_block.1." + name.substr(std::string("mid_block.attentions.0.").size());
  return name;
}

class GligenGolden : public testing::TestWithParam<bool> {
 protected:
  GligenGolden() {
    TensorMap tensors;
    for (const auto& [name, tensor] : seeded_tensors()) tensors[GetParam() ? old_name(name) : name] = tensor;
    write_safetensors(folder_ / "gligen.safetensors", tensors);
  }

  NetworkCall call(const Patches& patches) const {
    NetworkCall asked;
    asked.x = seeded_normal("added.x", {2, 4, 16, 8});
    asked.timesteps = at::full({2}, 500.0);
    asked.context = seeded_normal("added.context", {2, 7, 768});
    asked.patches = patches;
    return asked;
  }

  const at::NoGradGuard no_grad_;
  const TemporaryFolder folder_;
};

TEST_P(GligenGolden, PutsBoxesWhereComfyuiDoes) {
  const auto file = GligenFile::open(folder_ / "gligen.safetensors");
  EXPECT_EQ(file->config().widths, config_for_it().widths);
  EXPECT_EQ(file->config().text_width, 768);
  const GligenBox first{.phrase = seeded_normal("added.phrase0", {1, 768}), .x = 1, .y = 2, .width = 4, .height = 6},
      second{.phrase = seeded_normal("added.phrase1", {1, 768}), .x = 5, .y = 7, .width = 3, .height = 9};
  const auto other = std::make_shared<const Patch>(Patch{.key = "other"});
  const Patches one = GligenFile::with_box(file, {other}, first), both = GligenFile::with_box(file, one, second);
  ASSERT_EQ(both.size(), 2u) << "the boxes are one patch, beside the other";
  EXPECT_NE(one.back()->key, both.back()->key);

  const auto golden_file = SafetensorsFile::open(golden("additions.safetensors"));
  const UNet unet(wide_unet(), Weights(std::make_shared<SeededSource>()));
  for (const auto& [name, patches] : {std::pair<std::string, Patches>("plain", {}), {"gligen", both}}) {
    const at::Tensor found = unet.forward(call(patches)).flatten().slice(0, 0, std::nullopt, 13);
    const at::Tensor expected = golden_file.tensor(name);
    EXPECT_LT(((found - expected).norm() / expected.norm()).item<double>(), 1e-5) << name;
  }
}

INSTANTIATE_TEST_SUITE_P(
    Names, GligenGolden, testing::Bool(), [](const auto& info) { return info.param ? "CompVis" : "Diffusers"; });

TEST(GligenFiles, OfOtherKindsAreRefused) {
  const TemporaryFolder folder;
  const auto problem = [&](const TensorMap& tensors) -> std::string {
    write_safetensors(folder / "g.safetensors", tensors);
    try {
      GligenFile::open(folder / "g.safetensors");
    } catch (const ModelError& error) {
      return error.what();
    }
    return "";
  };
  EXPECT_THAT(problem({{"conv_in.weight", at::zeros({1})}}), testing::HasSubstr("is no GLIGEN text box model"));
  TensorMap less = seeded_tensors();
  less.erase("position_net.linears.2.bias");
  EXPECT_THAT(problem(less), testing::HasSubstr("position_net.linears.2.bias"));
}

TEST(Gligen, RefusesTooManyBoxesAndPhrasesOfAnotherEncoder) {
  const at::NoGradGuard no_grad;
  const Gligen gligen(config_for_it(), Weights(std::make_shared<SeededSource>()));
  const GligenBox box{.phrase = at::zeros({1, 768}), .width = 1, .height = 1};
  EXPECT_EQ(gligen.tokens(std::vector<GligenBox>(30, box), 8, 8).sizes(), (std::vector<std::int64_t>{1, 30, 768}));
  EXPECT_THROW(gligen.tokens(std::vector<GligenBox>(31, box), 8, 8), NodeError);
  EXPECT_THROW(gligen.tokens({{.phrase = at::zeros({1, 1024})}}, 8, 8), NodeError);
  EXPECT_THROW(gligen.tokens({GligenBox()}, 8, 8), NodeError);
}

}  // namespace
}  // namespace weft::sd
