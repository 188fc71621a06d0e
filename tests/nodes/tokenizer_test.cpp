#include "nodes/sd/tokenizer.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>
#include <nlohmann/json.hpp>

#include "nodes/sd/model_error.h"
#include "tests/nodes/clip_tokenizer.h"
#include "tests/nodes/small_models.h"

namespace weft::sd {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using Ids = std::vector<int64_t>;

TEST(Tokenizer, HasClipsVocabulary) {
  EXPECT_EQ(clip_tokenizer().vocabulary_size(), 49408u);
  EXPECT_EQ(clip_tokenizer().start_id(), 49406);
  EXPECT_EQ(clip_tokenizer().end_id(), 49407);
  EXPECT_EQ(clip_tokenizer().pad_id(), 49407);
  EXPECT_THAT(clip_tokenizer().encode("a photo of a cat"), ElementsAre(320, 1125, 539, 320, 2368));
}

TEST(Tokenizer, DoesNotCareForCaseSpacesAndComposition) {
  const Ids cat = clip_tokenizer().encode("a cat");
  EXPECT_EQ(clip_tokenizer().encode(" A \n\t CaT\u00a0\u3000"), cat);
  EXPECT_EQ(clip_tokenizer().encode("caf\u0065\u0301"), clip_tokenizer().encode("caf\u00e9"));
}

TEST(Tokenizer, TakesDigitsOneByOneAndPunctuationTogether) {
  const auto& clip = clip_tokenizer();
  Ids expected = clip.encode("1");
  for (const char* piece : {"2", "!?", "b"}) {
    const Ids ids = clip.encode(piece);
    expected.insert(expected.end(), ids.begin(), ids.end());
  }
  EXPECT_EQ(clip.encode("12!?b"), expected);
}

TEST(Tokenizer, ReadsSpecialTokensInText) {
  EXPECT_THAT(clip_tokenizer().encode("a <|endoftext|> cat"), ElementsAre(320, 49407, 2368));
}

TEST(Tokenizer, GivesSomethingForEveryByteSequence) {
  EXPECT_FALSE(clip_tokenizer().encode("\xff\xfe broken \xe6\x97").empty());
  EXPECT_TRUE(clip_tokenizer().encode(std::string_view("", 0)).empty());
  EXPECT_FALSE(clip_tokenizer().encode(std::string_view("a\0b", 3)).empty());
  EXPECT_GT(clip_tokenizer().encode(std::string(20000, 'a')).size(), 1000u);
}

TEST(Tokenizer, SpellsIdsForPeople) {
  const auto& clip = clip_tokenizer();
  EXPECT_THAT(clip.spell({clip.start_id(), 320, 2368}), ElementsAre("<|startoftext|>", "a", "cat"));
  std::string word;  // of more than one piece, each but the last with an ellipsis
  for (std::string piece : clip.spell(clip.encode("weftweaver"))) {
    if (piece.ends_with("\u2026")) piece.resize(piece.size() - std::string_view("\u2026").size());
    word += piece;
  }
  EXPECT_EQ(word, "weftweaver");
  EXPECT_THAT(clip.spell(clip.encode("\u00e9t\u00e9")).back(), testing::EndsWith("t\u00e9"));
}

TEST(Tokenizer, SpellsUtf8WhateverTheBytes) {
  for (const std::string& piece : clip_tokenizer().spell(clip_tokenizer().encode("\xff\u65e5\u672c \U0001f600")))
    EXPECT_NO_THROW(nlohmann::json(piece).dump()) << piece;
}

class TokenizerFolder : public testing::Test {
 protected:
  void write(const std::string& vocab, const std::string& merges, const std::string& config = "") {
    std::ofstream(folder_ / "vocab.json") << vocab;
    std::ofstream(folder_ / "merges.txt") << merges;
    std::ofstream(folder_ / "tokenizer_config.json") << config;
  }
  std::string error() {
    try {
      Tokenizer::from_folder(folder_ / "");
    } catch (const ModelError& problem) {
      return problem.what();
    }
    return "no error";
  }
  TemporaryFolder folder_;
};

constexpr const char* kVocab =
    R"({"a":0,"b":1,"a</w>":2,"b</w>":3,"ab</w>":4,"<|startoftext|>":5,"<|endoftext|>":6,"!":7})";

TEST_F(TokenizerFolder, ReadsAVocabularyOfAnySize) {
  write(kVocab, "#version: 0.2\na b</w>\n", R"({"pad_token": {"content": "!"}})");
  const Tokenizer tokenizer = Tokenizer::from_folder(folder_ / "");
  EXPECT_THAT(tokenizer.encode("AB a b"), ElementsAre(4, 2, 3));
  EXPECT_EQ(tokenizer.start_id(), 5);
  EXPECT_EQ(tokenizer.end_id(), 6);
  EXPECT_EQ(tokenizer.pad_id(), 7);
}

TEST_F(TokenizerFolder, GivesTheUnknownTokenForALetterItDoesNotHave) {
  write(kVocab, "a b</w>\n");
  EXPECT_THAT(Tokenizer::from_folder(folder_ / "").encode("az"), ElementsAre(0, 6));
}

TEST_F(TokenizerFolder, ExplainsWhatIsWrong) {
  EXPECT_THAT(error(), HasSubstr("vocab.json: cannot be opened"));
  write("[]", "");
  EXPECT_THAT(error(), HasSubstr("is not a JSON object"));
  write("{\"a\": " + std::string(50'000, '[') + std::string(50'000, ']') + "}", "");
  EXPECT_THAT(error(), HasSubstr("vocab.json: it is nested deeper than 100 levels"));
  write(R"({"a":-1})", "");
  EXPECT_THAT(error(), HasSubstr("the id -1"));
  write(R"({"a":0})", "");
  EXPECT_THAT(error(), HasSubstr("bos_token"));
  write(kVocab, "a z\n");
  EXPECT_THAT(error(), HasSubstr("different tokenizers"));
  write(kVocab, "abc\n");
  EXPECT_THAT(error(), HasSubstr("is not a pair"));
}

TEST(ClipVocabulary, ExplainsAFileThatIsMissingOrDamaged) {
  const TemporaryFolder folder;
  EXPECT_THROW(Tokenizer::clip(folder / "none.gz"), ModelError);
  std::ofstream(folder / "bad.gz") << "\x1f\x8b\x08 not really";
  EXPECT_THROW(Tokenizer::clip(folder / "bad.gz"), ModelError);
  std::ofstream(folder / "short.gz") << "a b\n";
  EXPECT_THROW(Tokenizer::clip(folder / "short.gz"), ModelError);
}

}  // namespace
}  // namespace weft::sd
