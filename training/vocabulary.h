// The small tokenizer of the embedded model: CLIP's byte-pair encoding, whose merges are learnt from the
// words of our captions alone, until each of them is one token. Other words still work, as letters.
//
// The training program uses ids() below; everybody else reads the two files with any CLIP tokenizer, and gets
// the same ids for captions (a test makes sure).
#pragma once

#include <cstdint>
#include <filesystem>
#include <map>
#include <string>
#include <utility>
#include <vector>

namespace weft::paper_cut {

class Vocabulary {
 public:
  static constexpr std::int64_t kLength = 77;  ///< ids of one caption, padded with the end token

  /// Learns the merges from the words; the same words give the same ids.
  explicit Vocabulary(const std::vector<std::string>& words);

  /// CLIP's order: 256 bytes, 256 bytes that end a word, merges, start of text, end of text.
  std::int64_t size() const { return static_cast<std::int64_t>(tokens_.size()); }
  std::int64_t start_id() const { return size() - 2; }
  std::int64_t end_id() const { return size() - 1; }

  /// The ids of a caption that is made of the vocabulary's words and commas: [kLength].
  std::vector<std::int64_t> ids(const std::string& caption) const;

  /// vocab.json, merges.txt, tokenizer_config.json and special_tokens_map.json, as transformers writes them.
  void write(const std::filesystem::path& folder) const;

 private:
  std::vector<std::string> tokens_;
  std::map<std::string, std::int64_t> ids_;
  std::vector<std::pair<std::string, std::string>> merges_;
};

}  // namespace weft::paper_cut
