// Merging nodes against ComfyUI's (tests/reference/make_merge_golden.py), and saving what they make.
#include <ATen/ATen.h>
#include <ATen/core/grad_mode.h>
#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>

#include "nodes/sd/families/checkpoint.h"
#include "nodes/sd/files/safetensors.h"
#include "nodes/sd/networks/weight_loader.h"
#include "nodes/sd/values/values.h"
#include "tests/nodes/family_models.h"
#include "tests/nodes/seeded_source.h"
#include "tests/nodes/small_models.h"
#include "tests/workflows/bench.h"

namespace weft::test {
namespace {

using nlohmann::json;
using sd::Part;
using testing::HasSubstr;

struct Name {
  std::string theirs, ours;
};

std::vector<Name> names_in(const std::string& file, const std::string& prefix) {
  std::istringstream list = sd::golden_text(file);
  std::vector<Name> names;
  for (Name name; list >> name.theirs >> name.ours;)
    if (name.theirs.starts_with(prefix)) names.push_back(name);
  return names;
}

/// The tensors of a file, those of its networks seeded by other names.
sd::TensorMap second_of(sd::TensorMap tensors, const std::string& file) {
  for (const Name& name : names_in(file, ""))
    if (name.theirs.starts_with("model.") || name.theirs.starts_with("cond_stage_model."))
      tensors[name.theirs] = sd::seeded_weight("second." + name.ours, tensors.at(name.theirs).sizes());
  return tensors;
}

class MergeNodes : public testing::Test {
 protected:
  MergeNodes() {
    std::filesystem::create_directories(models_ / "checkpoints");
    std::filesystem::create_directories(models_ / "loras");
    write("first", sd::ldm_tensors(sd::medium_model()));
    write("second", second_of(sd::ldm_tensors(sd::medium_model()), "ldm_names_medium.txt"));
    const auto xl = sd::single_file_tensors(sd::family_case("xl"));
    write("xl", xl);
    write("xl2", second_of(xl, "family_names_xl.txt"));
  }

  void write(const std::string& name, const sd::TensorMap& tensors) {
    const bool xl = name.starts_with("xl");
    sd::write_safetensors(models_ / ("checkpoints/" + name + ".safetensors"), tensors,
        xl ? std::map<std::string, std::string>{} : sd::metadata_of(sd::medium_model()));
  }

  static json loader(const std::string& name) {
    return {{"type", "checkpoint.load"}, {"inputs", {{"name", name + ".safetensors"}}}};
  }
  static json link(const std::string& from) { return {{"link", from}}; }
  /// A merge of model1 and model2, or clip1 and clip2.
  static json merge(
      const std::string& type, const std::string& first, const std::string& second, json params = json::object()) {
    const std::string kind = type.substr(0, type.find('.'));
    params[kind + "1"] = link(first);
    params[kind + "2"] = link(second);
    return {{"type", type}, {"inputs", params}};
  }

  RunResult run(const json& nodes, const std::string& wanted, bool may_fail = false) {
    json all = {{"first", loader("first")}, {"second", loader("second")}, {"xl", loader("xl")}, {"xl2", loader("xl2")}};
    all.update(nodes);
    return bench_.run(json{{"weft", 1}, {"nodes", all}}.dump(), {wanted}, may_fail);
  }

  template <class V>
  void expect_as_comfyui(
      const V& value, Part part, const std::string& names, const std::string& prefix, const std::string& golden) {
    const at::NoGradGuard no_grad;
    const at::Tensor wanted = sd::SafetensorsFile::open(sd::golden("merges.safetensors")).tensor(golden);
    const auto weights = value.shared_checkpoint()->weights(part, at::kCPU, at::kFloat, {value.patches(), {}});
    std::int64_t row = 0;
    double largest = 0;
    for (const Name& name : names_in(names, prefix)) {
      const at::Tensor shape = value.shared_checkpoint()->tensors(part).at(name.ours);
      const at::Tensor flat = weights->get(name.ours, shape.sizes(), sd::Init::Zeros).contiguous().flatten();
      const at::Tensor two = at::stack({flat[flat.numel() / 2], flat[-1]});
      largest = std::max(largest, (two - wanted[row]).abs().max().template item<double>());
      EXPECT_LE((two - wanted[row]).abs().max().template item<double>(), 1e-6) << golden << " " << name.ours;
      ++row;
    }
    EXPECT_EQ(row, wanted.size(0));
    RecordProperty(golden, fmt::format("{}", largest));
  }

  void expect_model(const json& nodes, const std::string& wanted, const std::string& golden) {
    const bool xl = golden.starts_with("xl");
    expect_as_comfyui(output<Model>(run(nodes, wanted), wanted), Part::UNet,
        xl ? "family_names_xl.txt" : "ldm_names_medium.txt", "model.diffusion_model.", golden);
  }

  /// As in the script: each block has another ratio, in the order in which ComfyUI declares them.
  static json each_ratio(int inputs, int outputs) {
    json ratios;
    int i = 0;
    const auto add = [&](const std::string& port) { ratios[port] = i++ * 7 % 11 / 10.0; };
    add("time_embed");
    add("label_emb");
    for (int k = 0; k < inputs; ++k) add(fmt::format("input_blocks_{}", k));
    for (int k = 0; k < 3; ++k) add(fmt::format("middle_block_{}", k));
    for (int k = 0; k < outputs; ++k) add(fmt::format("output_blocks_{}", k));
    add("out");
    return ratios;
  }

  const sd::TemporaryFolder models_;
  Bench bench_{{models_ / ""}};
};

TEST_F(MergeNodes, ModelsAreMergedAddedAndSubtractedAsInComfyUI) {
  expect_model({{"m", merge("model.merge", "first.model", "second.model", {{"ratio", 0.3}})}}, "m", "sd1.simple");
  expect_model({{"m", merge("model.merge_add", "first.model", "second.model")}}, "m", "sd1.add");
  const json difference = merge("model.merge_subtract", "first.model", "second.model", {{"multiplier", 1.5}});
  expect_model({{"m", difference}}, "m", "sd1.subtract");
}

TEST_F(MergeNodes, TheSecondModelMayBeAMergeItself) {
  expect_model({{"difference", merge("model.merge_subtract", "first.model", "second.model", {{"multiplier", 1.5}})},
                   {"mix", merge("model.merge", "second.model", "first.model", {{"ratio", 0.25}})},
                   {"m", merge("model.merge_add", "difference.model", "mix.model")}},
      "m", "sd1.nested");
}

TEST_F(MergeNodes, BlocksHaveRatiosOfTheirOwnAsInComfyUI) {
  expect_model(
      {{"m",
          merge("model.merge_blocks", "first.model", "second.model", {{"input", 0.2}, {"middle", 0.5}, {"out", 0.9}})}},
      "m", "sd1.thirds");
  expect_model({{"m", merge("model.merge_sd1", "first.model", "second.model", each_ratio(12, 12))}}, "m", "sd1.blocks");
  expect_model({{"m", merge("model.merge_xl", "xl.model", "xl2.model", each_ratio(9, 9))}}, "m", "xl.blocks");
}

TEST_F(MergeNodes, TextEncodersAreMergedAsInComfyUI) {
  const auto expect_clip = [&](const json& node, const std::string& golden) {
    expect_as_comfyui(output<Clip>(run({{"m", node}}, "m"), "m"), Part::TextEncoder, "ldm_names_medium.txt",
        "cond_stage_model.transformer.", golden);
  };
  expect_clip(merge("clip.merge", "first.clip", "second.clip", {{"ratio", 0.3}}), "clip.simple");
  expect_clip(merge("clip.merge_add", "first.clip", "second.clip"), "clip.add");
  expect_clip(merge("clip.merge_subtract", "first.clip", "second.clip", {{"multiplier", 0.5}}), "clip.subtract");
}

TEST_F(MergeNodes, ModelsOfTwoFamiliesAreRefused) {
  const RunResult result = run({{"m", merge("model.merge", "first.model", "xl.model")}}, "m", /*may_fail=*/true);
  EXPECT_FALSE(result.ok);
  ASSERT_FALSE(result.problems.empty());
  EXPECT_THAT(result.problems.front().what,
      HasSubstr(
          "'first.safetensors' is a Stable Diffusion 1.x model and 'xl.safetensors' a Stable Diffusion XL model"));
}

// ---- saving ----

TEST_F(MergeNodes, ASavedMergeIsTheMergeInAFileThatIsReadAgain) {
  const json mix = merge("model.merge", "first.model", "second.model", {{"ratio", 0.3}});
  const json text = merge("clip.merge", "first.clip", "second.clip", {{"ratio", 0.3}});
  const RunResult result = run({{"mix", mix}, {"text", text},
                                   {"save",
                                       {{"type", "checkpoint.save"},
                                           {"inputs",
                                               {{"model", link("mix.model")}, {"clip", link("text.clip")},
                                                   {"vae", link("second.vae")}, {"prefix", "checkpoints/mix"}}}}}},
      "save");
  const std::filesystem::path path = output<std::string>(result, "save");
  EXPECT_EQ(path.filename(), "mix_00001_.safetensors");
  const sd::SafetensorsFile file = sd::SafetensorsFile::open(path);
  std::vector<std::string> names, wanted;
  for (const auto& [name, entry] : file.entries()) names.push_back(name);
  for (const auto& [name, tensor] : sd::ldm_tensors(sd::medium_model())) wanted.push_back(name);
  EXPECT_EQ(names, wanted);
  EXPECT_EQ(file.metadata().at("modelspec.architecture"), "stable-diffusion-v1");
  EXPECT_EQ(file.metadata().at("modelspec.predict_key"), "epsilon");
  EXPECT_EQ(file.metadata().at("modelspec.title"), "mix_00001_");
  EXPECT_TRUE(json::parse(file.metadata().at("weft")).contains("workflow"));
  for (const auto& [name, tensor] : sd::ldm_tensors(sd::medium_model()))
    if (name.starts_with("first_stage_model.")) {
      EXPECT_TRUE(file.tensor(name).equal(tensor)) << name << " is copied";
    }

  const auto saved = std::make_shared<const sd::Checkpoint>(sd::Checkpoint::open(path));
  EXPECT_TRUE(saved->unused().empty());
  expect_as_comfyui(
      Model(saved, "float32"), Part::UNet, "ldm_names_medium.txt", "model.diffusion_model.", "sd1.simple");
  expect_as_comfyui(
      Clip(saved), Part::TextEncoder, "ldm_names_medium.txt", "cond_stage_model.transformer.", "clip.simple");
}

TEST_F(MergeNodes, PartsAreSavedAlone) {
  const auto saved = [&](const std::string& type, const std::string& port, const std::string& from) {
    const json node = {{"type", type}, {"inputs", {{port, link(from)}}}};
    return output<std::string>(run({{"save", node}}, "save"), "save");
  };
  const std::string unet = saved("unet.save", "model", "xl.model"), vae = saved("vae.save", "vae", "first.vae");
  EXPECT_EQ(sd::Checkpoint::open_unet(unet).family().name, "Stable Diffusion XL");
  EXPECT_TRUE(sd::SafetensorsFile::open(unet).has("model.diffusion_model.out.2.weight"));
  EXPECT_EQ(sd::Checkpoint::open_vae(vae).vae_config().block_channels.size(), 4U);
  EXPECT_TRUE(sd::SafetensorsFile::open(vae).has("decoder.up.3.block.0.conv1.weight"));
  const std::string clips = saved("clip.save", "clip", "xl.clip");
  EXPECT_THAT(clips, HasSubstr("weft_clip_l_00001_.safetensors\n"));
  EXPECT_THAT(clips, HasSubstr("weft_clip_g_00001_.safetensors"));
  EXPECT_TRUE(sd::SafetensorsFile::open(clips.substr(0, clips.find('\n'))).has("text_model.final_layer_norm.bias"));
}

TEST_F(MergeNodes, AMarkOfWhatTheModelPredictsIsKept) {
  sd::TensorMap tensors = sd::single_file_tensors(sd::family_case("xl"));
  for (const char* mark : {"v_pred", "ztsnr"}) tensors[mark] = at::empty({0});
  write("xl-v", tensors);
  const RunResult result =
      run({{"v", loader("xl-v")}, {"save", {{"type", "unet.save"}, {"inputs", {{"model", link("v.model")}}}}}}, "save");
  const sd::SafetensorsFile file = sd::SafetensorsFile::open(output<std::string>(result, "save"));
  EXPECT_TRUE(file.has("v_pred"));
  EXPECT_TRUE(file.has("ztsnr"));
  EXPECT_FALSE(file.has("betas"));
  EXPECT_EQ(file.metadata().at("modelspec.predict_key"), "v");
}

TEST_F(MergeNodes, AVaeIsMerged) {
  sd::TensorMap tensors = sd::ldm_tensors(sd::medium_model());
  for (auto& [name, tensor] : tensors)
    if (name.starts_with("first_stage_model.")) tensor = tensor * 3;
  write("third", tensors);
  const RunResult result =
      run({{"third", loader("third")}, {"m", merge("vae.merge", "first.vae", "third.vae", {{"ratio", 0.5}})},
              {"save", {{"type", "vae.save"}, {"inputs", {{"vae", link("m.vae")}}}}}},
          "save");
  const sd::SafetensorsFile file = sd::SafetensorsFile::open(output<std::string>(result, "save"));
  for (const auto& [name, tensor] : sd::ldm_tensors(sd::medium_model())) {
    const std::string prefix = "first_stage_model.";
    if (name.starts_with(prefix)) {
      EXPECT_TRUE(file.tensor(name.substr(prefix.size())).allclose(tensor * 2, 1e-6, 1e-6)) << name;
    }
  }
}

}  // namespace
}  // namespace weft::test
