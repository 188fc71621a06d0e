// What a LoRA, or one of its kin, says of itself without the model that it was made for. Pure functions: any thread.
#pragma once

#include <nlohmann/json.hpp>

#include "nodes/sd/files/weight_file.h"

namespace weft::sd {

/// {"family", "forms": {"LoRA": layers}, "ranks": [least, greatest], "alphas": [least, greatest], "layers": {"unet", "text"}}.
/// What cannot be told is left out.
nlohmann::json adapter_report(const WeightFile& file);

/// What a training program has written down: {"trigger_words": [...], "resolution", "base_model", "title"}, of any kind of file.
nlohmann::json training_report(const std::map<std::string, std::string>& metadata);

}  // namespace weft::sd
