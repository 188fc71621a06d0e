#include "nodes/sd/text/tokenizer.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>
#include <nlohmann/json.hpp>

#include "nodes/sd/files/model_error.h"
#include "tests/nodes/clip_tokenizer.h"
#include "tests/nodes/small_models.h"

namespace weft::sd {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using Ids = std::vector<std::int64_t>;

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

// tests/reference/make_tokenizer_golden.py: a folder that transformers 5 saved, and what it gives for words
// that were added to it.
class SavedTokenizer : public testing::Test {
 protected:
  static nlohmann::json read(const std::filesystem::path& path) { return nlohmann::json::parse(std::ifstream(path)); }

  static void expect_golden_ids(const Tokenizer& tokenizer) {
    for (const auto& item : read(golden("tokenizer_words.json")))
      EXPECT_EQ(tokenizer.encode(item["text"].get<std::string>()), item["ids"].get<Ids>()) << item["text"];
  }

  const nlohmann::json saved_ = read(golden("tokenizer/tokenizer.json"));
  TemporaryFolder folder_;
};

TEST_F(SavedTokenizer, OfTransformers5HasItsVocabularyAndAddedWordsInOneFile) {
  const Tokenizer tokenizer = Tokenizer::from_folder(golden("tokenizer"));
  expect_golden_ids(tokenizer);
  EXPECT_EQ(tokenizer.start_id(), 523);
  EXPECT_EQ(tokenizer.end_id(), 524);
  EXPECT_EQ(tokenizer.pad_id(), 0);  // "!"
  EXPECT_EQ(tokenizer.vocabulary_size(), 534u);
  EXPECT_THAT(tokenizer.spell({525, 516}), ElementsAre("<cat-toy>", "on"));
}

TEST_F(SavedTokenizer, OfOlderVersionsHasThemInSeveral) {
  nlohmann::json added, decoder;
  for (const auto& token : saved_["added_tokens"]) {
    if (token["id"] == 525) {
      added[token["content"].get<std::string>()] = token["id"];
    } else {
      decoder[std::to_string(token["id"].get<int>())] = token;
    }
  }
  nlohmann::json config = read(golden("tokenizer/tokenizer_config.json"));
  config["added_tokens_decoder"] = decoder;
  std::ofstream(folder_ / "vocab.json") << saved_["model"]["vocab"];
  std::ofstream merges(folder_ / "merges.txt");
  merges << "#version: 0.2\n";
  for (const auto& merge : saved_["model"]["merges"])
    merges << merge[0].get<std::string>() << " " << merge[1].get<std::string>() << "\n";
  merges.close();
  std::ofstream(folder_ / "added_tokens.json") << added;
  std::ofstream(folder_ / "tokenizer_config.json") << config;
  expect_golden_ids(Tokenizer::from_folder(folder_ / ""));
}

TEST_F(SavedTokenizer, KnowsALearnedWordOfClip) {
  nlohmann::json file = saved_;
  auto& vocab = file["model"]["vocab"] = nlohmann::json::object();
  const ClipVocabulary usual = ClipVocabulary::from_merges_gz(clip_merges_file());
  for (const auto& [piece, id] : usual.ids()) vocab[piece] = id;
  file["model"]["merges"] = nlohmann::json::array({nlohmann::json::array({"o", "n</w>"})});
  file["added_tokens"] = {{{"content", "<cat-toy>"}, {"id", 49408}, {"normalized", true}}};
  std::ofstream(folder_ / "tokenizer.json") << file;
  EXPECT_THAT(Tokenizer::from_folder(folder_ / "").encode("a <cat-toy> on"), ElementsAre(320, 49408, 525));
}

TEST_F(SavedTokenizer, ReadsMergesAsTextsToo) {
  nlohmann::json file = saved_;
  for (auto& merge : file["model"]["merges"]) merge = merge[0].get<std::string>() + " " + merge[1].get<std::string>();
  std::ofstream(folder_ / "tokenizer.json") << file;
  std::filesystem::copy(golden("tokenizer/tokenizer_config.json"), folder_ / "tokenizer_config.json");
  expect_golden_ids(Tokenizer::from_folder(folder_ / ""));
}

TEST_F(SavedTokenizer, OfAnotherKindIsNamed) {
  const auto error_with = [&](const char* pointer, const nlohmann::json& value) -> std::string {
    nlohmann::json file = saved_;
    file[nlohmann::json::json_pointer(pointer)] = value;
    std::ofstream(folder_ / "tokenizer.json") << file;
    try {
      Tokenizer::from_folder(folder_ / "");
      return "ok";
    } catch (const ModelError& error) {
      return error.what();
    }
  };
  EXPECT_THAT(error_with("/model/type", "WordPiece"), HasSubstr("of the kind \"WordPiece\", and CLIP's is BPE"));
  EXPECT_THAT(error_with("/model/type", "Unigram"), HasSubstr("Unigram"));
  EXPECT_THAT(error_with("/model/end_of_word_suffix", nullptr), HasSubstr("not of CLIP's kind"));
  EXPECT_THAT(error_with("/model", 7), HasSubstr("not of CLIP's kind"));
  EXPECT_THAT(error_with("/model/vocab", {"a", "b"}), HasSubstr("no pieces of words"));
  EXPECT_THAT(error_with("/model/merges/0", {"a", "b", "c"}), HasSubstr("merge [\"a\",\"b\",\"c\"] is not a pair"));
  EXPECT_THAT(error_with("/model/merges", "a b"), HasSubstr("no list of merges"));
  EXPECT_THAT(error_with("/model/vocab/a", -1), HasSubstr("gives \"a\" the id -1"));
  EXPECT_THAT(error_with("/added_tokens", "<cat-toy>"), HasSubstr("added_tokens that are no list"));
  EXPECT_THAT(error_with("/added_tokens/0", "<cat-toy>"), HasSubstr("added token without content"));
  EXPECT_THAT(error_with("/added_tokens/0/content", ""), HasSubstr("added token without content"));
  EXPECT_THAT(error_with("/added_tokens/0/id", "five"), HasSubstr("an id that is none"));
  EXPECT_THAT(error_with("/added_tokens/0/single_word", "no"), HasSubstr("neither true nor false"));
  EXPECT_EQ(error_with("/added_tokens/0/lstrip", true), "ok");
}

/// Each case changes a good file at one place; whatever comes out, it is a ModelError or a tokenizer that
/// works.
TEST_F(SavedTokenizer, SurvivesHundredsOfDamagedFiles) {
  const nlohmann::json::object_t files{{"tokenizer.json", saved_}, {"added_tokens.json", {{"<dog>", 540}}},
      {"tokenizer_config.json", read(golden("tokenizer/tokenizer_config.json"))}};
  const std::vector<nlohmann::json> wrong{
      nullptr, true, -1, 1.5, 1e300, 18446744073709551615u, "", "x", {1, 2}, {{"a", 1}}};
  int refused = 0;
  const auto try_with = [&](const std::string& name, const std::string& text) {
    for (const auto& [other, good] : files) std::ofstream(folder_ / other) << (other == name ? text : good.dump());
    try {
      static_cast<void>(Tokenizer::from_folder(folder_ / "").encode("a <cat-toy> on <dog> caf\u00e9"));
    } catch (const ModelError& error) {
      EXPECT_THAT(error.what(), HasSubstr(folder_ / ""));
      ++refused;
    }
  };
  for (const auto& [name, good] : files) {
    const nlohmann::json flat = good.flatten();
    std::size_t tried = 0;
    for (const auto& [pointer, value] : flat.items()) {
      if (pointer.starts_with("/model/vocab") && ++tried % 50 != 0) continue;  // they are all alike
      nlohmann::json damaged = flat;
      damaged[pointer] = wrong[tried++ % wrong.size()];
      try {
        try_with(name, damaged.unflatten().dump());
      } catch (const nlohmann::json::exception&) {
        // what unflatten() cannot build, no file holds
      }
    }
    for (const nlohmann::json& whole : wrong) try_with(name, whole.dump());
    const std::string text = good.dump();
    for (std::size_t size = 0; size < text.size(); size += 1 + text.size() / 40) try_with(name, text.substr(0, size));
    try_with(name, std::string(100'000, '['));
  }
  EXPECT_GT(refused, 150);
}

TEST_F(SavedTokenizer, OfBertIsReadWhereAModelWantsBertsWords) {
  nlohmann::json file = saved_;
  file["model"] = {
      {"type", "WordPiece"}, {"vocab", {{"[PAD]", 0}, {"[UNK]", 1}, {"[CLS]", 2}, {"[SEP]", 3}, {"fox", 4}}}};
  file["added_tokens"] = {{{"content", "<cat-toy>"}, {"id", 5}, {"normalized", false}}};
  std::ofstream(folder_ / "tokenizer.json") << file;
  EXPECT_THAT(Tokenizer::bert_from_folder(folder_ / "").encode("fox <cat-toy> cat"), ElementsAre(4, 5, 1));
  file["model"]["type"] = "BPE";
  std::ofstream(folder_ / "tokenizer.json") << file;
  EXPECT_THROW(Tokenizer::bert_from_folder(folder_ / ""), ModelError);
}

class TokenizerFolder : public testing::Test {
 protected:
  void write(const std::string& vocab, const std::string& merges, const std::string& config = "") {
    std::ofstream(folder_ / "vocab.json") << vocab;
    std::ofstream(folder_ / "merges.txt") << merges;
    if (!config.empty()) std::ofstream(folder_ / "tokenizer_config.json") << config;
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
  EXPECT_THAT(error(), HasSubstr("has neither tokenizer.json nor vocab.json"));
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
