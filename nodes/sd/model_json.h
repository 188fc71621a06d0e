// JSON beside models: config.json, vocab.json, model_index.json, tokenizer.json ... Written by libraries, downloaded, so
// possibly damaged or hostile.
#pragma once

#include <filesystem>
#include <nlohmann/json.hpp>

namespace weft::sd {

/// Throws ModelError naming the file: not readable, larger than a text is, not JSON, nested without end.
nlohmann::json read_model_json(const std::filesystem::path& file);

}  // namespace weft::sd
