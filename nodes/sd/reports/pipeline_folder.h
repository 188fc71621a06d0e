// The JSON of a diffusers folder, from what a Checkpoint knows of itself, and its tokenizers. Pure functions but for the files
// that they write: any thread.
#pragma once

#include <filesystem>
#include <nlohmann/json.hpp>

#include "nodes/sd/families/checkpoint.h"

namespace weft::sd {

/// config.json of a part. Throws ModelError for a VQ autoencoder, which diffusers has another class for.
nlohmann::json diffusers_config(const Checkpoint& model, Part part);

/// Everything beside the weights: model_index.json, the scheduler's and the tokenizers' files. `folder` is there.
void write_pipeline_files(const std::filesystem::path& folder, const Checkpoint& model);

void write_json(const std::filesystem::path& file, const nlohmann::json& json);

}  // namespace weft::sd
