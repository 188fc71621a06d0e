// BERT's tokenizer against transformers' (tests/reference/make_bert_token_golden.py).
#include "nodes/sd/text/word_piece.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>
#include <nlohmann/json.hpp>

#include "nodes/sd/files/model_error.h"
#include "nodes/sd/files/share_file.h"
#include "nodes/sd/text/tokenizer.h"
#include "tests/nodes/small_models.h"

namespace weft::sd {
namespace {

using testing::HasSubstr;

const Tokenizer& bert() {
  static const Tokenizer tokenizer = Tokenizer::bert(share_file("bert_uncased_vocab.txt"));
  return tokenizer;
}

TEST(WordPiece, HasBertsVocabulary) {
  EXPECT_EQ(bert().vocabulary_size(), 30522u);
  EXPECT_EQ(bert().start_id(), 101);
  EXPECT_EQ(bert().end_id(), 102);
  EXPECT_EQ(bert().pad_id(), 0);
}

TEST(WordPieceGolden, GivesTransformersIds) {
  std::ifstream file(golden("bert_tokens.json"));
  const auto rows = nlohmann::json::parse(file);
  ASSERT_GT(rows.size(), 20u);
  for (const auto& row : rows) {
    const auto text = row.at("text").get<std::string>();
    EXPECT_EQ(bert().encode(text), row.at("ids").get<std::vector<std::int64_t>>()) << text;
  }
}

TEST(WordPiece, SaysWhatAFileIsThatIsNoVocabulary) {
  const TemporaryFolder folder;
  const auto error_of = [&]() -> std::string {
    try {
      Tokenizer::bert(folder / "vocab.txt");
    } catch (const ModelError& error) {
      return error.what();
    }
    return "no error";
  };
  EXPECT_THAT(error_of(), HasSubstr("there is no such file"));
  std::ofstream(folder / "vocab.txt") << "[PAD]\n[UNK]\n[CLS]\na\n";
  EXPECT_THAT(error_of(), HasSubstr("is not a vocabulary of BERT: it has no [SEP]"));
}

}  // namespace
}  // namespace weft::sd
