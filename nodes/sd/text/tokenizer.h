// Text to the ids that the text encoder was trained on: CLIP's tokenizer, or BERT's. Weights and chunks are
// prompt.h's business.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "nodes/sd/text/added_tokens.h"
#include "nodes/sd/text/clip_vocabulary.h"
#include "nodes/sd/text/word_piece.h"

namespace weft::sd {

class Tokenizer {
 public:
  /// CLIP's vocabulary from bpe_simple_vocab_16e6.txt.gz (set-up fetches it). Throws ModelError.
  static Tokenizer clip(const std::filesystem::path& merges_gz);

  /// CLIP's in a diffusers folder's tokenizer/: tokenizer.json, or else vocab.json and merges.txt; special
  /// and added tokens where they are configured. Throws ModelError.
  static Tokenizer from_folder(const std::filesystem::path& folder);

  /// BERT's vocab.txt. Throws ModelError.
  static Tokenizer bert(const std::filesystem::path& vocab_txt);

  /// BERT's in a diffusers folder's tokenizer/: tokenizer.json, or else vocab.txt; added tokens. Throws
  /// ModelError.
  static Tokenizer bert_from_folder(const std::filesystem::path& folder);

  /// Without start, end and padding. Case, repeated spaces and Unicode compositions make no difference.
  /// [any thread]
  std::vector<std::int64_t> encode(std::string_view text) const;

  /// The ids' pieces as people read them; a word of several has ellipses where it is cut.
  std::vector<std::string> spell(const std::vector<std::int64_t>& ids) const;

  std::int64_t start_id() const { return start_id_; }
  std::int64_t end_id() const { return end_id_; }
  std::int64_t pad_id() const { return pad_id_; }
  /// One more than the largest id, those of added tokens included.
  std::size_t vocabulary_size() const;

  /// The same, but that texts are padded with this id.
  Tokenizer padded_with(std::int64_t id) const;

 private:
  using Vocabulary = std::variant<ClipVocabulary, WordPieceVocabulary>;

  explicit Tokenizer(Vocabulary vocabulary);
  static Tokenizer bert(WordPieceVocabulary vocabulary);
  std::int64_t find(std::string_view piece) const;
  void encode_words(const CodePoints& points, std::vector<std::int64_t>& ids) const;

  Vocabulary vocabulary_;
  AddedTokens added_;
  std::int64_t start_id_ = 0, end_id_ = 0, pad_id_ = 0, unknown_id_ = 0;
};

}  // namespace weft::sd
