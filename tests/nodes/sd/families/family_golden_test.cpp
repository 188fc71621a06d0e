// The families that came after Stable Diffusion 1, scaled down, against diffusers and transformers, read from both layouts
// (tests/reference/make_family_golden.py).
#include <ATen/ATen.h>
#include <ATen/core/grad_mode.h>
#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>
#include <nlohmann/json.hpp>

#include "nodes/sd/families/checkpoint.h"
#include "nodes/sd/families/config_hints.h"
#include "nodes/sd/files/model_error.h"
#include "nodes/sd/files/safetensors.h"
#include "tests/nodes/family_models.h"
#include "tests/nodes/small_models.h"

namespace weft::sd {
namespace {

namespace fs = std::filesystem;

at::Tensor token_ids() {
  const at::Tensor ids = at::full({2, 77}, 999, at::kLong);
  for (std::int64_t row = 0; row < 2; ++row) {
    ids[row][0] = 998;
    for (std::int64_t i = 0; i < (row == 0 ? 5 : 75); ++i) ids[row][1 + i] = (7 * i + 3) % 997;
  }
  return ids;
}

double relative_error(const at::Tensor& found, const at::Tensor& expected) {
  EXPECT_EQ(found.sizes(), expected.sizes());
  return ((found - expected).norm() / expected.norm()).item<double>();
}

class FamilyGolden : public testing::TestWithParam<std::tuple<const char*, const char*>> {
 protected:
  fs::path written(const FamilyCase& given, const std::string& layout) {
    const fs::path path = folder_ / (layout == "folder" ? "model" : "model.safetensors");
    if (layout == "folder") {
      write_family_folder(path, given);
    } else {
      write_safetensors(path, single_file_tensors(given), {{"weft.text.eos_id", "999"}});
    }
    return path;
  }

  at::Tensor expected(const std::string& name) const { return golden_.tensor(name); }

  const at::NoGradGuard no_grad_;
  TemporaryFolder folder_;
  SafetensorsFile golden_ = SafetensorsFile::open(golden("families.safetensors"));
};

TEST_P(FamilyGolden, AgreesWithDiffusersAndTransformers) {
  const auto [name, layout] = GetParam();
  const FamilyCase given = family_case(name);
  const Checkpoint model = Checkpoint::open(written(given, layout));
  EXPECT_EQ(model.family().name, given.family);
  EXPECT_THAT(model.unused(), testing::IsEmpty());
  EXPECT_TRUE(model.unet_config().depths == given.unet.depths);

  const at::Tensor noise = model.unet(at::kCPU, at::kFloat).forward(seeded_call(given, model.family().vector));
  EXPECT_LT(relative_error(noise, expected(name + std::string(".unet"))), 1e-5);

  int index = 0;
  for (const TextSlot& slot : model.family().texts) {
    const TextEncoding encoded = model.text_encoder(at::kCPU, at::kFloat, slot.part).forward(token_ids());
    const std::string prefix = fmt::format("{}.text{}.", name, index++);
    const at::Tensor hidden = encoded.hidden.slice(1, 0, 77, 7);
    EXPECT_LT(relative_error(hidden, expected(prefix + "hidden")), 1e-5) << prefix;
    if (name == std::string("sd2")) continue;  // whose pooled encoding nobody needs
    EXPECT_LT(relative_error(encoded.pooled, expected(prefix + "pooled")), 1e-5) << prefix;
  }
}

INSTANTIATE_TEST_SUITE_P(Layouts, FamilyGolden,
    testing::Values(std::tuple("sd2", "single"), std::tuple("sd2", "folder"), std::tuple("xl", "single"),
        std::tuple("xl", "folder"), std::tuple("refiner", "single"), std::tuple("refiner", "folder"),
        std::tuple("ssd", "folder")),
    [](const auto& info) { return std::string(std::get<0>(info.param)) + "_" + std::get<1>(info.param); });

// ComfyUI's marks, weights-on-disk's questions 12 and 13.
TEST(Predictions, OfSdxlAreMarkedByTensorsWithoutElements) {
  const TemporaryFolder folder;
  TensorMap tensors = single_file_tensors(family_case("xl"));
  const auto opened = [&](const std::vector<std::string>& marks) {
    TensorMap marked = tensors;
    for (const std::string& mark : marks) marked[mark] = at::empty({0});
    write_safetensors(folder / "m.safetensors", marked);
    return Checkpoint::open(folder / "m.safetensors");
  };
  EXPECT_EQ(opened({}).prediction(), Prediction::Noise);
  EXPECT_EQ(opened({"v_pred"}).prediction(), Prediction::Velocity);
  EXPECT_NEAR(opened({"v_pred"}).noise_table().sigma_max(), 14.61, 0.01);
  EXPECT_EQ(opened({"ztsnr"}).prediction(), Prediction::Noise);
  EXPECT_NEAR(opened({"ztsnr"}).noise_table().sigma_max(), 14.61, 0.01) << "alone it does nothing";
  EXPECT_GT(opened({"v_pred", "ztsnr"}).noise_table().sigma_max(), 4000);
  EXPECT_THAT(opened({"v_pred", "ztsnr"}).unused(), testing::IsEmpty());
}

/// weights-on-disk's question 13: Playground v2.5 and CosXL.
TEST(Predictions, OfSdxlAtAllNoiseLevelsAreMarkedToo) {
  const TemporaryFolder folder;
  const auto opened = [&](const TensorMap& marks) {
    TensorMap marked = single_file_tensors(family_case("xl"));
    marked.insert(marks.begin(), marks.end());
    write_safetensors(folder / "m.safetensors", marked);
    return Checkpoint::open(folder / "m.safetensors");
  };
  const at::Tensor none = at::empty({0});
  const Checkpoint playground = opened({{"edm_mean", at::zeros({1, 4, 1, 1})}, {"edm_std", at::ones({1, 4, 1, 1})}});
  EXPECT_EQ(playground.prediction(), Prediction::Edm);
  EXPECT_EQ(playground.sampling().data_deviation, 0.5);
  EXPECT_NEAR(playground.noise_table().sigma_max(), 80, 1e-3);
  EXPECT_NEAR(playground.noise_table().sigma_min(), 0.002, 1e-6);
  EXPECT_EQ(playground.latent_space().statistics, playground_latents().statistics);
  EXPECT_EQ(playground.latent_space().scale, 0.5);
  EXPECT_THAT(playground.unused(), testing::IsEmpty());
  EXPECT_EQ(opened({{"edm_mean", none}}).prediction(), Prediction::Noise) << "both are needed";

  const Checkpoint cos = opened({{"edm_vpred.sigma_max", at::tensor(120.0).to(at::kHalf)}, {"v_pred", none}});
  EXPECT_EQ(cos.prediction(), Prediction::Velocity);
  EXPECT_EQ(cos.sampling().data_deviation, 1);
  EXPECT_NEAR(cos.noise_table().sigma_max(), 120, 1e-2);
  EXPECT_NEAR(cos.noise_table().sigma_min(), 0.002, 1e-6);
  EXPECT_EQ(cos.latent_space().scale, 0.13025);
  const Checkpoint narrow =
      opened({{"edm_vpred.sigma_max", at::tensor(50.0f)}, {"edm_vpred.sigma_min", at::tensor(0.1f)}});
  EXPECT_NEAR(narrow.noise_table().sigma_min(), 0.1, 1e-5);
  EXPECT_THROW(opened({{"edm_vpred.sigma_max", at::tensor(-1.0f)}}), ModelError);
}

/// As diffusers' folder of Playground v2.5 says it.
TEST(Predictions, OfAFolderAtAllNoiseLevelsStandInItsScheduler) {
  const TemporaryFolder folder;
  write_family_folder(folder / "model", family_case("xl"));
  const auto configure = [&](const char* part, const nlohmann::json& more) {
    std::ifstream in(folder / "model" / part);
    nlohmann::json config = in ? nlohmann::json::parse(in) : nlohmann::json::object();
    config.update(more);
    fs::create_directories((folder / "model" / part).parent_path());
    std::ofstream(folder / "model" / part) << config;
  };
  const auto opened = [&](const char* prediction) {
    configure("scheduler/scheduler_config.json",
        {{"_class_name", "EDMDPMSolverMultistepScheduler"}, {"prediction_type", prediction}, {"sigma_data", 0.5},
            {"sigma_max", 70.0}, {"sigma_min", 0.01}, {"final_sigmas_type", "zero"}});
    return Checkpoint::open(folder / "model");
  };
  const Checkpoint epsilon = opened("epsilon");
  EXPECT_EQ(epsilon.prediction(), Prediction::Edm);
  EXPECT_EQ(epsilon.sampling().data_deviation, 0.5);
  EXPECT_NEAR(epsilon.noise_table().sigma_max(), 70, 1e-3);
  EXPECT_NEAR(epsilon.noise_table().sigma_min(), 0.01, 1e-6);
  EXPECT_THAT(epsilon.ignored(), testing::IsEmpty());
  EXPECT_EQ(opened("v_prediction").prediction(), Prediction::Velocity);

  configure("vae/config.json",
      {{"scaling_factor", 0.5}, {"latents_mean", {1.0, 2.0, 3.0, 4.0}}, {"latents_std", {5.0, 6.0, 7.0, 8.0}}});
  const ConfigHints hints = hints_from_folder(folder / "model");
  ASSERT_TRUE(hints.latent_statistics);
  EXPECT_EQ(hints.latent_statistics->mean[3], 4);
  EXPECT_EQ(hints.latent_statistics->deviation[0], 5);
  EXPECT_THAT(hints.ignored, testing::IsEmpty());
}

TEST(LatentSpaces, OfSdxlHaveTheirOwnScale) {
  const TemporaryFolder folder;
  write_safetensors(folder / "m.safetensors", single_file_tensors(family_case("xl")));
  EXPECT_EQ(Checkpoint::open(folder / "m.safetensors").latent_space().scale, 0.13025);
}

}  // namespace
}  // namespace weft::sd
