// The added tokens of a tokenizer folder, which stand in up to three files.
#pragma once

#include <filesystem>
#include <vector>

#include "nodes/sd/text/added_tokens.h"

namespace weft::sd {

/// Those of tokenizer.json, of added_tokens.json (before transformers 5) and of tokenizer_config.json's
/// "added_tokens_decoder", which knows best. Files that are not there add none. Throws ModelError.
std::vector<AddedToken> added_tokens_of(const std::filesystem::path& folder);

}  // namespace weft::sd
