// JSON as Weft writes and reads its own files; other people's are read by foreign_json.h. Reading refuses what
// other readers let pass in silence: a key that stands twice, a whole number that does not fit 64 bits, nesting
// without end. Keys keep their order. Writing gives text that people can read and compare line by line.
#pragma once

#include <nlohmann/json.hpp>
#include <string>
#include <string_view>

#include "base/error.h"

namespace weft {

inline constexpr std::size_t kMaxJsonDepth = 100;

/// Throws GraphError that begins with `source`: where it is no JSON with line and column, else with JSON
/// pointers.
WEFT_EXPORT nlohmann::ordered_json read_json(std::string_view text, const std::string& source);

/// Below a key of the top level, `structure` counts from so many levels further down.
struct NestedStructure {
  std::string_view key = {};
  std::size_t levels = 0;
};

/// Two spaces of indent. A list or object is on one line if it fits there, and either holds no other or lies
/// at least `structure` levels deep. Throws GraphError where read_json() could not read the text back.
WEFT_EXPORT std::string write_json(
    const nlohmann::ordered_json& json, std::size_t structure, NestedStructure nested = {});

/// `key` as a step of a JSON pointer (RFC 6901): "/a~1b".
WEFT_EXPORT std::string pointer_step(std::string_view key);

}  // namespace weft
