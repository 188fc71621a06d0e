#include "nodes/sd/text/prompt.h"

#include <ATen/ATen.h>
#include <ATen/core/grad_mode.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdlib>
#include <fstream>
#include <nlohmann/json.hpp>

#include "base/error.h"
#include "nodes/sd/files/model_error.h"
#include "tests/nodes/clip_tokenizer.h"
#include "tests/nodes/seeded_source.h"
#include "tests/nodes/small_models.h"

namespace weft::sd {
namespace {

using nlohmann::json;

// The recording keeps escaped brackets as two bytes.
std::string with_brackets(std::string text) {
  for (const auto& [escaped, bracket] : {std::pair(std::string("\0\1", 2), ")"), {std::string("\0\2", 2), "("}}) {
    for (std::size_t at; (at = text.find(escaped)) != std::string::npos;) text.replace(at, 2, bracket);
  }
  return text;
}

TEST(PromptGolden, WeightsAndTokensAreComfyUIs) {
  const char* other = std::getenv("WEFT_GOLDEN_TOKENS");
  const json cases = other ? json::parse(std::ifstream(other)) : json::parse(golden_text("golden_tokens.json"));
  ASSERT_FALSE(cases.empty());
  for (const auto& expected : cases) {
    const auto prompt = expected["text"].get<std::string>();
    SCOPED_TRACE(prompt);
    const auto weights = parse_weights(prompt);
    ASSERT_EQ(weights.size(), expected["weights"].size());
    for (std::size_t i = 0; i < weights.size(); ++i) {
      EXPECT_EQ(weights[i].text, with_brackets(expected["weights"][i][0].get<std::string>()));
      EXPECT_NEAR(weights[i].weight, expected["weights"][i][1].get<double>(), 1e-9);
    }
    const auto chunks = tokenize_prompt(clip_tokenizer(), prompt);
    ASSERT_EQ(chunks.size(), expected["sd1"].size());
    for (std::size_t chunk = 0; chunk < chunks.size(); ++chunk) {
      ASSERT_EQ(chunks[chunk].ids.size(), expected["sd1"][chunk].size());
      for (std::size_t i = 0; i < chunks[chunk].ids.size(); ++i) {
        EXPECT_EQ(chunks[chunk].ids[i], expected["sd1"][chunk][i][0].get<std::int64_t>()) << i;
        EXPECT_NEAR(chunks[chunk].weights[i], expected["sd1"][chunk][i][1].get<double>(), 1e-6) << i;
      }
    }
  }
}

TEST(Prompt, KeepsAShortRunTogetherAtAChunksEndAndTearsALongOne) {
  const auto words = [](int count) {
    std::string text;
    for (int i = 0; i < count; ++i) text += "cat ";
    return text;
  };
  const auto short_run = tokenize_prompt(clip_tokenizer(), words(70) + "(" + words(7) + ":1.5)");
  ASSERT_EQ(short_run.size(), 2u);
  EXPECT_EQ(short_run[0].ids[71], clip_tokenizer().end_id());
  EXPECT_EQ(short_run[1].weights[1], 1.5f);
  const auto long_run = tokenize_prompt(clip_tokenizer(), words(70) + "(" + words(8) + ":1.5)");
  EXPECT_EQ(long_run[0].weights[75], 1.5f);
  EXPECT_EQ(long_run[1].weights[3], 1.5f);
  EXPECT_EQ(long_run[1].weights[4], 1.0f);
}

TEST(Prompt, SurvivesHostileBrackets) {
  EXPECT_EQ(parse_weights(std::string(100000, '(')).size(), 1u);
  EXPECT_EQ(parse_weights(std::string(100000, ')')).size(), 1u);
  EXPECT_FALSE(parse_weights(std::string(100000, '(') + "x" + std::string(100000, ')')).empty());
  EXPECT_EQ(parse_weights("(a:1e999)")[0].text, "a:1e999");
  EXPECT_EQ(parse_weights("(a:nan)")[0].text, "a:nan");
  EXPECT_NEAR(parse_weights("(a: 1.5 )")[0].weight, 1.5, 1e-12);
}

TEST(Prompt, NamesEachEmbeddingOnce) {
  using testing::ElementsAre;
  EXPECT_THAT(named_embeddings("a embedding:foo, (embedding:bar:1.2)"), ElementsAre("foo", "bar"));
  EXPECT_THAT(named_embeddings("embedding:foo.pt, b\n(a (embedding:foo.pt) b:0.5) embedding:\\(x\\)"),
      ElementsAre("foo.pt", "(x)"));
  EXPECT_THAT(named_embeddings("embedding:sub/bad-hands-5.safetensors,embedding:next"),
      ElementsAre("sub/bad-hands-5.safetensors", "next"));
  EXPECT_THAT(named_embeddings("a cat, an embedding: a disembedding:x"), testing::IsEmpty());
}

TEST(Prompt, WarnsOfWhatHasNotTheEffectThatItSeemsToHave) {
  using testing::ElementsAre;
  using testing::HasSubstr;
  EXPECT_TRUE(prompt_warnings("a (cat:-1.5) [on] a (((mat))), (x:0) sky:1.4, C:\\cats").empty());
  EXPECT_THAT(prompt_warnings("(cat:50) (dog:-3e30)"), ElementsAre(HasSubstr("the weight -3e+30 of 'dog'")));
  EXPECT_THAT(prompt_warnings("(cat:nan) (dog:1e999)"), ElementsAre(HasSubstr("'(cat:nan)' is read as words")));
  EXPECT_THAT(prompt_warnings("(dog:-1e999)"), ElementsAre(HasSubstr("'(dog:-1e999)' is read as words")));
  EXPECT_THAT(prompt_warnings(std::string(101, '(') + "cat" + std::string(101, ')')),
      testing::Contains(HasSubstr("brackets within 100 others")));
  EXPECT_THAT(prompt_warnings("(" + std::string(39, 'x') + "ä and more:99)"),
      ElementsAre(HasSubstr("'" + std::string(39, 'x') + "...'")));
}

TEST(Prompt, RefusesMoreThanAPictureCanAttendTo) {
  const auto words = [](int count) {
    std::string text;
    for (int i = 0; i < count; ++i) text += "cat ";
    return text;
  };
  const auto tokenize = [](const std::string& text) { return tokenize_prompt(clip_tokenizer(), text); };
  EXPECT_EQ(tokenize(words(64 * 75)).size(), kMostChunks);
  EXPECT_THROW(tokenize(words(64 * 75 + 1)), NodeError);
  EXPECT_EQ(tokenize(std::string(kLongestPrompt, ' ')).size(), 1u);
  EXPECT_THROW(tokenize(std::string(kLongestPrompt + 1, ' ')), NodeError);
  EXPECT_THROW(tokenize(std::string(kLongestPrompt, '(')), NodeError);
}

TextEncoder narrow_encoder(std::int64_t vocab) {
  TextEncoderConfig config = small_model().text;
  config.vocab = vocab;
  config.eos_id = vocab - 1;
  return TextEncoder(config, Weights(std::make_shared<SeededSource>()));
}

TEST(FindTokens, GivesThePlacesOfWordsBehindTheStart) {
  const auto places = [](std::string_view prompt, std::string_view words) {
    return find_tokens(clip_tokenizer(), prompt, words);
  };
  using testing::ElementsAre;
  EXPECT_THAT(places("an arctic fox, a fox", "fox"), ElementsAre(3, 6));
  EXPECT_THAT(places("an (arctic:1.2) Fox", "arctic fox"), ElementsAre(2, 3));
  EXPECT_THAT(places("a boat", "fox"), ElementsAre());
  EXPECT_THAT(places("a boat", ""), ElementsAre());
}

TEST(FindTokens, CountsOnThroughChunks) {
  std::string text;
  for (int i = 0; i < 75; ++i) text += "cat ";
  EXPECT_THAT(find_tokens(clip_tokenizer(), text + "fox", "fox"), testing::ElementsAre(77 + 1));
}

TEST(EncodePrompt, GivesOneChunkOf77ForEvery75Tokens) {
  at::NoGradGuard no_grad;
  const TextEncoder encoder = narrow_encoder(49408);
  EXPECT_EQ(encode_prompt(encoder, clip_tokenizer(), "").context.sizes(), at::IntArrayRef({1, 77, 32}));
  std::string longer;
  for (int i = 0; i < 76; ++i) longer += "cat ";
  const EncodedPrompt two = encode_prompt(encoder, clip_tokenizer(), longer);
  EXPECT_EQ(two.context.size(1), 154);
  EXPECT_EQ(two.pooled.sizes(), at::IntArrayRef({1, 32}));
}

TEST(EncodePrompt, SpellsTheTokenAtEachPlaceOfTheContext) {
  at::NoGradGuard no_grad;
  const std::vector<PromptToken> tokens =
      encode_prompt(narrow_encoder(49408), clip_tokenizer(), "a (red:1.5) boat").tokens;
  ASSERT_EQ(tokens.size(), 77u);
  EXPECT_EQ(tokens[0].text, "<|startoftext|>");
  EXPECT_EQ(tokens[2].text, "red");
  EXPECT_FLOAT_EQ(tokens[2].weight, 1.5);
  EXPECT_EQ(tokens[3].text, "boat");
  EXPECT_EQ(tokens[76].text, "<|endoftext|>");
}

TEST(EncodePrompt, MovesWeightedTokensAwayFromTheEmptyPrompt) {
  at::NoGradGuard no_grad;
  const TextEncoder encoder = narrow_encoder(49408);
  const auto encode = [&](const char* text) { return encode_prompt(encoder, clip_tokenizer(), text).context; };
  const at::Tensor plain = encode("a cat"), empty = encode(""), heavy = encode("a (cat:1.5)"),
                   gone = encode("a (cat:0)");
  EXPECT_TRUE(heavy[0][1].allclose(plain[0][1], 1e-4, 1e-5)) << "\"a\" has weight 1";
  EXPECT_TRUE(heavy[0][2].allclose(empty[0][2] + 1.5 * (plain[0][2] - empty[0][2]), 1e-4, 1e-5));
  EXPECT_TRUE(gone[0][2].allclose(empty[0][2], 1e-4, 1e-5));
}

TEST(EncodePrompt, RefusesATokenizerOfAnotherModel) {
  EXPECT_THROW(encode_prompt(narrow_encoder(100), clip_tokenizer(), "a"), ModelError);
}

}  // namespace
}  // namespace weft::sd
