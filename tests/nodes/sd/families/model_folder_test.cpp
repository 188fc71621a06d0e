// Which files of a diffusers folder are read, and what is said of those that are not there.
#include <ATen/ATen.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>
#include <nlohmann/json.hpp>

#include "base/error.h"
#include "nodes/sd/families/checkpoint.h"
#include "nodes/sd/files/model_error.h"
#include "nodes/sd/files/weight_files.h"
#include "nodes/sd/values/values.h"
#include "tests/nodes/small_models.h"

namespace weft::sd {
namespace {

namespace fs = std::filesystem;
using nlohmann::json;
using testing::AllOf;
using testing::ElementsAre;
using testing::HasSubstr;

template <class Error = ModelError>
std::string error_of(const std::function<void()>& act) {
  try {
    act();
  } catch (const Error& error) {
    return error.what();
  }
  return "no error";
}

class WeightFiles : public testing::Test {
 protected:
  void touch(const std::string& name) { std::ofstream(folder_ / name) << "x"; }
  void write_index(const std::string& name, const std::vector<std::string>& shards) {
    json map;
    for (const auto& shard : shards) map["in " + shard] = shard;
    std::ofstream(folder_ / name) << json{{"metadata", {{"total_size", 8}}}, {"weight_map", map}};
  }
  std::vector<std::string> chosen(WholeFile whole) {
    std::vector<std::string> names;
    for (const auto& file : weight_files(folder_ / "", "w", whole)) names.push_back(file.filename());
    return names;
  }
  std::vector<std::string> by_diffusers() { return chosen(WholeFile::AfterShards); }
  std::vector<std::string> by_transformers() { return chosen(WholeFile::BeforeShards); }
  std::string error() {
    return error_of([&] { by_diffusers(); });
  }

  TemporaryFolder folder_;
};

constexpr const char* kFirst = "w-00001-of-00002.safetensors";
constexpr const char* kSecond = "w-00002-of-00002.safetensors";

TEST_F(WeightFiles, OfAWholeFileAndShardsAreThoseThatTheLibraryWouldTake) {
  for (const char* name : {"w.safetensors", kFirst, kSecond}) touch(name);
  EXPECT_THAT(by_diffusers(), ElementsAre("w.safetensors"));  // shards without an index are left over
  write_index("w.safetensors.index.json", {kFirst, kSecond});
  EXPECT_THAT(by_diffusers(), ElementsAre(kFirst, kSecond));
  EXPECT_THAT(by_transformers(), ElementsAre("w.safetensors"));
}

TEST_F(WeightFiles, ThatTheIndexNamesAreThereOrMissed) {
  write_index("w.safetensors.index.json", {kFirst, kSecond});
  touch(kFirst);
  EXPECT_THAT(error(),
      AllOf(HasSubstr("w.safetensors.index.json: names w-00002-of-00002.safetensors, which is not there"),
          HasSubstr("download the whole folder")));
  touch("w.safetensors");  // saved again in one piece: the old index stays
  EXPECT_THAT(error(), HasSubstr("delete the index if it is older than w.safetensors"));
  EXPECT_THAT(by_transformers(), ElementsAre("w.safetensors"));
}

TEST_F(WeightFiles, WithoutAnIndexAreAllShardsOrNone) {
  touch(kSecond);
  EXPECT_THAT(error(), HasSubstr("lacks shard 1 of 2 of w"));
  touch(kFirst);
  EXPECT_THAT(by_diffusers(), ElementsAre(kFirst, kSecond));
}

TEST_F(WeightFiles, OfAVariantAreTakenWhereItIsTheOnlyOne) {
  touch("w.fp16.safetensors");
  EXPECT_THAT(by_diffusers(), ElementsAre("w.fp16.safetensors"));
  touch("w.non_ema.safetensors");
  EXPECT_THAT(error(),
      AllOf(HasSubstr("has only variants of w.safetensors: fp16 and non_ema"),
          HasSubstr("rename the one to be used to w.safetensors")));
  touch("w.safetensors");
  EXPECT_THAT(by_diffusers(), ElementsAre("w.safetensors"));
}

TEST_F(WeightFiles, OfAVariantMayBeShards) {
  touch("w.fp16-00001-of-00001.safetensors");
  touch("w.fp16.safetensors");
  write_index("w.safetensors.index.fp16.json", {"w.fp16-00001-of-00001.safetensors"});
  EXPECT_THAT(by_diffusers(), ElementsAre("w.fp16-00001-of-00001.safetensors"));
}

TEST_F(WeightFiles, OfADamagedIndexAreRefused) {
  const auto error_with = [&](const std::string& text) {
    std::ofstream(folder_ / "w.safetensors.index.json") << text;
    const std::string said = error();
    EXPECT_THAT(said, HasSubstr("w.safetensors.index.json")) << text;
    return said;
  };
  EXPECT_THAT(error_with(""), HasSubstr("is not JSON"));
  EXPECT_THAT(error_with("[1]"), HasSubstr("is not a JSON object"));
  EXPECT_THAT(error_with(std::string(100'000, '[')), HasSubstr("nested deeper than"));
  EXPECT_THAT(error_with("{}"), HasSubstr("no weight_map"));
  EXPECT_THAT(error_with(R"({"weight_map": 3})"), HasSubstr("no weight_map"));
  EXPECT_THAT(error_with(R"({"weight_map": {"a": 3}})"), HasSubstr("names no file for \"a\""));
  EXPECT_THAT(error_with(R"({"weight_map": {"a": "../w.safetensors"}})"), HasSubstr("no file of its folder"));
  EXPECT_THAT(error_with(R"({"weight_map": {"a": ""}})"), HasSubstr("no file of its folder"));
}

class ModelFolder : public testing::Test {
 protected:
  void SetUp() override { write_folder(model_, small_model()); }

  void write_json(const std::string& name, const json& value) {
    fs::create_directories((model_ / name).parent_path());
    std::ofstream(model_ / name) << value;
  }
  std::shared_ptr<const Checkpoint> open() const {
    return std::make_shared<const Checkpoint>(Checkpoint::open(model_));
  }
  std::string error() const {
    return error_of([&] { open(); });
  }
  std::string encoding_error() const {
    return error_of<NodeError>([&] { Clip(open()).encode("a fox", Device()); });
  }

  TemporaryFolder folder_;
  fs::path model_ = folder_ / "model";
};

constexpr const char* kClass = "_class_name";

TEST_F(ModelFolder, WithoutTheTextEncoderThatItListsSaysSo) {
  fs::remove_all(model_ / "text_encoder");
  write_json(
      "model_index.json", {{kClass, "StableDiffusionPipeline"}, {"text_encoder", {"transformers", "CLIPTextModel"}}});
  EXPECT_THAT(encoding_error(),
      AllOf(HasSubstr("'model' lacks the folder 'text_encoder', which its model_index.json lists"),
          HasSubstr("download the whole folder")));
  fs::create_directories(model_ / "label_encoder");
  write_safetensors(model_ / "label_encoder/model.safetensors", {{"embedding.weight", at::ones({3, 32})}});
  EXPECT_THAT(encoding_error(), HasSubstr("lacks the folder 'text_encoder'"));
  write_json("model_index.json", {{kClass, "StableDiffusionPipeline"}, {"text_encoder", {nullptr, nullptr}}});
  EXPECT_THAT(encoding_error(), HasSubstr("was trained without text"));
}

TEST_F(ModelFolder, WithoutAVAEOpensAndSaysWhatToConnect) {
  fs::remove_all(model_ / "vae");
  write_json("model_index.json", {{kClass, "StableDiffusionPipeline"}, {"vae", {"diffusers", "AutoencoderKL"}}});
  const Vae vae(open(), "float32");
  for (const auto& use : {std::function<void()>([&] { vae.decoder(Device()); }),
           std::function<void()>([&] { vae.encoder(Device()); }), std::function<void()>([&] { vae.space(); })})
    EXPECT_THAT(error_of<NodeError>(use),
        AllOf(HasSubstr("'model' lacks the folder 'vae', which its model_index.json lists"), HasSubstr("vae.load")));
}

// Whose defaults would make another picture of a model that predicts v.
TEST_F(ModelFolder, WithoutTheSchedulerThatItListsIsRefused) {
  const auto list = [&](const json& scheduler) {
    write_json("model_index.json", {{kClass, "StableDiffusionPipeline"}, {"scheduler", scheduler}});
  };
  list({"diffusers", "PNDMScheduler"});
  EXPECT_THAT(error(),
      AllOf(HasSubstr("model: lacks scheduler/scheduler_config.json, which its model_index.json lists"),
          HasSubstr("download the whole folder")));
  list({nullptr, nullptr});
  EXPECT_EQ(error(), "no error");
  list({"diffusers", "PNDMScheduler"});
  write_json("scheduler/scheduler_config.json", {{"prediction_type", "v_prediction"}});
  EXPECT_EQ(error(), "no error");
}

TEST_F(ModelFolder, WithoutTheTokenizerThatItListsNeedsTheUsualVocabulary) {
  const auto list = [&](const json& tokenizer) {
    write_json("model_index.json", {{kClass, "StableDiffusionPipeline"}, {"tokenizer", tokenizer}});
  };
  list({"transformers", "CLIPTokenizer"});
  EXPECT_THAT(error(),
      AllOf(HasSubstr("model: lacks the folder 'tokenizer', which its model_index.json lists"),
          HasSubstr("download the whole folder")));
  SmallModel usual = small_model();
  usual.text.vocab = 49408;
  write_folder(model_, usual);
  list({"transformers", "CLIPTokenizer"});
  EXPECT_THAT(open()->ignored(),
      ElementsAre(AllOf(HasSubstr("lacks the folder 'tokenizer'"), HasSubstr("the usual vocabulary is used"))));
  list({nullptr, nullptr});
  EXPECT_TRUE(open()->ignored().empty());
}

TEST(SingleFile, WithoutVAEAndTextEncoderOpens) {
  const TemporaryFolder folder;
  TensorMap tensors;
  for (const auto& [name, tensor] : ldm_tensors(small_model()))
    if (name.starts_with("model.diffusion_model.")) tensors[name] = tensor;
  tensors["cond_stage_model.transformer.text_model.embeddings.position_ids"] = at::arange(77);  // what is left of it
  write_safetensors(folder / "m.safetensors", tensors, metadata_of(small_model()));
  const auto model = std::make_shared<const Checkpoint>(Checkpoint::open(folder / "m.safetensors"));
  EXPECT_EQ(model->latent_space().scale, 0.18215);
  EXPECT_NO_THROW(model->unet(at::kCPU, at::kFloat));
  EXPECT_THAT(
      error_of<NodeError>([&] { Vae(model, "float32").decoder(Device()); }), HasSubstr("'m.safetensors' has no VAE"));
  EXPECT_THAT(error_of<NodeError>([&] { Clip(model).encode("a", Device()); }),
      HasSubstr("'m.safetensors' has no text encoder"));
}

TEST_F(ModelFolder, ReadsShardsAndTheIndexOfAUNet) {
  const SafetensorsFile whole = SafetensorsFile::open(model_ / "unet/diffusion_pytorch_model.safetensors");
  std::array<TensorMap, 2> shards;
  json map;
  for (const auto& [name, entry] : whole.entries()) {
    const std::size_t shard = map.size() % 2;
    shards[shard][name] = whole.tensor(name);
    map[name] = "diffusion_pytorch_model-0000" + std::to_string(shard + 1) + "-of-00002.safetensors";
  }
  for (std::size_t i = 0; i < shards.size(); ++i)
    write_safetensors(
        model_ / ("unet/diffusion_pytorch_model-0000" + std::to_string(i + 1) + "-of-00002.safetensors"), shards[i]);
  write_json("unet/diffusion_pytorch_model.safetensors.index.json", {{"weight_map", map}});
  write_safetensors(model_ / "unet/diffusion_pytorch_model.safetensors", {{"of.something.else", at::ones({1})}});
  EXPECT_NO_THROW(open()->unet(at::kCPU, at::kFloat));
}

// diffusers' convert_diffusers_to_original_stable_diffusion.py with transformers 5.
TEST(SingleFile, MayNameItsTextEncoderWithoutTextModel) {
  const TemporaryFolder folder;
  TensorMap tensors;
  const std::string with = "cond_stage_model.transformer.text_model.", without = "cond_stage_model.transformer.";
  for (const auto& [name, tensor] : ldm_tensors(small_model()))
    tensors[name.starts_with(with) ? without + name.substr(with.size()) : name] = tensor;
  ASSERT_TRUE(tensors.contains("cond_stage_model.transformer.embeddings.token_embedding.weight"));
  write_safetensors(folder / "m.safetensors", tensors, metadata_of(small_model()));
  const Checkpoint model = Checkpoint::open(folder / "m.safetensors");
  EXPECT_TRUE(model.has(Part::TextEncoder));
  EXPECT_TRUE(model.unused().empty());
}

TEST(SingleFile, IgnoresBetasOfFewBits) {
  const TemporaryFolder folder;
  const auto sigma_max = [&](const at::Tensor& betas) {
    TensorMap tensors = ldm_tensors(small_model());
    tensors["betas"] = betas;
    tensors["scale_factor"] = at::scalar_tensor(0.18215).to(betas.scalar_type());
    write_safetensors(folder / "m.safetensors", tensors, metadata_of(small_model()));
    const Checkpoint model = Checkpoint::open(folder / "m.safetensors");
    EXPECT_EQ(model.latent_space().scale, 0.18215);
    return model.noise_table().sigma_max();
  };
  const std::vector<double> usual = scaled_linear_betas(0.00085, 0.012, 1000);
  const at::Tensor betas = at::tensor(usual);
  const float expected = NoiseTable::stable_diffusion().sigma_max();
  for (const at::ScalarType type : {at::kFloat, at::kHalf, at::kBFloat16, at::kFloat8_e4m3fn, at::kFloat8_e5m2})
    EXPECT_EQ(sigma_max(betas.to(type)), expected) << type;
  EXPECT_NEAR(sigma_max((betas / 2).to(at::kFloat)),
      NoiseTable::from_betas(std::vector<double>([&] {
        auto half = usual;
        for (double& b : half) b /= 2;
        return half;
      }()))
          .sigma_max(),
      1e-4);
}

TEST(SingleFile, MayCarryTensorsOfAnyTypeThatNobodyNeeds) {
  const TemporaryFolder folder;
  TensorMap tensors = ldm_tensors(small_model());
  tensors["model.diffusion_model.spectrum"] = at::ones({2}, at::kComplexFloat);
  tensors["extra.fnuz"] = at::ones({4}).to(at::kFloat8_e4m3fnuz);
  write_safetensors(folder / "m.safetensors", tensors, metadata_of(small_model()));
  EXPECT_NO_THROW(Checkpoint::open(folder / "m.safetensors").unet(at::kCPU, at::kFloat));

  const std::string needed = "model.diffusion_model.input_blocks.1.0.in_layers.2.weight";
  const at::Tensor good = tensors.at(needed);
  tensors[needed] = good.to(at::kFloat8_e5m2fnuz);
  write_safetensors(folder / "m.safetensors", tensors, metadata_of(small_model()));
  EXPECT_NO_THROW(Checkpoint::open(folder / "m.safetensors").unet(at::kCPU, at::kFloat));
  for (const at::ScalarType type : {at::kComplexFloat, at::kChar}) {
    tensors[needed] = good.to(type);
    write_safetensors(folder / "m.safetensors", tensors, metadata_of(small_model()));
    EXPECT_THAT(error_of([&] { Checkpoint::open(folder / "m.safetensors"); }),
        HasSubstr("tensor \"" + needed + "\" has dtype " + (type == at::kChar ? "I8" : "C64")));
  }
}

}  // namespace
}  // namespace weft::sd
