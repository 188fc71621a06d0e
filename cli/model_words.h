// What ModelTools tells of a model, in words.
#pragma once

#include <nlohmann/json.hpp>
#include <string>

namespace weft::cli {

/// A line for lists: "Stable Diffusion XL, v, F16, trigger words: a, b". Empty where nothing is known.
std::string model_summary(const nlohmann::json& report);

/// A line for each thing that is known.
std::string model_text(const nlohmann::json& report);

}  // namespace weft::cli
