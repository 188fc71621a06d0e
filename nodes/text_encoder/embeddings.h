// The embeddings that a text names, in the model folder 'embeddings'.
#pragma once

#include <string>
#include <vector>

#include "nodes/sd/values/values.h"
#include "plugins/sdk.h"

namespace weft::text_encoder {

/// By name, with or without ".safetensors".
Clip::EmbeddingFiles embedding_files(const RunContext& ctx);

/// Warns of what a text has in vain: names of embeddings that are not there, weights, brackets.
void warn_of(RunContext& ctx, const std::string& text);

/// The first of that, of runs of plain text.
void warn_of_missing(RunContext& ctx, const std::vector<std::string>& runs);

/// For a fingerprint: changes when an embedding comes, goes or changes. It does not ask for the text, which may come by a
/// link: asking would make the node, and all behind it, run every time.
std::string embeddings_stamp(const RunContext& ctx);

}  // namespace weft::text_encoder
