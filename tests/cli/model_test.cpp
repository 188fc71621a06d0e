// weft model info and convert, weft models --details.
#include <gmock/gmock.h>

#include <cstdint>
#include <cstring>
#include <fstream>

#include "tests/cli/weft_program.h"

namespace weft::test {
namespace {

using nlohmann::json;
using testing::HasSubstr;

/// A safetensors file of float32 zeros.
std::string safetensors(
    const std::map<std::string, std::vector<std::int64_t>>& shapes, const json& metadata = json::object()) {
  json header = {{"__metadata__", metadata}};
  std::uint64_t offset = 0;
  for (const auto& [name, shape] : shapes) {
    std::uint64_t bytes = 4;
    for (const std::int64_t length : shape) bytes *= static_cast<std::uint64_t>(length);
    header[name] = {{"dtype", "F32"}, {"shape", shape}, {"data_offsets", {offset, offset + bytes}}};
    offset += bytes;
  }
  const std::string text = header.dump();
  std::uint64_t length = text.size();
  std::string file(sizeof length, '\0');
  std::memcpy(file.data(), &length, sizeof length);
  return file + text + std::string(offset, '\0');
}

const std::string kShipped = std::string(WEFT_SOURCE_DIR) + "/models/checkpoints/paper-cut";

class ModelCommand : public WeftProgram {
 protected:
  std::string model(const std::string& name, const std::map<std::string, std::vector<std::int64_t>>& shapes,
      const json& metadata = json::object()) const {
    return file(name, safetensors(shapes, metadata));
  }
  /// The shipped model without its classes, which no single file holds.
  std::string plain() const {
    const std::filesystem::path folder = scratch_ / "plain";
    if (std::filesystem::exists(folder)) return folder.string();
    std::filesystem::copy(kShipped, folder, std::filesystem::copy_options::recursive);
    std::filesystem::remove_all(folder / "label_encoder");
    return folder.string();
  }
  json info(const std::string& name) const {
    const Outcome told = weft({"model", "info", name, "--json"});
    EXPECT_EQ(told.exit, 0) << told.err;
    return json::parse(told.out, nullptr, false);
  }
};

TEST_F(ModelCommand, TellsWhatALoraIs) {
  const std::string layer = "lora_unet_down_blocks_0_attentions_0_transformer_blocks_0_attn2_to_k";
  model("ink.safetensors",
      {{layer + ".lora_down.weight", {4, 768}}, {layer + ".lora_up.weight", {320, 4}}, {layer + ".alpha", {1}},
          {"lora_te_text_model_encoder_layers_0_mlp_fc1.lora_down.weight", {8, 768}},
          {"lora_te_text_model_encoder_layers_0_mlp_fc1.lora_up.weight", {3072, 8}}},
      {{"ss_tag_frequency", R"({"10_ink": {"ink drawing": 20, "cat": 3}, "5_ink": {"cat": 1}})"},
          {"ss_resolution", "(512, 768)"}, {"ss_base_model_version", "sd_v1"}});
  const json told = info("ink.safetensors");
  EXPECT_EQ(told["kind"], "lora");
  EXPECT_EQ(told["family"], "Stable Diffusion 1.x");
  EXPECT_EQ(told["forms"], json({{"LoRA", 2}}));
  EXPECT_EQ(told["layers"], json({{"text", 1}, {"unet", 1}}));
  EXPECT_EQ(told["ranks"], json({4, 8}));
  EXPECT_EQ(told["trigger_words"], json({"ink drawing", "cat"}));
  EXPECT_EQ(told["resolution"], "512 x 768");
  EXPECT_EQ(told["dtype"], "F32");
  const std::string text = weft({"model", "info", "ink.safetensors"}).out;
  EXPECT_THAT(text, testing::ContainsRegex("rank +4 to 8\n"));
  EXPECT_THAT(text, testing::ContainsRegex("trigger words +ink drawing, cat\n"));
}

TEST_F(ModelCommand, TellsWhatAnEmbeddingIs) {
  model("word.safetensors", {{"clip_l", {3, 768}}, {"clip_g", {3, 1280}}});
  const json told = info("word.safetensors");
  EXPECT_EQ(told["kind"], "embedding");
  EXPECT_EQ(told["family"], "Stable Diffusion XL");
  EXPECT_EQ(told["vectors"], 3);
}

TEST_F(ModelCommand, TellsWhatACheckpointIs) {
  const json told = info(kShipped);
  EXPECT_EQ(told["kind"], "checkpoint");
  EXPECT_EQ(told["format"], "diffusers folder");
  EXPECT_TRUE(told["family"].is_string());
  EXPECT_EQ(told["prediction"], "epsilon");
  EXPECT_TRUE(told["parts"].contains("U-Net"));
  EXPECT_GT(told["parameters"], 1000);
  EXPECT_FALSE(told.contains("problem")) << told["problem"];
}

TEST_F(ModelCommand, SaysWhatIsWrong) {
  file("broken.safetensors", "no model at all");
  const Outcome told = weft({"model", "info", "broken.safetensors"});
  EXPECT_EQ(told.exit, 1);
  EXPECT_THAT(told.err, HasSubstr("broken.safetensors: "));
  EXPECT_EQ(weft({"model", "info", "none.safetensors"}).exit, 1);
  EXPECT_EQ(weft({"model", "info"}).exit, 2);
  EXPECT_EQ(weft({"model"}).exit, 2);
}

TEST_F(ModelCommand, ListsDetailsWhereTheyAreAskedFor) {
  model("models/embeddings/word.safetensors", {{"emb_params", {2, 768}}});
  const std::string plain = weft({"models"}).out, details = weft({"models", "--details"}).out;
  EXPECT_THAT(plain, testing::Not(HasSubstr("2 vectors")));
  EXPECT_THAT(details, HasSubstr("embedding, Stable Diffusion 1.x, F32, 2 vectors"));
  const json report = json::parse(weft({"models", "--details", "--json"}).out);
  for (const json& each : report["models"])
    if (each["name"] == "word.safetensors") {
      EXPECT_EQ(each["details"]["kind"], "embedding");
    }
}

TEST_F(ModelCommand, ConvertsAFolderToAFileAndBack) {
  const Outcome to_file = weft({"model", "convert", plain(), "one.safetensors"});
  ASSERT_EQ(to_file.exit, 0) << to_file.err;
  EXPECT_EQ(to_file.out, (scratch_ / "one.safetensors").string() + "\n");
  const Outcome to_folder = weft({"model", "convert", "one.safetensors", "again"});
  ASSERT_EQ(to_folder.exit, 0) << to_folder.err;
  const json first = info(plain()), one = info("one.safetensors"), again = info("again");
  for (const json& each : {one, again}) {
    EXPECT_EQ(each["family"], first["family"]);
    EXPECT_EQ(each["parameters"], first["parameters"]);
    EXPECT_EQ(each["prediction"], first["prediction"]);
    EXPECT_EQ(each["parts"]["VAE"]["scaling_factor"], first["parts"]["VAE"]["scaling_factor"]);
  }
  EXPECT_TRUE(std::filesystem::exists(scratch_ / "again/unet/config.json"));
}

TEST_F(ModelCommand, SaysWhatNoFileHolds) {
  EXPECT_THAT(
      weft({"model", "convert", kShipped, "x.safetensors"}).err, HasSubstr("of which no single file is written"));
}

TEST_F(ModelCommand, ConvertsTypes) {
  for (const auto& [name, type] : {std::pair("fp16", "F16"), std::pair("bf16", "BF16"), std::pair("fp32", "F32")}) {
    const std::string out = std::string(name) + ".safetensors";
    ASSERT_EQ(weft({"model", "convert", plain(), out, "--dtype", name}).exit, 0);
    EXPECT_EQ(info(out)["dtype"], type);
  }
  ASSERT_EQ(weft({"model", "convert", plain(), "small.safetensors", "--dtype", "fp8_e4m3fn_scaled"}).exit, 0);
  EXPECT_TRUE(info("small.safetensors")["parts"]["U-Net"]["types"].contains("F8_E4M3 (scaled)"));
  EXPECT_THAT(weft({"model", "convert", plain(), "folder", "--dtype", "fp8_e4m3fn_scaled"}).err,
      HasSubstr("folders know no scales"));
  EXPECT_EQ(weft({"model", "convert", plain(), "x.safetensors", "--dtype", "fp4"}).exit, 2);
}

TEST_F(ModelCommand, ReplacesOnlyWhenItShall) {
  file("there.safetensors", "precious");
  const Outcome refused = weft({"model", "convert", plain(), "there.safetensors"});
  EXPECT_EQ(refused.exit, 1);
  EXPECT_THAT(refused.err, HasSubstr("is there already: choose another name, or replace it with --force"));
  EXPECT_EQ(weft({"model", "convert", plain(), "there.safetensors", "--force"}).exit, 0);
  EXPECT_EQ(info("there.safetensors")["kind"], "checkpoint");
  EXPECT_THAT(weft({"model", "convert", "there.safetensors", "there.safetensors", "--force"}).err,
      HasSubstr("is the model that is read"));
  EXPECT_THAT(weft({"model", "convert", "none", "x.safetensors"}).err, HasSubstr("there is no such file or folder"));
  model("word.safetensors", {{"emb_params", {2, 768}}});
  EXPECT_THAT(weft({"model", "convert", "word.safetensors", "x.safetensors"}).err,
      HasSubstr("is of the kind \"embedding\", which is not converted"));
  EXPECT_FALSE(std::filesystem::exists(scratch_ / "x.safetensors"));
}

}  // namespace
}  // namespace weft::test
