// The tokenizer that belongs to a checkpoint.
#pragma once

#include "nodes/sd/families/checkpoint.h"
#include "nodes/sd/text/tokenizer.h"

namespace weft::sd {

/// The model's own files, or CLIP's or BERT's usual vocabulary, which set-up brought. Throws ModelError where
/// there is none.
Tokenizer tokenizer_of(const Checkpoint& checkpoint);

}  // namespace weft::sd
