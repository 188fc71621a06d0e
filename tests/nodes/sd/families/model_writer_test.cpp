// What is written has the names, the shapes and the bits of the files that the community has.
#include "nodes/sd/families/model_writer.h"

#include <ATen/ATen.h>
#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>

#include "nodes/sd/files/model_error.h"
#include "nodes/sd/networks/weight_loader.h"
#include "tests/nodes/family_models.h"
#include "tests/nodes/small_models.h"

namespace weft::sd {
namespace {

using testing::HasSubstr;

TensorMap written(const std::shared_ptr<const Checkpoint>& model, WrittenLayout layout, const WrittenType& type = {}) {
  TensorMap tensors;
  for (const PartInfo& part : parts()) {
    if (!model->has(part.part) || part.part == Part::Marks) continue;
    for (const TensorToWrite& tensor : tensors_to_write({model, part.part}, layout, type)) {
      tensors[tensor.name] = tensor.read();
      EXPECT_EQ(tensors[tensor.name].sizes(), at::IntArrayRef(tensor.shape)) << tensor.name;
      EXPECT_EQ(tensors[tensor.name].scalar_type(), tensor.type) << tensor.name;
    }
  }
  return tensors;
}

void expect_same(const TensorMap& given, const TensorMap& wanted) {
  for (const auto& [name, tensor] : wanted) {
    const auto found = given.find(name);
    ASSERT_NE(found, given.end()) << name << " is missing";
    EXPECT_EQ(found->second.sizes(), tensor.sizes()) << name;
    EXPECT_TRUE(found->second.equal(tensor)) << name;
  }
  EXPECT_EQ(given.size(), wanted.size());
}

class ModelWriter : public testing::Test {
 protected:
  std::shared_ptr<const Checkpoint> open(const std::filesystem::path& path) {
    return std::make_shared<const Checkpoint>(Checkpoint::open(path));
  }
  const TemporaryFolder folder_;
};

TEST_F(ModelWriter, ASingleFileIsWrittenAsItWasRead) {
  for (const SmallModel& model : {small_model(), medium_model()}) {
    write_single_file(folder_ / (model.name + ".safetensors"), model);
    expect_same(written(open(folder_ / (model.name + ".safetensors")), WrittenLayout::SingleFile), ldm_tensors(model));
  }
}

TEST_F(ModelWriter, AFolderBecomesTheSameSingleFile) {
  write_folder(folder_ / "medium", medium_model());
  expect_same(written(open(folder_ / "medium"), WrittenLayout::SingleFile), ldm_tensors(medium_model()));
}

TEST_F(ModelWriter, HalvesStayAsTheyAre) {
  TensorMap tensors = ldm_tensors(medium_model());
  for (auto& [name, tensor] : tensors) tensor = tensor.to(name.size() % 2 == 0 ? at::kHalf : at::kBFloat16);
  write_safetensors(folder_ / "half.safetensors", tensors, metadata_of(medium_model()));
  expect_same(written(open(folder_ / "half.safetensors"), WrittenLayout::SingleFile), tensors);
}

class FamilyWriter : public ModelWriter, public testing::WithParamInterface<const char*> {};

TEST_P(FamilyWriter, ASingleFileIsWrittenAsItWasRead) {
  const TensorMap tensors = single_file_tensors(family_case(GetParam()));
  write_safetensors(folder_ / "m.safetensors", tensors, {{"weft.text.eos_id", "999"}, {"weft.text2.eos_id", "999"}});
  expect_same(written(open(folder_ / "m.safetensors"), WrittenLayout::SingleFile), tensors);
}

INSTANTIATE_TEST_SUITE_P(Families, FamilyWriter, testing::Values("sd2", "xl", "refiner"));

TEST_F(ModelWriter, ALayerThatFoldersLeaveOutIsTheLastOneAgain) {
  write_family_folder(folder_ / "sd2", family_case("sd2"));
  const TensorMap tensors = written(open(folder_ / "sd2"), WrittenLayout::SingleFile);
  const std::string layer = "cond_stage_model.model.transformer.resblocks.";
  ASSERT_TRUE(tensors.contains(layer + "1.mlp.c_fc.weight"));
  ASSERT_TRUE(tensors.contains(layer + "2.mlp.c_fc.weight"));
  EXPECT_FALSE(tensors.contains(layer + "3.mlp.c_fc.weight"));
  EXPECT_TRUE(tensors.at(layer + "2.mlp.c_fc.weight").equal(tensors.at(layer + "1.mlp.c_fc.weight")));
}

TEST_F(ModelWriter, ModelsBeforeStableDiffusionAreRefused) {
  write_single_file(folder_ / "medium.safetensors", medium_model());
  TensorMap tensors = ldm_tensors(medium_model());
  std::erase_if(tensors, [](const auto& tensor) { return tensor.first.starts_with("cond_stage_model."); });
  tensors["cond_stage_model.embedding.weight"] = at::zeros({10, 64});
  write_safetensors(folder_ / "classes.safetensors", tensors, metadata_of(medium_model()));
  try {
    written(open(folder_ / "classes.safetensors"), WrittenLayout::SingleFile);
    FAIL();
  } catch (const ModelError& error) {
    EXPECT_THAT(error.what(), HasSubstr("of which no single file is written"));
  }
}

TEST_F(ModelWriter, Fp8IsScaledToItsRangeAndReadBack) {
  write_single_file(folder_ / "medium.safetensors", medium_model());
  const TensorMap tensors =
      written(open(folder_ / "medium.safetensors"), WrittenLayout::SingleFile, {at::kFloat8_e4m3fn, /*scaled=*/true});
  write_safetensors(folder_ / "fp8.safetensors", tensors, metadata_of(medium_model()));
  const auto again = open(folder_ / "fp8.safetensors");
  EXPECT_TRUE(again->unused().empty());
  const std::string name = "down_blocks.0.attentions.0.transformer_blocks.0.attn1.to_q.weight";
  const at::Tensor whole = tensors_of(medium_model()).unet.at(name);
  EXPECT_EQ(again->stored_type(Part::UNet, name), "F8_E4M3 (scaled)");
  const at::Tensor given = again->weights(Part::UNet, at::kCPU, at::kFloat)->get(name, whole.sizes(), Init::Zeros);
  EXPECT_LE((given - whole).abs().max().item<double>(), whole.abs().max().item<double>() / 16);
  EXPECT_FALSE(given.equal(whole));
}

TEST_F(ModelWriter, ATableOfItsOwnIsWrittenWithTheModel) {
  write_folder(folder_ / "medium", medium_model());
  std::filesystem::create_directories(folder_ / "medium/scheduler");
  std::ofstream(folder_ / "medium/scheduler/scheduler_config.json")
      << R"({"beta_start": 0.001, "beta_end": 0.02, "beta_schedule": "linear", "prediction_type": "v_prediction"})";
  const auto model = open(folder_ / "medium");
  std::vector<TensorToWrite> tensors = marks_of(*model);
  for (TensorToWrite& tensor : tensors_to_write({model, Part::UNet}, WrittenLayout::SingleFile))
    tensors.push_back(tensor);
  stream_safetensors(folder_ / "unet.safetensors", tensors, metadata_of(*model, {Part::UNet}));
  const Checkpoint again = Checkpoint::open_unet(folder_ / "unet.safetensors");
  EXPECT_EQ(again.prediction(), Prediction::Velocity);
  for (const std::size_t i : {0U, 500U, 999U})
    EXPECT_NEAR(
        again.noise_table().sigmas()[i], model->noise_table().sigmas()[i], 2e-4 * model->noise_table().sigmas()[i]);
}

TEST_F(ModelWriter, NothingIsLeftOfAFileThatCouldNotBeWritten) {
  TensorToWrite broken{"a", at::kFloat, {4}, []() -> at::Tensor { throw ModelError("x", "is damaged", ""); }};
  EXPECT_THROW(stream_safetensors(folder_ / "a.safetensors", {broken}), ModelError);
  EXPECT_TRUE(std::filesystem::is_empty(folder_ / ""));
  const TensorToWrite huge{"a", at::kFloat, {std::int64_t{1} << 50}, [] { return at::zeros({1}); }};
  try {
    stream_safetensors(folder_ / "a.safetensors", {huge});
    FAIL();
  } catch (const ModelError& error) {
    EXPECT_THAT(error.what(), HasSubstr("free on its disk"));
  }
}

}  // namespace
}  // namespace weft::sd
