// Upscalers of other kinds than ESRGAN's against spandrel (tests/reference/make_upscaler_kinds_golden.py), their configuration
// read off their files.
#include <ATen/ATen.h>
#include <ATen/core/grad_mode.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "nodes/sd/families/upscaler_file.h"
#include "nodes/sd/files/model_error.h"
#include "tests/nodes/seeded_source.h"
#include "tests/nodes/small_models.h"

namespace weft::sd {
namespace {

using testing::HasSubstr;
using Kind = UpscalerConfig::Kind;

UpscalerConfig swin_ir() {
  UpscalerConfig config{.kind = Kind::SwinIR, .features = 16};
  config.depths = {2, 2};
  config.heads = {2, 4};
  config.window = 4;
  config.hidden = 32;
  config.factors = {2};
  return config;
}

UpscalerConfig dat() {
  UpscalerConfig config{.kind = Kind::DAT, .features = 32};
  config.depths = {3, 2};
  config.heads = {4, 2};
  config.window = 2;
  config.window_width = 4;
  config.hidden = 64;
  config.factors = {2};
  return config;
}

UpscalerConfig config_of(const std::string& name) {
  UpscalerConfig config = name.starts_with("dat") ? dat() : swin_ir();
  if (name == "swin_ir_light_3x") {
    config.enlarging = Enlarging::OneStep;
    config.factors = {3};
    config.depths = {2};
    config.heads = {2};
  } else if (name == "swin_ir_real_4x") {
    config.enlarging = Enlarging::Nearest;
    config.factors = {2, 2};
    config.three_convolutions = true;
  } else if (name == "swin_ir_jpeg") {
    config.enlarging = Enlarging::None;
    config.factors = {};
    config.window = 7;
    config.range = 255;
  } else if (name == "swin_ir_unshuffled_2x") {
    config.factors = {2, 2};
    config.unshuffle = 2;
  } else if (name == "dat_light_2x") {
    config.enlarging = Enlarging::OneStep;
    config.depths = {1};
    config.heads = {4};
    config.window = config.window_width = 4;
    config.hidden = 32;
    config.three_convolutions = true;
  } else if (name == "hat_2x") {
    config.kind = Kind::HAT;
    config.depths = {2, 1};
    config.heads = {2, 2};
    config.wide_window = 6;
    config.squeezed = 4;
    config.squeezed_more = 2;
  } else if (name == "span_2x") {
    config = {.kind = Kind::SPAN, .features = 8, .compact_scale = 2};
  } else if (name == "real_plksr_2x") {
    config = {.kind = Kind::PLKSR, .features = 16, .blocks = 2, .compact_scale = 2};
    config.norm_first = false;
    config.kernel = 5;
    config.split = 4;
  } else if (name == "real_plksr_dysample_2x") {
    config = {.kind = Kind::PLKSR, .features = 16, .blocks = 1, .compact_scale = 2};
    config.kernel = 3;
    config.split = 4;
    config.attends = false;
    config.samples = true;
  } else if (name == "plksr_2x") {
    config = {.kind = Kind::PLKSR, .features = 16, .blocks = 1, .compact_scale = 2};
    config.real = config.norm_first = false;
    config.mixer_kernels = {3, 1};
    config.kernel = 5;
    config.split = 4;
  } else if (name == "plus_2x") {
    config = {.features = 16, .blocks = 1, .doublings = 1, .plus = true};
  }
  return config;
}

/// What a file of such a network holds.
TensorMap tensors_of(const UpscalerConfig& config) {
  const auto source = std::make_shared<SeededSource>();
  const at::NoGradGuard no_grad;
  static_cast<void>(Upscaler(config, Weights(source)));
  TensorMap tensors = source->tensors();
  for (auto& [name, tensor] : tensors)
    if (name.ends_with("running_var")) tensor = tensor.abs() + 0.5;
  if (config.kind == Kind::DAT) {  // the ways between two places of a window
    const at::Tensor y = at::arange(1 - config.window, config.window, at::kFloat);
    const at::Tensor x = at::arange(1 - config.window_width, config.window_width, at::kFloat);
    tensors["layers.0.blocks.0.attn.attns.0.rpe_biases"] =
        at::stack({y.repeat_interleave(x.size(0)), x.repeat({y.size(0)})}, 1);
  }
  if (config.kind == Kind::SwinIR && config.unshuffle > 1) {  // as their authors' files have it
    for (const char* leaf : {".weight", ".bias"}) {
      auto node = tensors.extract(std::string("conv_first") + leaf);
      node.key() = std::string("conv_first.1") + leaf;
      tensors.insert(std::move(node));
    }
  }
  if (config.kind == Kind::DenseBlocks) {  // ESRGAN's own names
    TensorMap old;
    for (const auto& [name, tensor] : tensors) {
      std::string theirs = name;
      if (const std::size_t at = theirs.find("conv1x1"); at != theirs.npos)
        theirs = "model.1.sub.0.RDB" + name.substr(name.find(".conv1x1") - 1);
      old[theirs] = tensor;
    }
    return old;
  }
  return tensors;
}

class UpscalerKinds : public testing::TestWithParam<const char*> {};

TEST_P(UpscalerKinds, AgreesWithSpandrel) {
  const std::string name = GetParam();
  const TemporaryFolder folder;
  write_safetensors(folder / "u.safetensors", tensors_of(config_of(name)));
  const at::Tensor expected = SafetensorsFile::open(golden("upscaler_kinds.safetensors")).tensor(name);
  const bool larger = name.find("unshuffled") != name.npos;
  const at::Tensor picture = seeded_normal("small picture", {1, 3, larger ? 8 : 5, larger ? 16 : 7}).sigmoid();
  const at::NoGradGuard no_grad;
  const UpscalerFile opened = UpscalerFile::open(folder / "u.safetensors");
  EXPECT_EQ(opened.config().scale(), expected.size(2) / picture.size(2));
  const at::Tensor found = opened.upscaler(at::kCPU).forward(picture);
  ASSERT_EQ(found.sizes(), expected.sizes());
  // What a network gives that keeps the size lies close to the picture: the difference is what counts.
  const at::Tensor plain = found.sizes() == picture.sizes() ? picture : at::zeros_like(expected);
  EXPECT_LT(((found - expected).norm() / (expected - plain).norm()).item<double>(), 1e-5);
}

INSTANTIATE_TEST_SUITE_P(Kinds, UpscalerKinds,
    testing::Values("swin_ir_2x", "swin_ir_light_3x", "swin_ir_real_4x", "swin_ir_jpeg", "swin_ir_unshuffled_2x",
        "dat_2x", "dat_light_2x", "hat_2x", "span_2x", "real_plksr_2x", "real_plksr_dysample_2x", "plksr_2x",
        "plus_2x"),
    [](const auto& info) { return info.param; });

TEST(UpscalerKind, PicturesSmallerThanAWindowAreUpscaledToo) {
  const TemporaryFolder folder;
  write_safetensors(folder / "u.safetensors", tensors_of(config_of("swin_ir_jpeg")));
  const at::NoGradGuard no_grad;
  const Upscaler network = UpscalerFile::open(folder / "u.safetensors").upscaler(at::kCPU);
  for (const auto& [height, width] : {std::pair(1, 1), std::pair(1, 9), std::pair(2, 3)})
    EXPECT_EQ(network.forward(at::full({1, 3, height, width}, 0.5)).sizes(), at::IntArrayRef({1, 3, height, width}));
}

TEST(UpscalerKind, AFileThatIsIncompleteOrOfAnotherKindIsRefused) {
  const TemporaryFolder folder;
  const auto error_of = [&](const TensorMap& tensors) -> std::string {
    write_safetensors(folder / "u.safetensors", tensors);
    try {
      UpscalerFile::open(folder / "u.safetensors");
    } catch (const ModelError& error) {
      return error.what();
    }
    return "no error";
  };
  for (const char* name : {"swin_ir_2x", "dat_2x", "hat_2x", "span_2x", "real_plksr_dysample_2x"}) {
    const TensorMap whole = tensors_of(config_of(name));
    EXPECT_EQ(error_of(whole), "no error");
    for (const auto& [missing, tensor] : whole) {
      TensorMap damaged = whole;
      damaged.erase(missing);
      // A few say by their absence that the network is of another form, as spandrel takes them.
      const bool says_form = missing.ends_with("s.0.attn.qkv.bias") || missing == "to_img.init_pos" ||
          missing == "patch_embed.norm.weight" || missing == "conv_after_body.weight" || missing == "upsample.0.weight";
      if (says_form) continue;
      EXPECT_NE(error_of(damaged), "no error") << name << " without " << missing;
    }
  }
  TensorMap tensors = tensors_of(config_of("hat_2x"));
  tensors.erase("layers.1.residual_group.overlap_attn.proj.weight");
  EXPECT_THAT(error_of(tensors), HasSubstr("layers.1.residual_group.overlap_attn.proj.weight"));
  tensors = tensors_of(config_of("swin_ir_2x"));
  tensors["conv_first.weight"] = at::zeros({16, 1, 3, 3});
  EXPECT_THAT(error_of(tensors), HasSubstr("not for pictures in colour"));
  EXPECT_THAT(error_of({{"feats.1.lk.mn_conv.weight", at::zeros({1})}}), HasSubstr("PLKSR model with sparse"));
  EXPECT_THAT(error_of({{"layers.0.residual_group.blocks.0.attn.logit_scale", at::zeros({1})}}), HasSubstr("Swin2SR"));
  EXPECT_THAT(error_of({{"absolute_pos_embed", at::zeros({1})}}), HasSubstr("is no upscaler that is known"));
}

}  // namespace
}  // namespace weft::sd
