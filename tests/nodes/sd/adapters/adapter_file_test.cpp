// Adapter files on a scaled-down Stable Diffusion XL: their names, what they make of a network, what is refused.
#include "nodes/sd/adapters/adapter_file.h"

#include <ATen/ATen.h>
#include <ATen/core/grad_mode.h>
#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <fstream>

#include "nodes/sd/adapters/adapter_names.h"
#include "nodes/sd/files/model_error.h"
#include "tests/nodes/family_models.h"
#include "tests/nodes/seeded_source.h"
#include "tests/nodes/small_models.h"

namespace weft::sd {
namespace {

namespace fs = std::filesystem;
using testing::ElementsAre;
using testing::HasSubstr;

std::string underscored(std::string name) {
  std::ranges::replace(name, '.', '_');
  return name;
}

std::string layer_of(const std::string& tensor) { return tensor.substr(0, tensor.rfind('.')); }

class Adapters : public testing::Test {
 protected:
  Adapters() { write_safetensors(folder_ / "xl.safetensors", single_file_tensors(given_)); }

  std::shared_ptr<const AdapterFile> open(
      const TensorMap& tensors, const std::map<std::string, std::string>& metadata = {}) {
    const fs::path path = folder_ / "lora.safetensors";
    write_safetensors(path, tensors, metadata);
    return AdapterFile::open(path, model());
  }
  std::string error_of(const TensorMap& tensors) {
    try {
      open(tensors);
    } catch (const ModelError& error) {
      return error.what();
    }
    return "no error";
  }
  const Checkpoint& model() {
    if (!model_) model_.emplace(Checkpoint::open(folder_ / "xl.safetensors"));
    return *model_;
  }
  UNet unet_with(std::vector<std::shared_ptr<const AdapterFile>> files, double strength = 1) {
    Patches patches;
    for (const auto& file : files) patches.push_back(std::make_shared<const Patch>(AdapterFile::patch(file, strength)));
    return model().unet(at::kCPU, at::kFloat, {.patches = patches});
  }
  at::Tensor noise(const UNet& unet) { return unet.forward(seeded_call(given_, model().family().vector)); }

  /// peft's for the layers of the golden, with `name` for a layer of the U-Net.
  template <class Name>
  TensorMap lora(const Name& name, const char* down, const char* up) {
    TensorMap file;
    for (const auto& [tensor, weight] : model().tensors(Part::UNet)) {
      const std::string layer = layer_of(tensor);
      const bool adapted =
          std::ranges::any_of(std::initializer_list<const char*>{".to_q", ".to_k", ".to_v", ".to_out.0", ".conv1"},
              [&](const char* ending) { return layer.ends_with(ending); });
      if (!adapted || !tensor.ends_with(".weight")) continue;
      std::vector<std::int64_t> in = weight.sizes().vec(), out(weight.sizes().size(), 1);
      in[0] = 4;
      out[0] = weight.size(0);
      out[1] = 4;
      file[name(layer) + down] = 0.2 * seeded_normal(layer + ".lora_A.weight", in);
      file[name(layer) + up] = 0.2 * seeded_normal(layer + ".lora_B.weight", out);
    }
    return file;
  }

  const at::NoGradGuard no_grad_;
  TemporaryFolder folder_;
  FamilyCase given_ = family_case("xl");
  std::optional<Checkpoint> model_;
};

double relative_error(const at::Tensor& found, const at::Tensor& expected) {
  return ((found - expected).norm() / expected.norm()).item<double>();
}

// The list is confirmed by diffusers' own converters.
TEST_F(Adapters, LayersAreKnownByTheirNamesInEveryLayout) {
  const AdapterNames names(model());
  std::istringstream list = golden_text("family_names_xl.txt");
  int count = 0;
  for (std::string theirs, ours; list >> theirs >> ours; ++count) {
    if (theirs.starts_with("model.diffusion_model.")) {
      const std::string ldm = layer_of(theirs.substr(22)), layer = "unet." + layer_of(ours);
      for (const std::string& name : {"lora_unet_" + underscored(ldm), "diffusion_model." + ldm,
               "lora_unet_" + underscored(layer_of(ours)), layer, "lycoris_" + underscored(layer_of(ours))}) {
        const std::string* found = names.find(name);
        ASSERT_NE(found, nullptr) << name;
        EXPECT_EQ(*found, layer) << name;
      }
    }
  }
  EXPECT_GT(count, 500);
  // weights-on-disk's question 21: transformers 5 dropped "text_model".
  for (const char* name : {"text_encoder.text_model.encoder.layers.0.self_attn.q_proj",
           "text_encoder.encoder.layers.0.self_attn.q_proj", "lora_te1_text_model_encoder_layers_0_self_attn_q_proj"}) {
    ASSERT_NE(names.find(name), nullptr) << name;
    EXPECT_EQ(*names.find(name), "text_encoder.text_model.encoder.layers.0.self_attn.q_proj");
  }
  ASSERT_NE(names.find("lora_te2_text_model_encoder_layers_1_mlp_fc1"), nullptr);
  EXPECT_EQ(*names.find("lora_te2_text_model_encoder_layers_1_mlp_fc1"),
      "text_encoder_2.text_model.encoder.layers.1.mlp.fc1");
  EXPECT_EQ(names.find("lora_unet_input_blocks_99_1_proj_in"), nullptr);
}

TEST_F(Adapters, LoraOfPeftGivesWhatPeftGives) {
  const auto golden_file = SafetensorsFile::open(golden("adapters.safetensors"));
  const at::Tensor expected = golden_file.tensor("xl.unet_with_lora");
  const at::Tensor plain = noise(model().unet(at::kCPU, at::kFloat));
  EXPECT_GT(relative_error(plain, expected), 0.05);
  const auto peft =
      open(lora([](const std::string& layer) { return "unet." + layer; }, ".lora_A.weight", ".lora_B.weight"));
  EXPECT_LT(relative_error(noise(unet_with({peft})), expected), 1e-5);
  EXPECT_THAT(peft->unmatched(), testing::IsEmpty());
  EXPECT_EQ(peft->changed_in_text(), 0u);
  const auto kohya = open(lora([](const std::string& layer) { return "lora_unet_" + underscored(layer); },
      ".lora_down.weight", ".lora_up.weight"));
  EXPECT_LT(relative_error(noise(unet_with({kohya})), expected), 1e-5);
  EXPECT_LT(relative_error(noise(unet_with({kohya}, 0.5)), noise(unet_with({kohya}, 1))), 1);
  EXPECT_TRUE(noise(unet_with({kohya}, 0)).equal(plain)) << "taken off, nothing is left of it";
}

TEST_F(Adapters, ScaleIsReadFromPeftsMetadata) {
  const auto name = [](const std::string& layer) { return "unet." + layer; };
  const TensorMap tensors = lora(name, ".lora_A.weight", ".lora_B.weight");
  const auto of = [&](const std::string& said) {
    return noise(unet_with({open(tensors, {{"lora_adapter_metadata", said}})}));
  };
  const auto scaled = [&](double factor) {
    TensorMap other = tensors;
    for (auto& [tensor, value] : other)
      if (tensor.ends_with(".lora_B.weight")) value = value * factor;
    return noise(unet_with({open(other)}));
  };
  EXPECT_LT(relative_error(of(R"({"unet.r": 4, "unet.lora_alpha": 1})"), scaled(0.25)), 1e-5);
  EXPECT_LT(relative_error(of(R"({"unet.r": 4, "unet.lora_alpha": 1, "unet.use_rslora": true})"), scaled(0.5)), 1e-5);
  EXPECT_LT(relative_error(of(R"({"unet.r": 8, "unet.lora_alpha": 4, "unet.rank_pattern": {"to_q": 8}})"), scaled(0.5)),
      1e-5);
  EXPECT_LT(relative_error(of("{}"), scaled(1)), 1e-5);
}

TEST_F(Adapters, OldNamesOfDiffusersAreUnderstood) {
  const at::Tensor m = at::ones({128, 4}), n = at::ones({4, 128});
  const std::string block = "unet.mid_block.attentions.0.transformer_blocks.0.attn1.";
  const auto file = open({{block + "processor.to_q_lora.up.weight", m}, {block + "processor.to_q_lora.down.weight", n},
      {block + "processor.to_out_lora.up.weight", m}, {block + "processor.to_out_lora.down.weight", n},
      {block + "to_v.lora_A.default_0.weight", n}, {block + "to_v.lora_B.default_0.weight", m}});
  EXPECT_EQ(file->changed_in_unet(), 3u);
  EXPECT_THAT(file->unmatched(), testing::IsEmpty());
}

TEST_F(Adapters, FormsThatTurnAndScaleAWeightAreReadByTheirNames) {
  const std::string layer = "lora_unet_mid_block_attentions_0_proj_in",
                    ours = "unet.mid_block.attentions.0.proj_in.weight";
  const at::Tensor base = seeded_normal("base", {128, 128});
  const at::Tensor doubled = at::ones({128}), square = 0.1 * seeded_normal("square", {128, 4});
  const auto changed = [&](const TensorMap& tensors) {
    const auto file = open(tensors);
    EXPECT_EQ(file->changed_in_unet(), 1u);
    EXPECT_THAT(file->unmatched(), testing::IsEmpty());
    return AdapterFile::patch(file, 1).weight(ours, base);
  };
  EXPECT_TRUE(changed({{layer + ".weight", doubled}, {layer + ".on_input", at::tensor(1)}}).equal(2 * base));
  const at::Tensor turned =
      changed({{layer + ".oft_blocks", seeded_normal("blocks", {32, 4, 4})}, {layer + ".alpha", at::tensor(0)}});
  EXPECT_FALSE(turned.allclose(base, 0.1, 0.1));
  EXPECT_LT(relative_error(at::matmul(turned.t(), turned), at::matmul(base.t(), base)), 1e-5) << "a rotation";
  const std::string peft = "base_model.model.mid_block.attentions.0.proj_in";
  EXPECT_FALSE(changed({{peft + ".oft_R.default.weight", 0.1 * at::ones({32, 6})}}).allclose(base, 1e-2, 1e-2));
  const at::Tensor b = at::matmul(square, square.t()) / 4;
  EXPECT_LT(relative_error(changed({{layer + ".a1.weight", square}, {layer + ".a2.weight", square.t().contiguous()},
                               {layer + ".b1.weight", square}, {layer + ".b2.weight", square.t().contiguous()},
                               {layer + ".alpha", at::tensor(1)}}),
                base + at::matmul(base, b) + b),
      1e-5);
}

TEST_F(Adapters, StrengthsMayDifferFromBlockToBlock) {
  const at::Tensor one = at::ones({128, 128});
  const auto file = open({{"lora_unet_mid_block_attentions_0_proj_in.diff", one},
      {"lora_unet_down_blocks_2_attentions_1_proj_in.diff", one},
      {"lora_unet_up_blocks_0_attentions_2_proj_out.diff", one}, {"lora_unet_time_embedding_linear_2.diff", one},
      {"lora_te1_text_model_encoder_layers_0_self_attn_q_proj.diff", one}});
  const Patch patch = AdapterFile::patch(
      file, 2, BlockStrengths::parse("0.25, 1,1,1,0.5, -1, 1,1,0,1,1,1"));  // BASE ... IN08, M00, OUT00 ...
  const auto changed_by = [&](const std::string& name) {
    const at::Tensor changed = patch.weight(name, at::zeros({128, 128}));
    EXPECT_TRUE(changed.eq(changed[0][0]).all().item<bool>());
    return changed[0][0].item<double>();
  };
  EXPECT_EQ(changed_by("unet.mid_block.attentions.0.proj_in.weight"), -2);
  EXPECT_EQ(changed_by("unet.down_blocks.2.attentions.1.proj_in.weight"), 1) << "IN08";
  EXPECT_EQ(changed_by("unet.up_blocks.0.attentions.2.proj_out.weight"), 0) << "OUT02";
  EXPECT_EQ(changed_by("unet.time_embedding.linear_2.weight"), 0.5) << "BASE";
  EXPECT_EQ(changed_by("text_encoder.text_model.encoder.layers.0.self_attn.q_proj.weight"), 0.5) << "BASE";
  EXPECT_NE(patch.key, AdapterFile::patch(file, 2).key);
  const auto error = [](const char* text) -> std::string {
    try {
      BlockStrengths::parse(text);
    } catch (const std::invalid_argument& problem) {
      return problem.what();
    }
    return "no error";
  };
  EXPECT_EQ(error("1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1"), "no error");
  EXPECT_EQ(BlockStrengths::parse("1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,7").of("OUT11"), 7);
  EXPECT_EQ(BlockStrengths::parse("1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,7").of("OUT02"), 0) << "not in the list";
  EXPECT_THAT(error("1,2,3"), HasSubstr("3 numbers are of no model"));
  EXPECT_THAT(error("1,x,3"), HasSubstr("\"x\" is no number"));
  EXPECT_THAT(error(""), HasSubstr("0 numbers are of no model"));
}

TEST_F(Adapters, LayersThatFitNowhereAreNamedOnce) {
  const at::Tensor m = at::ones({128, 4}), n = at::ones({4, 128});
  const auto file = open({{"lora_unet_mid_block_attentions_0_proj_in.lora_up.weight", m},
      {"lora_unet_mid_block_attentions_0_proj_in.lora_down.weight", n}, {"lora_unet_elsewhere.lora_up.weight", m},
      {"lora_unet_elsewhere.lora_down.weight", n}, {"lora_unet_elsewhere.alpha", at::tensor(1.0)}});
  EXPECT_EQ(file->changed_in_unet(), 1u);
  EXPECT_THAT(file->unmatched(), ElementsAre("lora_unet_elsewhere"));
}

TEST_F(Adapters, WhatIsNoneIsRefusedInASentence) {
  const at::Tensor m = at::ones({4, 4});
  EXPECT_THAT(error_of({{"emb_params", m}}), HasSubstr("is no LoRA"));
  EXPECT_THAT(error_of({{"lora_unet_nowhere.lora_up.weight", m}, {"lora_unet_nowhere.lora_down.weight", m}}),
      HasSubstr("changes 1 layers, such as \"lora_unet_nowhere\", and none of them is in a Stable Diffusion XL model"));
  EXPECT_THAT(
      error_of({{"lora_unet_mid_block_attentions_0_proj_in.lora_up.weight", m}}), HasSubstr("tensors are missing"));
  EXPECT_THAT(error_of({{"lora_unet_mid_block_attentions_0_proj_in.lora_up.weight", m},
                  {"lora_unet_mid_block_attentions_0_proj_in.lora_down.weight", m},
                  {"lora_unet_mid_block_attentions_0_proj_in.alpha", m}}),
      HasSubstr("layer \"lora_unet_mid_block_attentions_0_proj_in\" (LoRA): its alpha is no single number"));
  const auto misfit = open({{"lora_unet_mid_block_attentions_0_proj_in.lora_up.weight", m},
      {"lora_unet_mid_block_attentions_0_proj_in.lora_down.weight", m}});
  EXPECT_THROW(unet_with({misfit}), ModelError);
}

}  // namespace
}  // namespace weft::sd
