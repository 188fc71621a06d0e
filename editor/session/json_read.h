// Reading members of JSON that may hold anything (base/json_read.h), and points.
#pragma once

#include "base/json_read.h"
#include "editor/session/geometry.h"

namespace weft::editor {

inline Point read_point(const nlohmann::json& json) { return {read_number(json, "x", 0), read_number(json, "y", 0)}; }

}  // namespace weft::editor
