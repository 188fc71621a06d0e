// The latent diffusion paper's own models against diffusers: one application of each network.
#include "tests/nodes/paper_models.h"

#include <ATen/ATen.h>
#include <ATen/core/grad_mode.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <fstream>

#include "base/error.h"
#include "nodes/sd/families/checkpoint.h"
#include "nodes/sd/files/model_error.h"
#include "nodes/sd/values/encoder_values.h"
#include "nodes/sd/values/values.h"
#include "tests/nodes/seeded_source.h"
#include "tests/nodes/small_models.h"

namespace weft::sd {
namespace {

namespace fs = std::filesystem;
using testing::ElementsAre;
using testing::HasSubstr;

constexpr double kTolerance = 1e-5;

double relative_error(const at::Tensor& found, const at::Tensor& expected) {
  EXPECT_EQ(found.sizes(), expected.sizes());
  return ((found - expected).norm() / expected.norm()).item<double>();
}

class PaperModelsGolden : public testing::Test {
 protected:
  Checkpoint open(const std::string& name) {
    name_ = name;
    write_paper_model(folder_ / "model.safetensors", name);
    return Checkpoint::open(folder_ / "model.safetensors");
  }

  at::Tensor expected(const std::string& name) const { return paper_golden(name_).tensor(name); }

  void expect_unet(const Checkpoint& model, at::IntArrayRef x, std::int64_t tokens) const {
    const UNet unet = model.unet(at::kCPU, at::kFloat);
    const std::int64_t width = std::max<std::int64_t>(model.unet_config().context_dim, 1);
    const at::Tensor noise = unet.forward({.x = seeded_normal("input.unet.x", x),
        .timesteps = at::tensor({3, 987}),
        .context = seeded_normal("input.unet.context", {x[0], tokens, width})});
    EXPECT_LT(relative_error(noise, expected("unet")), kTolerance);
  }

  void expect_first_stage(const Checkpoint& model, at::IntArrayRef image, at::IntArrayRef latent) const {
    const at::Tensor pixels = seeded_normal("input.vae.image", image).clamp(-1, 1);
    const at::Tensor moments = model.vae_encoder(at::kCPU, at::kFloat).encode_moments(pixels);
    EXPECT_LT(relative_error(moments, expected("vae.moments")), kTolerance);
    const VAEDecoder decoder = model.vae_decoder(at::kCPU, at::kFloat);
    const at::Tensor z = seeded_normal("input.vae.latent", latent);
    EXPECT_LT(relative_error(decoder.decode(z), expected("vae.decoded")), kTolerance);
    if (model.vae_config().codebook > 0) {
      EXPECT_TRUE(decoder.code_indices(z).equal(expected("vae.codes")));
    }
  }

  const at::NoGradGuard no_grad_;
  TemporaryFolder folder_;
  std::string name_;
};

TEST_F(PaperModelsGolden, ClassConditionalAgreesWithDiffusers) {
  const Checkpoint model = open("cin");
  EXPECT_TRUE(model.unused().empty()) << model.unused().front();
  EXPECT_EQ(model.unet_config().depths, AttentionDepths::by_level({0, 1, 1, 1}, 1));
  EXPECT_EQ(model.unet_config().heads, 1);
  EXPECT_EQ(model.vae_config().codebook, 96);
  EXPECT_EQ(model.vae_config().downscale(), 4);
  EXPECT_EQ(model.latent_space().scale, 1);
  expect_unet(model, {2, 3, 16, 24}, 1);
  expect_first_stage(model, {1, 3, 48, 32}, {1, 3, 12, 8});
  ASSERT_NE(model.label_encoder(), nullptr);
  const std::vector<std::int64_t> labels{3, 10};
  EXPECT_TRUE(model.label_encoder()->context(labels).equal(expected("labels")));
}

TEST_F(PaperModelsGolden, SemanticSynthesisAgreesWithDiffusersAndTheFormulas) {
  const Checkpoint model = open("semantic");
  EXPECT_TRUE(model.unused().empty()) << model.unused().front();
  EXPECT_EQ(model.unet_config().depths, AttentionDepths::by_level({0, 0, 0}, 2));
  EXPECT_EQ(model.unet_config().context_dim, 0);
  EXPECT_EQ(model.unet_config().heads, 8);
  EXPECT_THAT(model.vae_config().level_attention, ElementsAre(false, false, true));
  expect_unet(model, {2, 6, 12, 8}, 77);
  expect_first_stage(model, {1, 3, 32, 48}, {1, 3, 8, 12});
  ASSERT_NE(model.spatial_rescaler(), nullptr);
  EXPECT_EQ(model.spatial_rescaler()->classes(), 14);
  EXPECT_EQ(model.spatial_rescaler()->channels(), 3);
  EXPECT_LT(relative_error((*model.spatial_rescaler())(expected("input.map")), expected("map")), kTolerance);
}

TEST_F(PaperModelsGolden, TextToImageAgreesWithDiffusers) {
  const Checkpoint model = open("txt2img");
  EXPECT_TRUE(model.unused().empty()) << model.unused().front();
  EXPECT_EQ(model.text_encoder_config().family, TextFamily::Bert);
  EXPECT_EQ(model.text_encoder_config().attention_width, 32);
  EXPECT_EQ(model.vae_config().codebook, 0);
  EXPECT_EQ(model.latent_space().scale, 0.18215);
  expect_unet(model, {2, 4, 8, 8}, 77);
  expect_first_stage(model, {1, 3, 32, 32}, {1, 4, 4, 4});
  const TextEncoder text = model.text_encoder(at::kCPU, at::kFloat);
  EXPECT_LT(relative_error(text.forward(expected("input.text.ids")).hidden, expected("text.hidden")), kTolerance);
}

/// What opening the changed tensors of a model says.
std::string error_with(const std::string& name, const std::function<void(TensorMap&)>& change) {
  const TemporaryFolder folder;
  TensorMap tensors = paper_tensors(name);
  change(tensors);
  write_safetensors(folder / "model.safetensors", tensors, paper_metadata(name));
  try {
    Checkpoint::open(folder / "model.safetensors");
  } catch (const ModelError& error) {
    return error.what();
  }
  return "no error";
}

TEST(PaperModels, NameVariantsOfVQThatAreNotSupported) {
  const std::string codebook = "first_stage_model.quantize.embedding.weight";
  EXPECT_THAT(error_with("cin",
                  [&](TensorMap& t) {
                    t["first_stage_model.quantize.embed.weight"] = t.at(codebook);
                    t.erase(codebook);
                  }),
      HasSubstr("Gumbel quantisation"));
  EXPECT_THAT(error_with("cin", [&](TensorMap& t) { t["first_stage_model.quantize.used"] = at::zeros({5}); }),
      HasSubstr("a codebook of which it uses a part"));
  EXPECT_THAT(error_with("cin", [&](TensorMap& t) { t.erase(codebook); }),
      HasSubstr("\"quantize.embedding.weight\" is missing"));
}

TEST(PaperModels, NameWhatIsMissingOrOfAnotherModel) {
  const std::string qkv = "model.diffusion_model.middle_block.1.qkv.weight";
  EXPECT_THAT(error_with("semantic", [&](TensorMap& t) { t[qkv] = t.at(qkv).narrow(0, 0, 100).contiguous(); }),
      HasSubstr("\"mid_block.attentions.0.to_q.weight\" [128, 128] is missing"));
  EXPECT_THAT(error_with("semantic",
                  [](TensorMap& t) { t["cond_stage_model.channel_mapper.weight"] = at::zeros({5, 14, 1, 1}); }),
      HasSubstr("gives 5 channels and its U-Net takes 3 beside the latent"));
  EXPECT_THAT(error_with("cin", [](TensorMap& t) { t["cond_stage_model.embedding.weight"] = at::zeros({11, 32}); }),
      HasSubstr("class embedder is 32 wide and its U-Net expects 48"));
  EXPECT_THAT(error_with("txt2img",
                  [](TensorMap& t) { t.erase("cond_stage_model.transformer.attn_layers.layers.1.1.net.2.weight"); }),
      HasSubstr("\"text_model.encoder.layers.0.mlp.fc2.weight\" [64, 256] is missing"));
  EXPECT_THAT(error_with("cin", [](TensorMap& t) { t["betas"] = at::zeros({1000}); }),
      HasSubstr("noise schedule (tensor \"betas\") is damaged"));
  EXPECT_THAT(error_with("cin", [](TensorMap& t) { t["cond_stage_model.encoder.conv_in.weight"] = at::zeros({1}); }),
      HasSubstr("conditioned on pictures"));
}

TEST(PaperModels, AreSampledOnTheNoiseTheyWereTrainedWith) {
  const TemporaryFolder folder;
  TensorMap tensors = paper_tensors("cin");
  const at::Tensor roots = at::linspace(std::sqrt(0.0015), std::sqrt(0.0195), 1000, at::kDouble);
  tensors["betas"] = (roots * roots).to(at::kFloat);
  write_safetensors(folder / "cin.safetensors", tensors, paper_metadata("cin"));
  const NoiseTable table = Checkpoint::open(folder / "cin.safetensors").noise_table();
  EXPECT_NEAR(table.sigma_min(), std::sqrt(0.0015 / (1 - 0.0015)), 1e-5);
  EXPECT_NEAR(table.sigma_max(), (at::cumprod(1 - roots * roots, 0)[-1].reciprocal() - 1).sqrt().item<double>(), 1e-2);
}

TEST(PaperModels, KeepStableDiffusionsNoiseToTheBitWhereTheirFilesBetasAreItsOwn) {
  const TemporaryFolder folder;
  TensorMap tensors = paper_tensors("txt2img");
  const at::Tensor roots = at::linspace(std::sqrt(0.00085), std::sqrt(0.012), 1000, at::kDouble);
  tensors["betas"] = (roots * roots).to(at::kHalf);
  write_safetensors(folder / "model.safetensors", tensors, paper_metadata("txt2img"));
  const NoiseTable table = Checkpoint::open(folder / "model.safetensors").noise_table(),
                   usual = NoiseTable::stable_diffusion();
  EXPECT_THAT(table.sigmas(), testing::ElementsAreArray(usual.sigmas()));
}

TEST(PaperModels, GiveTheirPartsThroughTheValuesOfTheGraph) {
  const TemporaryFolder folder;
  const auto open = [&](const char* name) {
    write_paper_model(folder / name, name);
    return std::make_shared<const Checkpoint>(Checkpoint::open(folder / name));
  };
  const auto classes = open("cin"), maps = open("semantic");
  EXPECT_THROW(Clip(classes).encode("a fox", Device()), NodeError);
  EXPECT_THROW(weft::LabelEncoder(maps->label_encoder(), "semantic").get(), NodeError);
  EXPECT_THROW(weft::SpatialRescaler(classes->spatial_rescaler(), "cin").get(), NodeError);
  EXPECT_EQ(Clip(maps).encode("whatever", Device()).entries.at(0).context.numel(), 1) << "it attends to nothing";
  const Vae vae(classes, "float32");
  const at::Tensor latent = vae.encoder(Device())(at::zeros({1, 3, 16, 16}));
  EXPECT_EQ(latent.sizes(), at::IntArrayRef({1, 3, 4, 4}));
  EXPECT_EQ(vae.decoder(Device())(latent).sizes(), at::IntArrayRef({1, 3, 16, 16}));
}

TEST(PaperModels, ReadBertsWordsFromAFileBesideThem) {
  const TemporaryFolder folder;
  write_paper_model(folder / "model.safetensors", "txt2img");
  std::ofstream(folder / "vocab.txt") << "[PAD]\n[UNK]\n[CLS]\n[SEP]\na\nfox\n";
  const auto model = std::make_shared<const Checkpoint>(Checkpoint::open(folder / "model.safetensors"));
  EXPECT_EQ(Clip(model).encode("a fox", Device()).entries.at(0).context.sizes(), at::IntArrayRef({1, 77, 64}));
  EXPECT_THAT(Clip(model).find_tokens("a fox", "fox"), ElementsAre(2));
  std::ofstream(folder / "vocab.txt") << "a\nfox\n";
  const auto broken = std::make_shared<const Checkpoint>(Checkpoint::open(folder / "model.safetensors"));
  EXPECT_THROW(Clip(broken).encode("a fox", Device()), ModelError);
}

TEST(UNetAlone, IsReadFromAFileWithAndWithoutPrefixAndFromAFolder) {
  const TemporaryFolder folder;
  TensorMap bare;
  for (const auto& [name, tensor] : paper_tensors("semantic")) {
    if (name.starts_with("model.diffusion_model.")) bare[name.substr(22)] = tensor;
  }
  write_safetensors(folder / "bare.safetensors", bare, {{"weft.vae.scaling_factor", "0.5"}});
  write_paper_model(folder / "whole.safetensors", "semantic");
  write_folder(folder / "model", small_model());
  std::ofstream(folder / "model/unet/config.json")
      << R"({"attention_head_dim": 4, "norm_num_groups": 16, "scaling_factor": 0.25, "prediction_type": "v_prediction"})";
  const at::NoGradGuard no_grad;
  const auto noise = [&](const char* name) {
    const UNet unet = Checkpoint::open_unet(folder / name).unet(at::kCPU, at::kFloat);
    return unet.forward({.x = at::ones({1, unet.config().in_channels, 8, 8}),
        .timesteps = at::tensor({5}),
        .context = at::ones({1, 1, 32})});
  };
  EXPECT_TRUE(noise("bare.safetensors").equal(noise("whole.safetensors")));
  EXPECT_EQ(Checkpoint::open_unet(folder / "bare.safetensors").latent_space().scale, 0.5);
  EXPECT_EQ(noise("model/unet").size(1), 4);
  const Checkpoint inpainting = Checkpoint::open_unet(folder / "model/unet");
  EXPECT_EQ(inpainting.unet_config().in_channels, 9);
  EXPECT_EQ(inpainting.latent_space().scale, 0.25);
  EXPECT_EQ(inpainting.prediction(), Prediction::Velocity);
}

TEST(UNetAlone, SaysWhatAFileIsThatHoldsNone) {
  const TemporaryFolder folder;
  const auto error_of = [&](const char* tensor) -> std::string {
    write_safetensors(folder / "file.safetensors", {{tensor, at::zeros({1})}});
    try {
      Checkpoint::open_unet(folder / "file.safetensors");
    } catch (const ModelError& error) {
      return error.what();
    }
    return "no error";
  };
  EXPECT_THAT(error_of("decoder.conv_in.weight"), HasSubstr("holds no U-Net"));
  EXPECT_THAT(error_of("add_embedding.linear_1.weight"), HasSubstr("Stable Diffusion XL"));
  EXPECT_THAT(error_of("down_blocks.0.resnets.0.conv1.weight"), HasSubstr("\"conv_in.weight\" is missing"));
}

TEST(LabelEncoderFolder, BringsNamesAndTokens) {
  const TemporaryFolder folder;
  SmallModel model = small_model();
  write_folder(folder / "model", model);
  fs::remove_all(folder / "model/text_encoder");
  fs::create_directories(folder / "model/label_encoder");
  const at::Tensor table = seeded_normal("table", {3, 2 * 32});
  write_safetensors(folder / "model/label_encoder/model.safetensors", {{"embedding.weight", table}});
  const auto configure = [&](const char* json) { std::ofstream(folder / "model/label_encoder/config.json") << json; };
  configure(R"({"tokens": 2, "width": 32, "names": ["arctic fox", "owl", "any"], "unconditional": 2})");
  const Checkpoint read = Checkpoint::open(folder / "model");
  const LabelTable& labels = *read.label_encoder();
  EXPECT_EQ(labels.find("Arctic_Fox"), 0);
  EXPECT_EQ(labels.unconditional(), 2);
  EXPECT_FALSE(read.has(Part::TextEncoder));
  const std::vector<std::int64_t> owl{1};
  EXPECT_TRUE(labels.context(owl).equal(table.narrow(0, 1, 1).view({1, 2, 32})));
  configure(R"({"tokens": 3, "width": 32})");
  EXPECT_THROW(Checkpoint::open(folder / "model"), ModelError);
}

}  // namespace
}  // namespace weft::sd
