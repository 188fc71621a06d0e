// Textual inversion: the vectors of its files, where they go in a prompt, and what the encoder makes of them (against
// transformers, tests/reference/make_adapter_golden.py).
#include <ATen/ATen.h>
#include <ATen/core/grad_mode.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/error.h"
#include "nodes/sd/families/checkpoint.h"
#include "nodes/sd/files/safetensors.h"
#include "nodes/sd/files/share_file.h"
#include "nodes/sd/text/embedding_file.h"
#include "nodes/sd/text/prompt.h"
#include "nodes/sd/values/values.h"
#include "tests/nodes/family_models.h"
#include "tests/nodes/seeded_source.h"
#include "tests/nodes/small_models.h"

namespace weft::sd {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

TEST(Embedding, InATextAgreesWithTransformers) {
  const at::NoGradGuard no_grad;
  TextEncoderConfig config = family_case("xl").texts.at(Part::TextEncoder);
  config.layer = 2;
  config.norm_inner = false;
  const TextEncoder encoder(config, Weights(std::make_shared<SeededSource>()));
  const at::Tensor learned = seeded_normal("learned", {2, 64});
  at::Tensor ids = at::full({2, 77}, 999, at::kLong);
  std::vector<PlacedVector> placed;
  for (std::int64_t row = 0; row < 2; ++row) {
    ids[row][0] = 998;
    for (std::int64_t i = 0; i < (row == 0 ? 5 : 75); ++i) ids[row][1 + i] = (7 * i + 3) % 997;
    for (const std::int64_t i : {0, 1}) {
      ids[row][3 + i] = 0;
      placed.push_back({row, 3 + i, learned[i]});
    }
  }
  const TextEncoding encoded = encoder.forward(ids, 0, placed);
  const auto expected = SafetensorsFile::open(golden("adapters.safetensors"));
  const auto error = [&](const at::Tensor& found, const char* name) {
    return ((found - expected.tensor(name)).norm() / expected.tensor(name).norm()).item<double>();
  };
  EXPECT_LT(error(encoded.hidden.slice(1, 0, 77, 7), "xl.text_with_embedding"), 1e-5);
  EXPECT_LT(error(encoded.pooled, "xl.text_with_embedding_pooled"), 1e-5);
}

// weights-on-disk's question 32.
TEST(Embedding, FilesOfEveryFormAreRead) {
  const TemporaryFolder folder;
  const auto vectors = [&](const TensorMap& file, const std::string& key, std::int64_t width) {
    write_safetensors(folder / "e.safetensors", file);
    return learned_vectors(folder / "e.safetensors", key, width);
  };
  const at::Tensor two = at::full({2, 768}, 2.0), one = at::full({768}, 1.0), wide = at::full({3, 1280}, 3.0);
  EXPECT_TRUE(vectors({{"emb_params", two}}, "clip_l", 768).equal(two));
  EXPECT_TRUE(vectors({{"<cat-toy>", one}}, "clip_l", 768).equal(one.unsqueeze(0))) << "a 1-D vector is one token";
  EXPECT_TRUE(vectors({{"clip_l", two}, {"clip_g", wide}}, "clip_l", 768).equal(two));
  EXPECT_TRUE(vectors({{"clip_l", two}, {"clip_g", wide}}, "clip_g", 1280).equal(wide));
  EXPECT_FALSE(vectors({{"clip_l", two}, {"clip_g", wide}}, "clip_h", 1024).defined());
  EXPECT_TRUE(vectors({{"emb_params", two.to(at::kHalf)}}, "clip_l", 768).equal(two));
  EXPECT_TRUE(
      vectors({{"b", at::full({1, 768}, 5.0, at::kFloat)}, {"a", at::full({1, 768}, 6.0, at::kHalf)}}, "clip_l", 768)
          .equal(at::full({1, 768}, 5.0)))
      << "the first in the file: by type, then by name";
  EXPECT_TRUE(vectors({{"bundle_emb.x.string_to_param.*", two}}, "clip_l", 768).equal(two));
  EXPECT_EQ(vectors({{"step", at::full({1}, 7, at::kLong)}, {"emb_params", two}}, "clip_l", 768).size(0), 2);
}

TEST(Embedding, StandsWhereItsNameDoesWithItsWeight) {
  const Tokenizer tokenizer = Tokenizer::clip(share_file("bpe_simple_vocab_16e6.txt.gz"));
  const LearnedWords learned = [](const std::string& name) {
    return name == "toy" ? at::stack({at::full({4}, 1.0), at::full({4}, 2.0)}) : at::Tensor();
  };
  const TokenChunk chunk =
      tokenize_prompt(tokenizer, "a (embedding:toy:1.5), embedding:none boat", 77, learned).front();
  EXPECT_THAT(std::vector<std::int64_t>(chunk.ids.begin(), chunk.ids.begin() + 7),
      ElementsAre(49406, 320, 0, 0, 267, 4440, 49407));
  EXPECT_EQ(chunk.weights[2], 1.5f);
  ASSERT_EQ(chunk.learned.size(), 2u);
  EXPECT_TRUE(chunk.learned.at(3).vector.equal(at::full({4}, 2.0)));
  EXPECT_EQ(chunk.learned.at(2).name, "toy");
  // A word that does not fit is not torn apart.
  const LearnedWords long_word = [](const std::string&) { return at::zeros({6, 4}); };
  std::string prompt;
  for (int i = 0; i < 72; ++i) prompt += "boat ";
  const auto chunks = tokenize_prompt(tokenizer, prompt + "embedding:toy", 77, long_word);
  ASSERT_EQ(chunks.size(), 2u);
  EXPECT_TRUE(chunks[0].learned.empty());
  EXPECT_EQ(chunks[1].learned.size(), 6u);
}

TEST(Embedding, OfAnotherFamilyIsRefused) {
  const TemporaryFolder folder;
  SmallModel model = medium_model();
  model.text.vocab = 49408;
  model.text.eos_id = 49407;
  write_single_file(folder / "m.safetensors", model);
  write_safetensors(folder / "fits.safetensors", {{"emb_params", at::ones({1, 64})}});
  write_safetensors(folder / "wide.safetensors", {{"emb_params", at::ones({1, 768})}});
  const Clip clip(std::make_shared<const Checkpoint>(Checkpoint::open(folder / "m.safetensors")));
  const auto encoded = [&](const std::string& text) {
    return clip.encode(text, {}, [&](const std::string& name) { return folder / (name + ".safetensors"); }).entries[0];
  };
  EXPECT_FALSE(encoded("a embedding:fits").context.equal(encoded("a").context));
  EXPECT_EQ(encoded("a embedding:fits").tokens[2].text, "fits");
  try {
    encoded("a embedding:wide");
    FAIL();
  } catch (const NodeError& error) {
    EXPECT_THAT(error.what(), HasSubstr("the embedding 'wide' has no vectors for this model's text encoder"));
  }
}

}  // namespace
}  // namespace weft::sd
