// CLIP's tokenizer: text to the ids that the text encoder was trained on. Weights and chunks are prompt.h's
// business.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string_view>
#include <vector>

#include "nodes/sd/clip_vocabulary.h"

namespace weft::sd {

class Tokenizer {
 public:
  /// CLIP's vocabulary from bpe_simple_vocab_16e6.txt.gz (set-up fetches it). Throws ModelError.
  static Tokenizer clip(const std::filesystem::path& merges_gz);

  /// A diffusers folder's tokenizer/: vocab.json, merges.txt, and special tokens where they are configured.
  static Tokenizer from_folder(const std::filesystem::path& folder);

  /// Without start, end and padding. Case, repeated spaces and Unicode compositions make no difference. Any
  /// thread.
  std::vector<int64_t> encode(std::string_view text) const;

  int64_t start_id() const { return start_id_; }
  int64_t end_id() const { return end_id_; }
  int64_t pad_id() const { return pad_id_; }
  size_t vocabulary_size() const { return vocabulary_.size(); }

 private:
  explicit Tokenizer(ClipVocabulary vocabulary) : vocabulary_(std::move(vocabulary)) {}

  ClipVocabulary vocabulary_;
  int64_t start_id_ = 0, end_id_ = 0, pad_id_ = 0, unknown_id_ = 0;
};

}  // namespace weft::sd
