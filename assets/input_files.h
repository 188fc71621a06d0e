// Input files, such as pictures and texts, found by the names that stand in workflows. Opens nothing. [any thread]
#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <string_view>

#include "graph/node.h"

namespace weft {

/// An existing file that a Widget::File param names: as it is if absolute, else beside the workflow, then in the input
/// folders.
WEFT_EXPORT std::optional<std::filesystem::path> find_input_file(
    const RunEnvironment& environment, std::string_view name);
/// The same; throws NodeError with missing_input_text() and missing_input_remedy().
WEFT_EXPORT std::filesystem::path require_input_file(const RunEnvironment& environment, std::string_view name);

/// "there is no file 'a.png'"
WEFT_EXPORT std::string missing_input_text(std::string_view name);
/// Where it was looked for.
WEFT_EXPORT std::string missing_input_remedy(const RunEnvironment& environment);

}  // namespace weft
