// Files of wildcards: text files in the folder 'wildcards' of the model roots, a value on each line. [any thread]
#pragma once

#include <filesystem>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/export.h"

namespace weft {

/// The files that a name stands for, sorted: "colors" is colors.txt, "animals/*" every file in animals. Names differ by case;
/// of two roots that have a name, the first wins. One that leads out of the folder stands for none.
WEFT_EXPORT std::vector<std::filesystem::path> find_wildcards(
    std::span<const std::filesystem::path> roots, std::string_view name);

/// Their lines without spaces around, each once; without empty ones and those that begin with #. Throws NodeError for a file
/// that is no text in UTF-8 or too large.
WEFT_EXPORT std::vector<std::string> wildcard_lines(std::span<const std::filesystem::path> files);

}  // namespace weft
