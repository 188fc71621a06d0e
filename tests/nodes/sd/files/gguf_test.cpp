// GGUF against the package gguf (tests/reference/make_gguf_golden.py), and files that lie.
#include "nodes/sd/files/gguf.h"

#include <ATen/ATen.h>
#include <ATen/core/grad_mode.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>

#include "nodes/sd/families/checkpoint.h"
#include "nodes/sd/files/model_error.h"
#include "nodes/sd/files/weight_file.h"
#include "nodes/sd/networks/weight_loader.h"
#include "tests/nodes/gguf_writer.h"
#include "tests/nodes/seeded_source.h"
#include "tests/nodes/small_models.h"

namespace weft::sd {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

TEST(Gguf, EachTypeUnpacksAsThePackageDoes) {
  const SafetensorsFile golden_file = SafetensorsFile::open(golden("gguf.safetensors"));
  int types = 0;
  for (std::uint32_t id = 0; id < 64; ++id) {
    const GgufType* type = gguf_type(id);
    if (type == nullptr || type->unpack == nullptr) continue;
    const std::string name(type->name);
    SCOPED_TRACE(name);
    const at::Tensor values = golden_file.tensor(name + ".values");
    const PackedTensor packed{.blocks = golden_file.tensor(name + ".blocks").flatten(),
        .type = type,
        .shape = values.sizes().vec(),
        .name = name,
        .file = "golden"};
    EXPECT_LE((packed.unpacked() - values).abs().max().item<double>(), 1e-6 * values.abs().max().item<double>());
    ++types;
  }
  EXPECT_EQ(types, 12);
}

std::string bytes_of_golden() {
  const at::Tensor file = SafetensorsFile::open(golden("gguf.safetensors")).tensor("file");
  return GgufWriter::bytes_of(file);
}

TEST(Gguf, AFileOfThePackageIsReadWithItsShapesAndMetadata) {
  const SafetensorsFile golden_file = SafetensorsFile::open(golden("gguf.safetensors"));
  const GgufFile file = GgufFile::from_bytes(bytes_of_golden(), "golden");
  EXPECT_EQ(file.entries().size(), 3U);
  EXPECT_EQ(file.metadata().at("general.architecture"), "sd1");
  EXPECT_EQ(file.metadata().at("general.quantization_version"), "2");
  EXPECT_THAT(file.entries().at("conv.weight").shape, ElementsAre(16, 8, 2, 2));
  EXPECT_EQ(file.entries().at("conv.weight").type->name, "Q8_0");
  for (const auto& [name, entry] : file.entries())
    EXPECT_TRUE(file.tensor(name).equal(golden_file.tensor("file." + name))) << name;
}

TEST(Gguf, BytesAreToldByTheirBeginning) {
  const TemporaryFolder folder;
  std::ofstream(folder / "a.gguf", std::ios::binary) << bytes_of_golden();
  std::ofstream(folder / "b.gguf") << "GG";
  EXPECT_TRUE(GgufFile::is_one(folder / "a.gguf"));
  EXPECT_FALSE(GgufFile::is_one(folder / "b.gguf"));
  EXPECT_FALSE(GgufFile::is_one(folder / "none"));
  EXPECT_TRUE(WeightFile::open(folder / "a.gguf").is_gguf());
}

// ---- networks ----

/// Every tensor of `network` as `checkpoint` gives it, against `whole`, by canonical names.
void expect_weights(const Checkpoint& checkpoint, Part part, const TensorMap& whole) {
  const at::NoGradGuard no_grad;
  const auto source = checkpoint.weights(part, at::kCPU, at::kFloat);
  for (const auto& [name, tensor] : whole) {
    const at::Tensor given = source->get(name, tensor.sizes(), Init::FanIn);
    EXPECT_LE((given - tensor).abs().max().item<double>(), 1e-6) << name;
  }
}

class GgufModels : public testing::Test {
 protected:
  const at::NoGradGuard no_grad_;
  const TemporaryFolder folder_;

  std::filesystem::path write(const GgufWriter& writer) {
    std::ofstream(folder_ / "model.gguf", std::ios::binary) << writer.bytes();
    return folder_ / "model.gguf";
  }
};

TEST_F(GgufModels, AUNetOfComfyUIGgufIsLoaded) {
  GgufWriter writer;
  writer.add_text("general.architecture", "sd1");
  writer.add_number("weft.unet.heads", 8);  // numbers are metadata as well
  TensorMap whole;
  int packed = 0;
  const TensorMap canonical = tensors_of(medium_model()).unet;
  std::map<std::string, std::string> names;
  std::istringstream list = golden_text("ldm_names_medium.txt");
  const std::string prefix = "model.diffusion_model.";
  for (std::string ldm, name; list >> ldm >> name;) {
    if (!ldm.starts_with(prefix)) continue;
    whole[name] = writer.add_as_comfyui(ldm.substr(prefix.size()), canonical.at(name));
    packed += !whole[name].equal(canonical.at(name));
  }
  ASSERT_GT(packed, 50);
  const Checkpoint model = Checkpoint::open_unet(write(writer));
  EXPECT_TRUE(model.unused().empty()) << model.unused().front();
  expect_weights(model, Part::UNet, whole);
  const UNet unet = model.unet(at::kCPU, at::kFloat);
  EXPECT_EQ(unet.config().context_dim, 64);
}

TEST_F(GgufModels, AWholeCheckpointOfStableDiffusionCppIsLoaded) {
  GgufWriter writer;
  for (const auto& [key, value] : metadata_of(small_model())) writer.add_text(key, value);
  TensorMap whole;
  std::istringstream list = golden_text("ldm_names_small.txt");
  const TensorMap tensors = ldm_tensors(small_model());
  std::map<std::string, std::string> canonical;
  for (std::string ldm, name; list >> ldm >> name;) canonical[ldm] = name;
  for (const auto& [ldm, tensor] : tensors) {
    const at::Tensor stands_for = writer.add_as_comfyui(ldm, tensor);
    if (ldm.starts_with("cond_stage_model.")) whole[canonical.at(ldm)] = stands_for;
  }
  const Checkpoint model = Checkpoint::open(write(writer));
  EXPECT_TRUE(model.has(Part::VAE));
  expect_weights(model, Part::TextEncoder, whole);
}

TEST_F(GgufModels, ATypeThatNobodyUnpacksIsRefusedWhereItIsNeeded) {
  GgufWriter writer;
  std::istringstream list = golden_text("ldm_names_medium.txt");
  const TensorMap canonical = tensors_of(medium_model()).unet;
  const std::string prefix = "model.diffusion_model.";
  for (std::string ldm, name; list >> ldm >> name;) {
    if (!ldm.starts_with(prefix)) continue;
    const at::Tensor& tensor = canonical.at(name);
    if (name != "time_embedding.linear_2.weight") {
      writer.add({ldm.substr(prefix.size()), tensor.sizes().vec(), 0, GgufWriter::bytes_of(tensor)});
      continue;
    }
    const auto blocks = static_cast<std::size_t>(tensor.numel() / 256);
    writer.add({ldm.substr(prefix.size()), tensor.sizes().vec(), 16, std::string(blocks * 66, '\1')});
  }
  const Checkpoint model = Checkpoint::open_unet(write(writer));
  try {
    static_cast<void>(model.unet(at::kCPU, at::kFloat));
    FAIL();
  } catch (const ModelError& error) {
    EXPECT_THAT(error.what(), HasSubstr("is packed as IQ2_XXS, which is not supported"));
  }
}

// ---- lies ----

std::string problem_of(const std::string& bytes) {
  try {
    static_cast<void>(GgufFile::from_bytes(bytes, "x.gguf"));
  } catch (const ModelError& error) {
    return error.problem();
  }
  return "none";
}

/// A file with one tensor.
std::string problem_of_tensor(std::vector<std::int64_t> shape, std::uint32_t type, std::size_t bytes) {
  GgufWriter writer;
  writer.add({"a", std::move(shape), type, std::string(bytes, '\0')});
  return problem_of(writer.bytes());
}

TEST(GgufLies, WhatAFileSaysIsChecked) {
  EXPECT_EQ(problem_of(bytes_of_golden()), "none");
  EXPECT_THAT(problem_of("GGUF"), HasSubstr("is truncated"));
  EXPECT_THAT(problem_of("no file"), HasSubstr("is not a GGUF file"));
  EXPECT_EQ(problem_of_tensor({2, 32}, 8, 68), "none");
  EXPECT_THAT(problem_of_tensor({2, 31}, 8, 68), HasSubstr("rows of 31 values, which Q8_0 cannot pack"));
  EXPECT_THAT(problem_of_tensor({8, 32}, 8, 68), HasSubstr("tensor \"a\" ends after the file"));
  EXPECT_THAT(problem_of_tensor({std::int64_t{1} << 40, 32}, 0, 64), HasSubstr("ends after the file"));
  EXPECT_THAT(problem_of_tensor({std::int64_t{1} << 62, 32}, 0, 64), HasSubstr("a shape that overflows"));
  EXPECT_THAT(problem_of_tensor({-1, 32}, 0, 64), HasSubstr("a shape that overflows"));
  EXPECT_THAT(problem_of_tensor({(std::int64_t{1} << 42) + 1}, 0, 4), HasSubstr("ends after the file"));
  EXPECT_THAT(problem_of_tensor(std::vector<std::int64_t>(9, 1), 0, 4), HasSubstr("has 9 axes"));
  EXPECT_THAT(problem_of_tensor({1}, 77, 4), HasSubstr("of the unknown type 77"));
}

TEST(GgufLies, CountsThatTheFileDoesNotHoldAreTruncation) {
  GgufWriter writer;
  writer.add({"a", {4}, 0, std::string(16, '\0')});
  writer.more_tensors = std::uint64_t{1} << 62;
  EXPECT_THAT(problem_of(writer.bytes()), HasSubstr("without a name"));
  writer.more_tensors = 0;
  writer.more_values = std::uint64_t{1} << 62;
  EXPECT_NE(problem_of(writer.bytes()), "none");
}

TEST(GgufLies, VersionsAlignmentsAndListsAreChecked) {
  GgufWriter old;
  old.version = 1;
  EXPECT_THAT(problem_of(old.bytes()), HasSubstr("of version 1"));
  old.version = 3U << 24;
  EXPECT_THAT(problem_of(old.bytes()), HasSubstr("other byte order"));
  for (const std::uint32_t alignment : {0U, 3U, 1U << 31}) {
    GgufWriter writer;
    writer.add_number("general.alignment", alignment);
    EXPECT_THAT(problem_of(writer.bytes()), HasSubstr("which is none"));
  }
  GgufWriter text;
  text.add_text("general.alignment", "32");
  EXPECT_THAT(problem_of(text.bytes()), HasSubstr("an alignment that is no number"));
  GgufWriter unknown;
  unknown.add("a", 99, "");
  EXPECT_THAT(problem_of(unknown.bytes()), HasSubstr("of the unknown type 99"));
  GgufWriter list;
  list.add("a", 9, GgufWriter::raw(std::uint32_t{10}) + GgufWriter::raw(std::uint64_t{1} << 61));
  EXPECT_THAT(problem_of(list.bytes()), HasSubstr("which it cannot hold"));
  GgufWriter nested;
  nested.add("a", 9, GgufWriter::raw(std::uint32_t{9}) + GgufWriter::raw(std::uint64_t{1}));
  EXPECT_THAT(problem_of(nested.bytes()), HasSubstr("lists in lists"));
  GgufWriter endless;
  endless.add("a", 8, GgufWriter::raw(~std::uint64_t{0}));
  EXPECT_THAT(problem_of(endless.bytes()), HasSubstr("is truncated"));
}

TEST(GgufLies, ATensorsTrueShapeHasAsManyValues) {
  GgufWriter writer;
  writer.add_shape("a", {5, 13});
  writer.add({"a", {2, 32}, 0, std::string(256, '\0')});
  EXPECT_THAT(problem_of(writer.bytes()), HasSubstr("its metadata say another shape"));
}

TEST(GgufLies, TensorsNeitherShareANameNorBytes) {
  GgufWriter twice;
  for (int i = 0; i < 2; ++i) twice.add({"a", {8}, 0, std::string(32, '\0')});
  EXPECT_THAT(problem_of(twice.bytes()), HasSubstr("names tensor \"a\" twice"));
  GgufWriter shared;
  shared.add({"a", {8}, 0, ""});
  shared.add({"b", {8}, 0, std::string(32, '\0')});
  EXPECT_THAT(problem_of(shared.bytes()), HasSubstr("overlaps the one before it"));
}

}  // namespace
}  // namespace weft::sd
