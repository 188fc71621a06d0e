// What the nodes around the networks do with tiles, with numbers that are not finite, with texts and with latents of another
// space than Stable Diffusion's.
#include <ATen/ATen.h>
#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chrono>
#include <cmath>
#include <filesystem>
#include <fstream>

#include "nodes/sd/files/safetensors.h"
#include "nodes/sd/values/values.h"
#include "tests/nodes/paper_models.h"
#include "tests/nodes/small_models.h"
#include "tests/workflows/bench.h"

namespace weft::test {
namespace {

using testing::AllOf;
using testing::Contains;
using testing::ElementsAre;
using testing::Field;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::SizeIs;

// ---- Tiles ----

/// paper-cut's autoencoder, a picture of `width` x `height` and `more` nodes.
std::string with_vae(int width, int height, const std::string& more) {
  return fmt::format(
      R"({{"weft": 1, "nodes": {{"checkpoint": {{"type": "checkpoint.load", "inputs": {{"name": "paper-cut"}}}},
    "shape": {{"type": "mask.ellipse", "inputs": {{"width": {}, "height": {}}}}},
    "image": {{"type": "mask.to_image", "inputs": {{"mask": {{"link": "shape.mask"}}}}}},
    "encoded": {{"type": "vae.encode", "inputs": {{"vae": {{"link": "checkpoint.vae"}}, "image": {{"link": "image.image"}}}}}},
    "decoded": {{"type": "vae.decode", "inputs": {{"vae": {{"link": "checkpoint.vae"}}, "latent": {{"link": "encoded.latent"}}}}}},
    {}}}}})",
      width, height, more);
}

std::string in_tiles(int tile, int overlap) {
  return fmt::format(R"("tiled_latent": {{"type": "vae.encode_tiled", "inputs": {{"vae": {{"link": "checkpoint.vae"}},
      "image": {{"link": "image.image"}}, "tile": {0}, "overlap": {1}}}}},
    "tiled_image": {{"type": "vae.decode_tiled", "inputs": {{"vae": {{"link": "checkpoint.vae"}},
      "latent": {{"link": "encoded.latent"}}, "tile": {0}, "overlap": {1}}}}})",
      tile, overlap);
}

double decibels(const at::Tensor& a, const at::Tensor& b, double range) {
  return 20 * std::log10(range) - 10 * std::log10((a - b).square().mean().item<double>() + 1e-12);
}

TEST(Tiles, OfEverySizeInRangeGiveWhatTheWholeGives) {
  Bench bench;
  for (const auto& [tile, overlap] :
      {std::pair(64, 64), {96, 64}, {128, 64}, {256, 128}, {64, 0}, {64, 2048}, {71, 31}, {100, 24}}) {
    const RunResult result =
        bench.run(with_vae(136, 104, in_tiles(tile, overlap)), {"encoded", "decoded", "tiled_latent", "tiled_image"});
    const at::Tensor &whole = output<Image>(result, "decoded").pixels(),
                     &tiled = output<Image>(result, "tiled_image").pixels();
    ASSERT_EQ(tiled.sizes(), whole.sizes()) << tile << " " << overlap;
    EXPECT_GT(decibels(tiled, whole, 1), 20) << tile << " " << overlap;
    const at::Tensor &latent = output<Latent>(result, "encoded").samples,
                     &pieces = output<Latent>(result, "tiled_latent").samples;
    ASSERT_EQ(pieces.sizes(), latent.sizes()) << tile << " " << overlap;
    EXPECT_GT(decibels(pieces, latent, (latent.max() - latent.min()).item<double>()), 20) << tile << " " << overlap;
  }
}

// ---- Not finite ----

/// paper-cut with one number that is none: a NaN in the tensor of that name.
void write_broken(
    const std::filesystem::path& models, const std::string& part, const std::string& file, const std::string& tensor) {
  const auto folder = models / "checkpoints/broken";
  std::filesystem::remove_all(folder);
  std::filesystem::create_directories(models / "checkpoints");
  std::filesystem::copy(
      source_folder() / "models/checkpoints/paper-cut", folder, std::filesystem::copy_options::recursive);
  sd::TensorMap tensors;
  const auto whole = sd::SafetensorsFile::open(source_folder() / "models/checkpoints/paper-cut" / part / file);
  for (const auto& [name, entry] : whole.entries()) tensors[name] = whole.tensor(name).clone();
  tensors.at(tensor).view(-1)[0] = NAN;
  sd::write_safetensors(folder / part / file, tensors, {});
}

std::string picture_of(
    const std::string& model, const std::string& text = "a red boat", const std::string& size = "64") {
  return fmt::format(R"({{"weft": 1, "nodes": {{
    "checkpoint": {{"type": "checkpoint.load", "inputs": {{"name": "{0}"}}}},
    "text": {{"type": "text.encode", "inputs": {{"clip": {{"link": "checkpoint.clip"}}, "text": "{1}"}}}},
    "empty": {{"type": "latent.empty", "inputs": {{"width": {2}, "height": {2}}}}},
    "sigmas": {{"type": "sample.schedule", "inputs": {{"model": {{"link": "checkpoint.model"}}, "steps": 2}}}},
    "noisy": {{"type": "latent.add_noise", "inputs": {{"model": {{"link": "checkpoint.model"}}, "latent": {{"link": "empty.latent"}},
      "sigmas": {{"link": "sigmas.sigmas"}}}}}},
    "step": {{"type": "unet.step", "inputs": {{"model": {{"link": "checkpoint.model"}}, "positive": {{"link": "text.conditioning"}},
      "negative": {{"link": "text.conditioning"}}, "latent": {{"link": "noisy.latent"}}, "sigmas": {{"link": "sigmas.sigmas"}},
      "step": 0}}}},
    "sampler": {{"type": "sample.ksampler", "inputs": {{"model": {{"link": "checkpoint.model"}},
      "positive": {{"link": "text.conditioning"}}, "negative": {{"link": "text.conditioning"}}, "latent": {{"link": "empty.latent"}},
      "steps": 2}}}},
    "decoded": {{"type": "vae.decode", "inputs": {{"vae": {{"link": "checkpoint.vae"}}, "latent": {{"link": "sampler.latent"}}}}}},
    "encoded": {{"type": "vae.encode", "inputs": {{"vae": {{"link": "checkpoint.vae"}}, "image": {{"link": "decoded.image"}}}}}}}}}})",
      model, text, size);
}

auto says(const std::string& node, const std::string& what) {
  return AllOf(SizeIs(1), Contains(AllOf(Field(&Problem::node, node), Field(&Problem::what, HasSubstr(what)))));
}

TEST(NotFinite, IsToldByTheNodeThatMadeItWithARemedy) {
  const sd::TemporaryFolder folder;
  const std::filesystem::path models = folder / "models";
  Bench bench({models});
  const auto problems = [&](const std::string& wanted) {
    return bench.run(picture_of("broken"), {wanted}, true).problems;
  };
  write_broken(models, "text_encoder", "model.safetensors", "text_model.final_layer_norm.weight");
  EXPECT_THAT(problems("encoded"), says("text", "the text encoder gave NaN"));
  write_broken(models, "unet", "diffusion_pytorch_model.safetensors", "conv_out.bias");
  EXPECT_THAT(problems("encoded"), says("sampler", "the U-Net gave NaN at step 1 of 2: lower cfg"));
  EXPECT_THAT(problems("step"), says("step", "at step 0 the U-Net gave NaN"));
  write_broken(models, "vae", "diffusion_pytorch_model.safetensors", "decoder.conv_out.bias");
  EXPECT_THAT(problems("encoded"), says("decoded", "the VAE's decoder gave NaN: use another VAE"));
  write_broken(models, "vae", "diffusion_pytorch_model.safetensors", "encoder.conv_out.bias");
  EXPECT_THAT(problems("encoded"), says("encoded", "the VAE's encoder gave NaN: use another VAE"));
}

TEST(NotFinite, IsWhatAnExtremeWeightComesTo) {
  Bench bench;
  const RunResult result = bench.run(picture_of("paper-cut", "a (boat:1e39)"), {"decoded"}, true);
  EXPECT_THAT(result.problems, says("text", "lower the weights in the text"));
}

// ---- Texts ----

TEST(Texts, WarnOfEmbeddingsThatAreNotThere) {
  Bench bench;
  bench.run(picture_of("paper-cut", "a boat, embedding:calm.pt (embedding:sea:1.2) embedding:sea"), {"text"});
  EXPECT_THAT(bench.warnings(),
      ElementsAre(HasSubstr("there is no embedding 'calm.pt'"), HasSubstr("there is no embedding 'sea'")));
}

// A text that comes by a link is known only in the run: the encoding has to be kept all the same, until an embedding changes.
TEST(Texts, ThatComeByALinkAreEncodedOnce) {
  const sd::TemporaryFolder folder;
  std::filesystem::create_directories(folder / "embeddings");
  std::ofstream(folder / "words.txt") << "a boat, embedding:calm";
  const auto write = [&](double value) {
    sd::write_safetensors(folder / "embeddings/calm.safetensors", {{"emb_params", at::full({1, 128}, value)}});
  };
  write(0.1);
  Bench bench({folder / ""});
  bench.set_workflow_folder(folder / "");
  const auto state = [&] {
    return bench
        .run(R"({"weft": 1, "nodes": {
        "model": {"type": "checkpoint.load", "inputs": {"name": "paper-cut"}},
        "words": {"type": "text.load", "inputs": {"file": "words.txt"}},
        "text": {"type": "text.encode", "inputs": {"clip": {"link": "model.clip"}, "text": {"link": "words.text"}}}}})",
            {"text"})
        .nodes.at("text")
        .state;
  };
  EXPECT_EQ(state(), NodeResult::State::Finished);
  EXPECT_EQ(state(), NodeResult::State::Cached);
  write(0.25);
  std::filesystem::last_write_time(
      folder / "embeddings/calm.safetensors", std::filesystem::file_time_type::clock::now() + std::chrono::seconds(5));
  EXPECT_EQ(state(), NodeResult::State::Finished) << "the embedding changed";
}

TEST(Texts, BeyondTheirBoundsAreRefused) {
  Bench bench;
  for (const std::string& text : {std::string(1 << 20, 'a'), std::string(500'000, '('), std::string(50'000, ')')})
    EXPECT_THAT(bench.run(picture_of("paper-cut", text), {"text"}, true).problems, says("text", "shorten it"));
}

// ---- Spaces ----

/// The paper's VQ-f4 model, scaled down: 3 channels, and a latent spans 4 pixels.
class LatentsOfFourPixels : public testing::Test {
 protected:
  LatentsOfFourPixels() {
    const auto file = folder_ / "models/checkpoints/cin.safetensors";
    std::filesystem::create_directories(file.parent_path());
    sd::write_paper_model(file, "cin");
  }

  RunResult run(const std::string& more, std::vector<std::string> wanted) {
    return bench_.run(fmt::format(R"({{"weft": 1, "nodes": {{
      "checkpoint": {{"type": "checkpoint.load", "inputs": {{"name": "cin.safetensors"}}}},
      "label": {{"type": "conditioning.label", "inputs": {{"labels": {{"link": "checkpoint.labels"}}, "label": "3"}}}},
      "empty": {{"type": "latent.empty", "inputs": {{"width": 64, "height": 32}}}},
      "own": {{"type": "latent.empty", "inputs": {{"width": 64, "height": 32, "vae": {{"link": "checkpoint.vae"}}}}}},
      "shape": {{"type": "mask.ellipse", "inputs": {{"width": 67, "height": 34}}}},
      "image": {{"type": "mask.to_image", "inputs": {{"mask": {{"link": "shape.mask"}}}}}},
      "encoded": {{"type": "vae.encode", "inputs": {{"vae": {{"link": "checkpoint.vae"}}, "image": {{"link": "image.image"}}}}}},
      {}}}}})",
                          more),
        std::move(wanted));
  }

  static std::string sampled(
      const std::string& id, const std::string& latent, const std::string& positive = "label.conditioning") {
    return fmt::format(R"("{0}": {{"type": "sample.ksampler", "inputs": {{"model": {{"link": "checkpoint.model"}},
        "positive": {{"link": "{2}"}}, "negative": {{"link": "label.conditioning"}},
        "latent": {{"link": "{1}"}}, "steps": 2, "cfg": 2}}}},
      "{0}_picture": {{"type": "vae.decode", "inputs": {{"vae": {{"link": "checkpoint.vae"}}, "latent": {{"link": "{0}.latent"}}}}}})",
        id, latent, positive);
  }

  const sd::TemporaryFolder folder_;
  Bench bench_{{folder_ / "models"}};
};

TEST_F(LatentsOfFourPixels, MakeAPictureAsLargeAsWasAsked) {
  const RunResult result = run(sampled("plain", "empty.latent") + "," + sampled("told", "own.latent"),
      {"own", "plain", "plain_picture", "told_picture"});
  EXPECT_EQ(output<Latent>(result, "own").samples.sizes(), at::IntArrayRef({1, 3, 8, 16}));
  EXPECT_EQ(output<Latent>(result, "plain").space.downscale, 4);
  const at::Tensor& told = output<Image>(result, "told_picture").pixels();
  EXPECT_EQ(told.sizes(), at::IntArrayRef({1, 32, 64, 3}));
  EXPECT_TRUE(told.equal(output<Image>(result, "plain_picture").pixels())) << "an empty latent is of no space yet";
}

TEST_F(LatentsOfFourPixels, AreResizedAndPlacedByTheirPixels) {
  const RunResult result = run(R"(
      "large": {"type": "latent.resize", "inputs": {"latent": {"link": "encoded.latent"}, "width": 128, "height": 64}},
      "area": {"type": "conditioning.set_area", "inputs": {"conditioning": {"link": "label.conditioning"},
        "x": 0, "y": 0, "width": 64, "height": 64}}, )" +
          sampled("placed", "large.latent", "area.conditioning"),
      {"encoded", "large", "placed"});
  EXPECT_EQ(output<Latent>(result, "encoded").samples.sizes(), at::IntArrayRef({1, 3, 8, 16}));
  EXPECT_EQ(output<Latent>(result, "large").samples.sizes(), at::IntArrayRef({1, 3, 16, 32}));
}

TEST_F(LatentsOfFourPixels, AreEncodedInTilesAndWithAHoleByTheirPixels) {
  const RunResult result = run(R"(
      "tiled": {"type": "vae.encode_tiled", "inputs": {"vae": {"link": "checkpoint.vae"}, "image": {"link": "image.image"},
        "tile": 64, "overlap": 64}},
      "pieces": {"type": "vae.decode_tiled", "inputs": {"vae": {"link": "checkpoint.vae"}, "latent": {"link": "tiled.latent"},
        "tile": 64, "overlap": 64}},
      "hole": {"type": "vae.encode_inpaint", "inputs": {"vae": {"link": "checkpoint.vae"}, "image": {"link": "image.image"},
        "mask": {"link": "shape.mask"}, "grow": 0}})",
      {"tiled", "pieces", "hole"});
  EXPECT_EQ(output<Latent>(result, "tiled").samples.sizes(), at::IntArrayRef({1, 3, 8, 16}));
  EXPECT_EQ(output<Image>(result, "pieces").pixels().sizes(), at::IntArrayRef({1, 32, 64, 3}));
  EXPECT_EQ(output<Latent>(result, "hole").noise_mask.sizes(), at::IntArrayRef({1, 1, 32, 64}));
}

TEST_F(LatentsOfFourPixels, HaveSegmentationMapsOfTheirSize) {
  const RunResult result = run(R"(
      "map": {"type": "segmentation.draw", "inputs": {"width": 64, "height": 32, "legend": "sky #0000ff\nsea #00ff00",
        "background": "sky"}},
      "both": {"type": "conditioning.segmentation_map", "inputs": {"positive": {"link": "label.conditioning"},
        "negative": {"link": "label.conditioning"}, "map": {"link": "map.map"}, "vae": {"link": "checkpoint.vae"}}})",
      {"both"});
  EXPECT_EQ(output<Conditioning>(result, "both").entries[0].concat_map.sizes(), at::IntArrayRef({1, 2, 8, 16}));
}

TEST(EncodeForInpaint, CutsTheMaskWithThePicture) {
  Bench bench;
  const RunResult result = bench.run(with_vae(135, 101, R"("square": {"type": "mask.rectangle", "inputs": {"width": 135,
      "height": 101, "left": 0, "top": 0, "right": 0.5, "bottom": 1}},
    "hole": {"type": "vae.encode_inpaint", "inputs": {"vae": {"link": "checkpoint.vae"}, "image": {"link": "image.image"},
      "mask": {"link": "square.mask"}, "grow": 0}})"),
      {"square", "hole"});
  const at::Tensor mask = output<Mask>(result, "square").values().unsqueeze(1);
  // 101 x 135 becomes 96 x 128 from row 2 and column 3 on.
  EXPECT_TRUE(output<Latent>(result, "hole").noise_mask.equal(mask.slice(2, 2, 98).slice(3, 3, 131).round()));
}

}  // namespace
}  // namespace weft::test
