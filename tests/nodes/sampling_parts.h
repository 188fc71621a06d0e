// tests/nodes/golden/sampling_parts.json.gz, made by tests/reference/make_sampling_golden.py.
#pragma once

#include <nlohmann/json.hpp>
#include <vector>

#include "tests/nodes/small_models.h"

namespace weft::sd {

inline const nlohmann::json& sampling_parts(const char* part) {
  static const nlohmann::json file = nlohmann::json::parse(golden_text("sampling_parts.json"));
  return file.at(part);
}

}  // namespace weft::sd
