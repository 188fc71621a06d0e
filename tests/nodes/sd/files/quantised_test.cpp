// Checkpoints in fp8 with scales, in ComfyUI's three ways to mark them.
#include "nodes/sd/files/quantised.h"

#include <ATen/ATen.h>
#include <ATen/core/grad_mode.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>
#include <random>

#include "nodes/sd/families/checkpoint.h"
#include "nodes/sd/files/model_error.h"
#include "tests/nodes/seeded_source.h"
#include "tests/nodes/small_models.h"

namespace weft::sd {
namespace {

using nlohmann::json;
using testing::HasSubstr;

enum class Marked { ByTensor, ByLayer, InHeader };

at::Tensor text_tensor(const std::string& text) {
  return at::tensor(std::vector<std::uint8_t>(text.begin(), text.end()), at::kByte);
}

/// The tensors of a file whose larger weights are in fp8, each scaled to fill its range; and what they stand
/// for.
struct QuantisedFile {
  TensorMap tensors, whole;
  std::map<std::string, std::string> metadata = metadata_of(small_model());
};

const std::string kLayer = "model.diffusion_model.input_blocks.1.1.transformer_blocks.0.attn1.to_q";
const std::string kLayerScale = kLayer + ".weight_scale", kLayerFormat = kLayer + ".comfy_quant";

QuantisedFile quantised(Marked marked) {
  QuantisedFile file{.tensors = ldm_tensors(small_model()), .whole = {}};
  json layers;
  for (const auto& [name, tensor] : ldm_tensors(small_model())) {
    file.whole[name] = tensor;
    const bool is_weight = name.ends_with(".weight") && tensor.dim() > 1 && !name.starts_with("first_stage_model.");
    if (!is_weight) continue;
    const std::string layer = name.substr(0, name.size() - std::string(".weight").size());
    const at::Tensor scale = tensor.abs().max() / 448;
    file.tensors[name] = (tensor / scale).to(at::kFloat8_e4m3fn);
    file.whole[name] = file.tensors[name].to(at::kFloat) * scale;
    file.tensors[layer + (marked == Marked::ByTensor ? ".scale_weight" : ".weight_scale")] = scale;
    if (marked == Marked::ByTensor) file.tensors[layer + ".scale_input"] = at::ones({});
    if (marked == Marked::ByLayer) file.tensors[kLayerFormat] = text_tensor(R"({"format": "float8_e4m3fn"})");
    layers[layer] = {{"format", "float8_e4m3fn"}};
  }
  if (marked == Marked::ByTensor)
    file.tensors["model.diffusion_model.scaled_fp8"] = at::zeros({0}).to(at::kFloat8_e4m3fn);
  if (marked == Marked::InHeader)
    file.metadata["_quantization_metadata"] = json{{"format_version", "1.0"}, {"layers", layers}}.dump();
  return file;
}

Checkpoint opened(
    const TemporaryFolder& folder, const TensorMap& tensors, const std::map<std::string, std::string>& metadata) {
  write_safetensors(folder / "m.safetensors", tensors, metadata);
  return Checkpoint::open(folder / "m.safetensors");
}

std::string error_of(const QuantisedFile& file) {
  const TemporaryFolder folder;
  try {
    static_cast<void>(opened(folder, file.tensors, file.metadata));
    return "no error";
  } catch (const ModelError& error) {
    EXPECT_THAT(error.what(), HasSubstr("m.safetensors"));
    return error.what();
  }
}

class Quantised : public testing::TestWithParam<Marked> {};

TEST_P(Quantised, IsMultipliedByItsScales) {
  const QuantisedFile file = quantised(GetParam());
  const TemporaryFolder folder;
  const auto noise_and_words = [&](const TensorMap& tensors, const std::map<std::string, std::string>& metadata) {
    const at::NoGradGuard no_grad;
    const Checkpoint model = opened(folder, tensors, metadata);
    EXPECT_TRUE(model.unused().empty()) << model.unused().front();
    const at::Tensor noise = model.unet(at::kCPU, at::kFloat)
                                 .forward({.x = seeded_normal("x", {1, 9, 8, 8}),
                                     .timesteps = at::tensor({500}),
                                     .context = seeded_normal("context", {1, 77, 32})});
    return std::pair(noise, model.text_encoder(at::kCPU, at::kFloat).forward(at::full({1, 77}, 5, at::kLong)).hidden);
  };
  const auto found = noise_and_words(file.tensors, file.metadata);
  const auto expected = noise_and_words(file.whole, metadata_of(small_model()));
  EXPECT_TRUE(found.first.equal(expected.first));
  EXPECT_TRUE(found.second.equal(expected.second));
}

INSTANTIATE_TEST_SUITE_P(Marks, Quantised, testing::Values(Marked::ByTensor, Marked::ByLayer, Marked::InHeader));

TEST(QuantisedLayer, MayHaveAScaleForEachOutput) {
  TensorMap tensors{
      {"a.weight", at::ones({2, 3}).to(at::kFloat8_e4m3fn)}, {"a.weight_scale", at::tensor({2.0, 3.0}).view({2, 1})}};
  const TensorMap scales = take_scales(tensors, "file");
  EXPECT_EQ(tensors.size(), 1u);
  EXPECT_TRUE(dequantised(tensors["a.weight"], scales, "a.weight")
          .equal(at::tensor({2.f, 2.f, 2.f, 3.f, 3.f, 3.f}).view({2, 3})));
}

TEST(QuantisedLayer, WithAScaleOfAnotherShapeIsRefused) {
  for (const std::vector<std::int64_t>& shape : std::vector<std::vector<std::int64_t>>{{2}, {32}, {1, 32}, {0}}) {
    QuantisedFile file = quantised(Marked::ByLayer);
    file.tensors[kLayerScale] = at::ones(shape);
    EXPECT_THAT(error_of(file),
        HasSubstr("the scale of layer \"down_blocks.0.attentions.0.transformer_blocks.0.attn1.to_q\" has shape " +
            shape_text(shape)));
  }
  QuantisedFile file = quantised(Marked::ByTensor);
  file.tensors[kLayer + ".scale_weight"] = at::ones({}, at::kLong);
  EXPECT_THAT(error_of(file), HasSubstr("the scale of layer"));
  file.tensors[kLayer + ".scale_weight"] = at::full({}, std::nan(""));
  EXPECT_THAT(error_of(file), HasSubstr("is not finite"));
}

TEST(QuantisedLayer, WithoutItsScaleIsRefused) {
  for (const Marked marked : {Marked::ByLayer, Marked::InHeader}) {
    QuantisedFile file = quantised(marked);
    file.tensors.erase(kLayerScale);
    EXPECT_THAT(error_of(file), HasSubstr("is quantised and has no scale"));
  }
}

TEST(QuantisedLayer, OfAPartThatIsNotWantedMayHaveAnyFormat) {
  QuantisedFile file = quantised(Marked::InHeader);
  file.metadata["_quantization_metadata"] = json{{"layers", {{kLayer, {{"format", "nvfp4"}}}}}}.dump();
  const TemporaryFolder folder;
  write_safetensors(folder / "m.safetensors", file.tensors, file.metadata);
  EXPECT_NO_THROW(Checkpoint::open_vae(folder / "m.safetensors").vae_decoder(at::kCPU, at::kFloat));
  EXPECT_THROW(Checkpoint::open_unet(folder / "m.safetensors"), ModelError);
}

// As ComfyUI writes a layer of [32, 64]: values in pairs, scales of blocks padded to [128, 4].
TEST(QuantisedLayer, OfAnotherFormatIsNamed) {
  QuantisedFile file = quantised(Marked::ByLayer);
  file.tensors[kLayer + ".weight"] = at::zeros({32, 16}, at::kByte);
  file.tensors[kLayerScale] = at::ones({128, 4}).to(at::kFloat8_e4m3fn);
  file.tensors[kLayer + ".weight_scale_2"] = at::ones({});
  file.tensors[kLayerFormat] = text_tensor(R"({"format": "nvfp4"})");
  EXPECT_THAT(error_of(file), HasSubstr("quantised as nvfp4, which is not supported"));
  file.tensors.erase(kLayer + ".weight_scale_2");
  file.tensors[kLayerFormat] = text_tensor(R"({"format": "mxfp8"})");
  EXPECT_THAT(error_of(file), HasSubstr("quantised as mxfp8, which is not supported"));
  file = quantised(Marked::InHeader);
  file.metadata["_quantization_metadata"] = json{{"layers", {{kLayer, {{"format", "int8_tensorwise"}}}}}}.dump();
  EXPECT_THAT(error_of(file), HasSubstr("quantised as int8_tensorwise, which is not supported"));
}

TEST(QuantisedLayer, DescribedByNonsenseIsRefused) {
  const std::string good = json{{"layers", {{kLayer, {{"format", "float8_e4m3fn"}}}}}}.dump();
  const QuantisedFile by_layer = quantised(Marked::ByLayer), in_its_header = quantised(Marked::InHeader);
  std::mt19937 random(1);
  int refused = 0;
  for (int i = 0; i < 60; ++i) {
    std::string text = good.substr(0, i % 3 == 0 ? random() % good.size() : good.size());
    if (i % 3 != 0) text[random() % text.size()] = "{}[]\",:x0"[random() % 9];
    for (const bool in_header : {true, false}) {
      QuantisedFile file = in_header ? in_its_header : by_layer;
      if (in_header) {
        file.metadata["_quantization_metadata"] = text;
      } else {
        file.tensors[kLayerFormat] = text_tensor(text);
      }
      refused += error_of(file) != "no error";
    }
  }
  EXPECT_GT(refused, 60);
  for (const char* text : {"", "7", "{}", "[]", R"({"layers": []})"}) {
    QuantisedFile file = quantised(Marked::InHeader);
    file.metadata["_quantization_metadata"] = text;
    EXPECT_THAT(error_of(file), HasSubstr("_quantization_metadata")) << text;
  }
  QuantisedFile file = quantised(Marked::ByLayer);
  file.tensors[kLayerFormat] = at::ones({3});
  EXPECT_THAT(error_of(file), HasSubstr("is no text"));
}

}  // namespace
}  // namespace weft::sd
