// A byte-pair vocabulary: pieces of words, their ids, and which two pieces join into which (Sennrich 2016).
#pragma once

#include <cstdint>
#include <filesystem>
#include <nlohmann/json_fwd.hpp>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>

namespace weft::sd {

class ClipVocabulary {
 public:
  /// CLIP's own: bpe_simple_vocab_16e6.txt.gz, from which ids follow (49408). Throws ModelError.
  static ClipVocabulary from_merges_gz(const std::filesystem::path& path);

  /// A tokenizer folder's vocab.json (piece to id) and merges.txt. Throws ModelError.
  static ClipVocabulary from_json(const std::filesystem::path& vocab, const std::filesystem::path& merges);

  /// A tokenizer folder's tokenizer.json, which holds both. Throws ModelError, also where it is another kind
  /// of tokenizer's.
  static ClipVocabulary from_tokenizer_json(const std::filesystem::path& path);

  /// The id of a whole piece, such as "<|endoftext|>"; -1 when there is none.
  std::int64_t find(std::string_view piece) const;

  /// Appends the ids of one word of raw bytes: its pieces joined as often as the vocabulary can. `unknown`
  /// stands for a byte that the vocabulary does not have.
  void split_word(std::string_view word, std::int64_t unknown, std::vector<std::int64_t>& ids) const;

  /// A piece as people read it: its bytes as text, with an ellipsis where the word goes on.
  static std::string readable(const std::string& piece);

  /// The pairs in their order, "left right" a line: what a tokenizer folder's merges.txt holds after its first line.
  std::string merges_text() const;

  const std::unordered_map<std::string, std::int64_t>& ids() const { return ids_; }
  std::size_t size() const { return ids_.size(); }

 private:
  struct Merge {
    std::int32_t rank;
    std::int64_t result;
  };

  using Pair = std::pair<std::string, std::string>;

  void add_pieces(const nlohmann::json& pieces, const std::string& origin);
  void add_merges(const std::vector<Pair>& pairs, const std::string& origin);

  std::unordered_map<std::string, std::int64_t> ids_;
  std::unordered_map<std::uint64_t, Merge> merges_;  ///< by left id << 32 | right id
};

}  // namespace weft::sd
