// Families as data: which one a model is recognised as, and that what two of their tables say agrees.
#include <ATen/ATen.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "nodes/sd/families/checkpoint.h"
#include "nodes/sd/families/tensor_names.h"
#include "nodes/sd/sampling/noise_schedule.h"
#include "tests/nodes/paper_models.h"
#include "tests/nodes/small_models.h"

namespace weft::sd {
namespace {

/// A U-Net that is nothing but the tensors by which it is known.
PartTensors unet_of(std::int64_t width, std::int64_t context_width) {
  PartTensors tensors;
  tensors[Part::UNet]["down_blocks.0.resnets.0.conv1.weight"] = at::empty({width, width, 3, 3}, at::kMeta);
  if (context_width > 0)
    tensors[Part::UNet]["mid_block.attentions.0.transformer_blocks.0.attn2.to_k.weight"] =
        at::empty({width, context_width}, at::kMeta);
  return tensors;
}

std::string_view name_of(const PartTensors& tensors) { return family_of(ModelShapes(tensors)).name; }

TEST(Families, ArePublishedModelsByTheShapesOfTheirUNets) {
  EXPECT_EQ(name_of(unet_of(320, 768)), "Stable Diffusion 1.x");
  EXPECT_EQ(name_of(unet_of(320, 1280)), "latent diffusion");
  EXPECT_EQ(name_of(unet_of(192, 512)), "latent diffusion");
  EXPECT_EQ(name_of(unet_of(128, 0)), "latent diffusion");
}

TEST(Families, WhatNoneRecognisesIsReadAsStableDiffusion) {
  EXPECT_EQ(name_of({}), "Stable Diffusion 1.x");
  EXPECT_EQ(name_of(unet_of(64, 128)), "Stable Diffusion 1.x");
}

TEST(Families, AreRecognisedInEitherLayout) {
  const TemporaryFolder folder;
  write_single_file(folder / "file.safetensors", small_model());
  write_folder(folder / "folder", small_model());
  for (const char* name : {"file.safetensors", "folder"})
    EXPECT_EQ(Checkpoint::open(folder / name).family().name, "Stable Diffusion 1.x") << name;
  for (const char* name : {"cin", "semantic", "txt2img"}) {
    write_paper_model(folder / "paper.safetensors", name);
    EXPECT_EQ(Checkpoint::open(folder / "paper.safetensors").family().name, "latent diffusion") << name;
  }
}

TEST(Families, StableDiffusionIsWhatGeneralCodeAssumesOfModelsThatSayNothing) {
  const PartTensors tensors = unet_of(320, 768);
  const ModelShapes shapes(tensors);
  const Usual usual = family_of(shapes).usual(shapes);
  EXPECT_EQ(usual.latents, LatentSpace());
  EXPECT_THAT(NoiseTable::from_betas(scaled_linear_betas(usual.beta_start, usual.beta_end, 1000)).sigmas(),
      testing::ElementsAreArray(NoiseTable::stable_diffusion().sigmas()));
  const PartTensors large = unet_of(320, 1280);
  EXPECT_EQ(family_of(ModelShapes(large)).usual(ModelShapes(large)).latents, LatentSpace())
      << "trained on the same VAE";
}

TEST(Families, ErrorsNameThemAll) {
  EXPECT_EQ(use_a_known_family(),
      "use a Stable Diffusion 1.x, Stable Diffusion 2.x, latent diffusion, Stable Diffusion XL, Stable Diffusion XL "
      "refiner or Stable Diffusion 2.1 unCLIP checkpoint");
}

TEST(Families, NamesOfTheirTextEncodersDoNotMeet) {
  const LdmShape shape;
  EXPECT_EQ(canonical_from_ldm("cond_stage_model.transformer.attn_layers.layers.2.0.weight", shape)->name,
      "text_model.encoder.layers.1.layer_norm1.weight");
  EXPECT_EQ(canonical_from_ldm("cond_stage_model.transformer.text_model.final_layer_norm.bias", shape)->name,
      "text_model.final_layer_norm.bias");
  EXPECT_EQ(canonical_from_ldm("cond_stage_model.transformer.encoder.layers.1.mlp.fc1.bias", shape)->name,
      "text_model.encoder.layers.1.mlp.fc1.bias");
  EXPECT_EQ(canonical_from_ldm("cond_stage_model.embedding.weight", shape)->part, Part::LabelEncoder);
  EXPECT_FALSE(canonical_from_ldm("cond_stage_model.embedding.weight.more", shape));
  EXPECT_FALSE(canonical_from_ldm("cond_stage_model.embedding", shape));
  EXPECT_FALSE(canonical_from_ldm("model_ema.decay", shape));
}

TEST(Parts, EachHasARow) {
  EXPECT_EQ(title(Part::UNet), "U-Net");
  EXPECT_EQ(title(Part::SpatialRescaler), "spatial rescaler");
  for (std::size_t i = 0; i < parts().size(); ++i) EXPECT_EQ(parts()[i].part, static_cast<Part>(i));
}

}  // namespace
}  // namespace weft::sd
