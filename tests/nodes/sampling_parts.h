// tests/nodes/golden/sampling_parts.json, made by tests/reference/make_sampling_golden.py.
#pragma once

#include <fstream>
#include <nlohmann/json.hpp>
#include <vector>

namespace weft::sd {

inline const nlohmann::json& sampling_parts(const char* part) {
  static const nlohmann::json file =
      nlohmann::json::parse(std::ifstream(WEFT_SOURCE_DIR "/tests/nodes/golden/sampling_parts.json"));
  return file.at(part);
}

}  // namespace weft::sd
