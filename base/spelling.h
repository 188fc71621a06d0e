// Spelling: which of the known names a user may have meant. For remedies: "did you mean 'steps'?".
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "base/export.h"

namespace weft {

/// Letters to insert, delete, replace, or swap with their neighbour, to make one word from the other; upper
/// and lower case are equal.
WEFT_EXPORT std::size_t edit_distance(std::string_view a, std::string_view b);

/// The names near enough to be a misspelling of `word`, nearest first, among equals in the order given. What
/// stands after the last dot also counts alone: "invert" is near to "image.invert".
WEFT_EXPORT std::vector<std::string> nearest_names(
    std::string_view word, const std::vector<std::string>& names, std::size_t count = 3);

/// "did you mean 'a' or 'b'?"; where nothing is near, "there is: a, b, c"; where there is nothing at all, "".
WEFT_EXPORT std::string suggestion(std::string_view word, const std::vector<std::string>& names);

/// "a, b, c"; of a long list the first few and "and 12 more".
WEFT_EXPORT std::string name_list(const std::vector<std::string>& names);

}  // namespace weft
