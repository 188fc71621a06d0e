// CLIP's tokenizer, read once for all tests.
#pragma once

#include <filesystem>

#include "nodes/sd/text/tokenizer.h"

namespace weft::sd {

inline std::filesystem::path clip_merges_file() {
  return std::filesystem::path(WEFT_SOURCE_DIR) / ".deps/python/open_clip/bpe_simple_vocab_16e6.txt.gz";
}

inline const Tokenizer& clip_tokenizer() {
  static const Tokenizer tokenizer = Tokenizer::clip(clip_merges_file());
  return tokenizer;
}

}  // namespace weft::sd
