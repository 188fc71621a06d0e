// JSON that others wrote: ComfyUI, libraries of models, plugins' builds, a program that was killed while it wrote. Read
// as leniently as their own readers do, but never nested so deep that copying or writing the value ends the stack.
//
// A key that stands twice has its last value, a whole number beyond 64 bits is a float, NaN and Infinity (which Python
// writes) are null, and UTF-16 and UTF-8 with a byte order mark are read.
#pragma once

#include <filesystem>
#include <nlohmann/json.hpp>
#include <string>
#include <string_view>

#include "base/export.h"
#include "base/strict_json.h"

namespace weft {

/// Throws GraphError that begins with `source`: where it is no JSON, or nested deeper than `depth`.
WEFT_EXPORT nlohmann::json read_foreign_json(
    std::string_view text, const std::string& source, std::size_t depth = kMaxJsonDepth);

/// A whole file. Throws GraphError naming it, also if it cannot be read or is larger than kLargestText.
WEFT_EXPORT nlohmann::json read_foreign_json_file(const std::filesystem::path& file);

/// For what is as good as absent if it is damaged: null then.
WEFT_EXPORT nlohmann::json foreign_json_or_null(std::string_view text, std::size_t depth = kMaxJsonDepth);
WEFT_EXPORT nlohmann::json foreign_json_file_or_null(const std::filesystem::path& file);

}  // namespace weft
