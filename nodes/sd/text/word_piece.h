// BERT's vocabulary of words and pieces of words (Wu et al. 2016, "WordPiece"; uncased), which the
// text-to-image models of latent diffusion read.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

namespace weft::sd {

class WordPieceVocabulary {
 public:
  /// vocab.txt: a piece a line, its id the line's number; "##s" continues a word. Throws ModelError, also
  /// where [CLS], [SEP], [PAD] or [UNK] is missing.
  static WordPieceVocabulary from_file(const std::filesystem::path& vocab_txt);

  /// A tokenizer folder's tokenizer.json. Throws ModelError, also where it is another kind of tokenizer's.
  static WordPieceVocabulary from_tokenizer_json(const std::filesystem::path& path);

  /// The id of a whole piece, such as "[SEP]"; -1 when there is none.
  std::int64_t find(std::string_view piece) const;

  /// The ids of a text: without case, accents and repeated spaces; each mark of punctuation alone; every word
  /// in the longest pieces that there are, from its beginning, or [UNK].
  std::vector<std::int64_t> encode(std::string_view text) const;

  /// A piece as people read it: with an ellipsis for "##", where it goes on with a word.
  static std::string readable(const std::string& piece);

  const std::unordered_map<std::string, std::int64_t>& ids() const { return ids_; }
  std::size_t size() const { return ids_.size(); }

 private:
  void require_special_tokens(const std::string& origin);
  void split_word(const std::vector<std::string>& letters, std::vector<std::int64_t>& ids) const;

  std::unordered_map<std::string, std::int64_t> ids_;
  std::int64_t unknown_id_ = 0;
};

}  // namespace weft::sd
