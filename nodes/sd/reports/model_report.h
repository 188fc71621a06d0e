// All that can be told of a model file or folder without running it, as JSON. [any thread]
#pragma once

#include <filesystem>
#include <nlohmann/json.hpp>

namespace weft::sd {

/// As ModelTools::describe() has it (assets/model_tools.h).
nlohmann::json model_report(const std::filesystem::path& model, bool hash);

}  // namespace weft::sd
