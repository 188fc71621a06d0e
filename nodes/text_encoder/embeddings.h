// The embeddings that a text names, in the model folder 'embeddings'.
#pragma once

#include <string>

#include "nodes/sd/values/values.h"
#include "plugins/sdk.h"

namespace weft::text_encoder {

/// By name, with or without ".safetensors".
Clip::EmbeddingFiles embedding_files(const RunContext& ctx);

/// Warns of what a text has in vain: names of embeddings that are not there, weights, brackets.
void warn_of(RunContext& ctx, const std::string& text);

/// Changes when one of the embeddings in `text` does.
std::string embeddings_stamp(const RunContext& ctx, const std::string& text);

}  // namespace weft::text_encoder
