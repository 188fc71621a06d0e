// CLIP's tokenizer, read once for all tests.
#pragma once

#include <filesystem>

#include "nodes/sd/tokenizer.h"

namespace weft::sd {

inline const Tokenizer& clip_tokenizer() {
  static const Tokenizer tokenizer = Tokenizer::clip(std::filesystem::path(WEFT_SOURCE_DIR) /
                                                     ".deps/python/open_clip/bpe_simple_vocab_16e6.txt.gz");
  return tokenizer;
}

}  // namespace weft::sd
