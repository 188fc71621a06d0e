// Upscalers against spandrel (tests/reference/make_upscaler_golden.py), by all names that their files have.
#include "nodes/sd/families/upscaler_file.h"

#include <ATen/ATen.h>
#include <ATen/core/grad_mode.h>
#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "nodes/sd/files/model_error.h"
#include "tests/nodes/seeded_source.h"
#include "tests/nodes/small_models.h"

namespace weft::sd {
namespace {

using testing::HasSubstr;

UpscalerConfig config_of(const std::string& name) {
  UpscalerConfig config{.features = 16, .blocks = 2};
  if (name == "dense_2x") config.doublings = 1;
  if (name == "unshuffled_2x") config.unshuffle = 2;
  if (name == "compact_2x")
    config = {.kind = UpscalerConfig::Kind::Compact, .features = 16, .blocks = 3, .compact_scale = 2};
  return config;
}

TensorMap tensors_of(const UpscalerConfig& config) {
  const auto source = std::make_shared<SeededSource>();
  static_cast<void>(Upscaler(config, Weights(source)));
  return source->tensors();
}

/// ESRGAN's own names: "model.1.sub.0.RDB1.conv1.0.weight", or those of its first code, "RRDB_trunk.0.RDB1.conv1.weight".
std::string old_name(std::string name, std::int64_t blocks, std::int64_t doublings, bool first_code) {
  const auto swap = [&](const std::string& from, const std::string& to) {
    if (const std::size_t at = name.find(from); at != name.npos) name.replace(at, from.size(), to);
  };
  if (name.starts_with("body.")) {
    swap("body.", first_code ? "RRDB_trunk." : "model.1.sub.");
    swap(".rdb", ".RDB");
    if (!first_code) name.insert(name.rfind('.'), ".0");
    return name;
  }
  if (first_code) {
    swap("conv_body", "trunk_conv");
    swap("conv_hr", "HRconv");
    swap("conv_up", "upconv");
    return name;
  }
  swap("conv_first", "model.0");
  swap("conv_body", fmt::format("model.1.sub.{}", blocks));
  for (std::int64_t i = 1; i <= doublings; ++i) swap(fmt::format("conv_up{}", i), fmt::format("model.{}", 3 * i));
  swap("conv_hr", fmt::format("model.{}", 2 + 3 * doublings));
  swap("conv_last", fmt::format("model.{}", 4 + 3 * doublings));
  return name;
}

class UpscalerGolden : public testing::TestWithParam<const char*> {};

TEST_P(UpscalerGolden, AgreesWithSpandrel) {
  const std::string name = GetParam();
  const UpscalerConfig config = config_of(name);
  const TensorMap tensors = tensors_of(config);
  const at::Tensor expected = SafetensorsFile::open(golden("upscalers.safetensors")).tensor(name);
  const at::Tensor picture = seeded_normal("picture", {1, 3, 9, 14}).sigmoid();
  std::vector<TensorMap> files{tensors};
  if (config.kind == UpscalerConfig::Kind::DenseBlocks) {
    for (const bool first_code : {false, true}) {
      TensorMap& old = files.emplace_back();
      for (const auto& [tensor, value] : tensors)
        old[old_name(tensor, config.blocks, config.doublings, first_code)] = value;
    }
  }
  TensorMap& wrapped = files.emplace_back();  // of a training: the averaged weights count
  for (const auto& [tensor, value] : tensors) {
    wrapped["params_ema." + tensor] = value;
    wrapped["params." + tensor] = at::zeros_like(value);
  }
  const TemporaryFolder folder;
  const at::NoGradGuard no_grad;
  for (const TensorMap& file : files) {
    write_safetensors(folder / "u.safetensors", file);
    const UpscalerFile opened = UpscalerFile::open(folder / "u.safetensors");
    EXPECT_EQ(opened.config().scale(), expected.size(2) / 9);
    const at::Tensor found = opened.upscaler(at::kCPU).forward(picture);
    ASSERT_EQ(found.sizes(), expected.sizes());
    EXPECT_LT(((found - expected).norm() / expected.norm()).item<double>(), 1e-5) << file.begin()->first;
  }
}

INSTANTIATE_TEST_SUITE_P(Kinds, UpscalerGolden, testing::Values("dense_4x", "dense_2x", "unshuffled_2x", "compact_2x"),
    [](const auto& info) { return info.param; });

TEST(UpscalerFiles, OtherFilesAreRefusedByWhatTheyAre) {
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
  EXPECT_THAT(error_of({{"something.weight", at::zeros({1})}}), HasSubstr("is no upscaler that is known"));
  TensorMap tensors = tensors_of(config_of("dense_2x"));
  tensors.erase("conv_hr.weight");
  EXPECT_THAT(error_of(tensors), HasSubstr("conv_hr.weight"));
  tensors = tensors_of(config_of("dense_2x"));
  tensors["conv_first.weight"] = at::zeros({16, 1, 3, 3});
  EXPECT_THAT(error_of(tensors), HasSubstr("takes 1 channels and gives 3"));
  tensors = tensors_of(config_of("compact_2x"));
  tensors["body.8.weight"] = at::zeros({13, 16, 3, 3});
  EXPECT_THAT(error_of(tensors), HasSubstr("gives 13"));
}

}  // namespace
}  // namespace weft::sd
