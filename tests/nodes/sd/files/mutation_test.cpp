// Every reader of model files is given damaged ones: seeded mutants of a good file, of which each is read or refused by a
// ModelError, and takes no more memory than a file of its size can need. A few in each run of the tests; under the sanitizers
//
//     WEFT_MUTANTS=100000 build/asan/bin/weft_nodes_tests --gtest_filter=Mutants.*
#include <ATen/ATen.h>
#include <ATen/core/grad_mode.h>
#include <fmt/format.h>
#include <gtest/gtest.h>

#include <cstdlib>
#include <fstream>
#include <functional>
#include <random>
#include <sstream>

#include "nodes/sd/adapters/adapter_file.h"
#include "nodes/sd/families/checkpoint.h"
#include "nodes/sd/families/upscaler_file.h"
#include "nodes/sd/files/gguf.h"
#include "nodes/sd/files/model_error.h"
#include "nodes/sd/files/weight_files.h"
#include "nodes/sd/reports/model_report.h"
#include "nodes/sd/text/embedding_file.h"
#include "tests/nodes/gguf_writer.h"
#include "tests/nodes/seeded_source.h"
#include "tests/nodes/small_models.h"

namespace weft::sd {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t kMostMemory = std::size_t{64} << 20;

std::size_t mutants() {
  const char* asked = std::getenv("WEFT_MUTANTS");
  return asked == nullptr ? 150 : std::strtoull(asked, nullptr, 10);
}

std::string read(const fs::path& path) {
  std::ifstream in(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(in), {}};
}

/// A line of /proc/self/status in bytes: "VmRSS", "VmHWM".
std::size_t memory(const std::string& key) {
  std::ifstream status("/proc/self/status");
  for (std::string line; std::getline(status, line);)
    if (line.starts_with(key + ":")) return std::strtoull(line.c_str() + key.size() + 1, nullptr, 10) << 10;
  return 0;
}

void forget_peak() { std::ofstream("/proc/self/clear_refs") << "5"; }

/// Changes a few places; near the beginning more often, where headers are.
std::string mutant(std::string bytes, std::mt19937_64& random) {
  const auto below = [&](std::size_t limit) { return limit == 0 ? 0 : random() % limit; };
  const auto place = [&] {
    return below(random() % 2 == 0 ? std::min<std::size_t>(bytes.size(), 2048) : bytes.size());
  };
  for (std::size_t changes = 1 + below(4); changes > 0 && !bytes.empty(); --changes) {
    switch (below(8)) {
      case 0:
        bytes[place()] = static_cast<char>(random());
        break;
      case 1:
        bytes[place()] ^= static_cast<char>(1 << below(8));
        break;
      case 2:
        bytes.resize(place());
        break;
      case 3: {  // a number of eight bytes that is large, or nearly is
        const std::uint64_t numbers[] = {0, 1, ~0ULL, 1ULL << 62, 1ULL << 31, (1ULL << 42) + 1, bytes.size(), random()};
        const std::uint64_t number = numbers[below(std::size(numbers))];
        const std::size_t at = place();
        std::memcpy(bytes.data() + at, &number, std::min<std::size_t>(sizeof number, bytes.size() - at));
        break;
      }
      case 4: {  // a digit of a text
        const std::size_t at = bytes.find_first_of("0123456789", place());
        if (at != std::string::npos) bytes[at] = static_cast<char>('0' + below(10));
        break;
      }
      case 5: {  // a longer number
        const std::size_t at = bytes.find_first_of("0123456789", place());
        if (at != std::string::npos) bytes.insert(at, std::to_string(random()));
        break;
      }
      case 6: {  // a piece twice
        const std::size_t at = place();
        bytes.insert(place(), bytes.substr(at, below(64)));
        break;
      }
      default: {  // a word of JSON
        static constexpr const char* kWords[] = {
            "null", "-1", "[]", "{}", "\"\"", "1e999", "[[[[[[[[", "true", "\\ud800"};
        bytes.insert(place(), kWords[below(std::size(kWords))]);
      }
    }
  }
  return bytes;
}

class Mutants : public testing::Test {
 protected:
  /// `use` reads the file at `path`, which holds a mutant of what it held.
  void survive(const fs::path& path, const std::function<void()>& use) {
    const at::NoGradGuard no_grad;
    const std::string good = read(path);
    ASSERT_FALSE(good.empty());
    ASSERT_LT(good.size(), std::size_t{1} << 20);
    ASSERT_NO_THROW(use());
    std::mt19937_64 random(good.size());
    std::size_t refused = 0;
    for (std::size_t i = 0; i < mutants(); ++i) {
      std::ofstream(path, std::ios::binary | std::ios::trunc) << mutant(good, random);
      forget_peak();
      const std::size_t before = memory("VmRSS");
      try {
        use();
      } catch (const ModelError& error) {
        ++refused;
        ASSERT_NE(std::string(error.what()), "");
      } catch (const std::exception& error) {
        FAIL() << "mutant " << i << ": " << error.what();
      }
      const std::size_t peak = memory("VmHWM");
      ASSERT_LE(peak, before + kMostMemory) << "mutant " << i;
    }
    EXPECT_GT(refused, mutants() / 10) << "the mutants are too harmless";
  }

  const TemporaryFolder folder_;
};

TEST_F(Mutants, OfSafetensors) {
  const fs::path path = folder_ / "a.safetensors";
  write_safetensors(path, {{"a", at::ones({3, 4})}, {"b.weight", at::ones({8}).to(at::kHalf)}, {"c", at::ones({})}},
      {{"format", "pt"}});
  survive(path, [&] {
    const SafetensorsFile file = SafetensorsFile::open(path);
    for (const auto& [name, entry] : file.entries())
      if (entry.dtype != at::ScalarType::Undefined) static_cast<void>(file.tensor(name).clone());
  });
}

TEST_F(Mutants, OfGguf) {
  const fs::path path = folder_ / "a.gguf";
  GgufWriter writer;
  writer.add_text("general.architecture", "sd1");
  writer.add_as_comfyui("conv.weight", seeded_normal("w", {16, 8, 2, 2}));
  writer.add_as_comfyui("bias", seeded_normal("b", {7}));
  writer.add({"k", {2, 256}, 12, std::string(288, '\3')});
  std::ofstream(path, std::ios::binary) << writer.bytes();
  survive(path, [&] {
    const GgufFile file = GgufFile::open(path);
    for (const auto& [name, entry] : file.entries())
      if (!entry.is_packed() || entry.type->unpack != nullptr) static_cast<void>(file.tensor(name).clone());
  });
}

TEST_F(Mutants, OfEmbeddings) {
  const fs::path path = folder_ / "a.safetensors";
  write_safetensors(
      path, {{"clip_l", at::ones({3, 32})}, {"clip_g", at::ones({3, 64})}, {"emb_params", at::ones({32})}});
  survive(path, [&] {
    for (const char* key : {"clip_l", "clip_g", "clip_h"}) static_cast<void>(learned_vectors(path, key, 32));
  });
}

TEST_F(Mutants, OfAdapters) {
  write_single_file(folder_ / "model.safetensors", small_model());
  const Checkpoint model = Checkpoint::open(folder_ / "model.safetensors");
  const std::string layer = "lora_unet_down_blocks_0_attentions_0_transformer_blocks_0_attn1_to_q";
  const std::string lokr = "lora_unet_down_blocks_0_attentions_0_transformer_blocks_0_attn1_to_k";
  const fs::path path = folder_ / "lora.safetensors";
  write_safetensors(path,
      {{layer + ".lora_up.weight", at::ones({32, 4})}, {layer + ".lora_down.weight", at::ones({4, 32})},
          {layer + ".alpha", at::ones({})}, {layer + ".dora_scale", at::ones({32, 1})},
          {lokr + ".lokr_w1", at::ones({4, 4})}, {lokr + ".lokr_w2", at::ones({8, 8})}});
  const std::string name = "unet.down_blocks.0.attentions.0.transformer_blocks.0.attn1.";
  survive(path, [&] {
    const Patch patch = AdapterFile::patch(AdapterFile::open(path, model), 0.5);
    for (const char* leaf : {"to_q.weight", "to_k.weight"})
      static_cast<void>(patch.weight(name + leaf, at::ones({32, 32})));
  });
}

TEST_F(Mutants, OfUpscalers) {
  const auto source = std::make_shared<SeededSource>();
  static_cast<void>(Upscaler(
      {.kind = UpscalerConfig::Kind::Compact, .features = 8, .blocks = 1, .compact_scale = 2}, Weights(source)));
  const fs::path path = folder_ / "a.safetensors";
  write_safetensors(path, source->tensors());
  survive(path, [&] { static_cast<void>(UpscalerFile::open(path).upscaler(at::kCPU)); });
}

TEST_F(Mutants, OfTheIndexOfShards) {
  const fs::path path = folder_ / "model.safetensors.index.json";
  std::ofstream(path) << R"({"metadata": {"total_size": 12}, "weight_map": {"a": "model-00001-of-00002.safetensors",
      "b": "model-00002-of-00002.safetensors"}})";
  for (const char* name : {"model-00001-of-00002.safetensors", "model-00002-of-00002.safetensors"})
    write_safetensors(folder_ / name, {{"a", at::ones({1})}});
  survive(path, [&] { static_cast<void>(weight_files(folder_ / "", "model", WholeFile::AfterShards)); });
}

TEST_F(Mutants, OfConfigurations) {
  write_folder(folder_ / "model", small_model());
  survive(folder_ / "model/unet/config.json", [&] { static_cast<void>(Checkpoint::open(folder_ / "model")); });
}

TEST_F(Mutants, OfWhatATrainingWroteDown) {
  const fs::path path = folder_ / "a.safetensors";
  write_safetensors(path,
      {{"lora_unet_x.lora_down.weight", at::ones({2, 3})}, {"lora_unet_x.lora_up.weight", at::ones({3, 2})}},
      {{"ss_tag_frequency", R"({"a": {"cat": 3, "dog": 5}})"}, {"ss_resolution", "(512, 512)"}});
  survive(path, [&] {
    const auto report = model_report(path, /*hash=*/false);
    if (report.contains("problem")) throw ModelError("report", report["problem"].get<std::string>(), "");
    static_cast<void>(report.dump());
  });
}

}  // namespace
}  // namespace weft::sd
