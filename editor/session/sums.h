// Sums in number fields: "10*2", "512+64", "1/3", "(3-1)*8", "2^10". A comma is a decimal point, as some keyboards have
// it on the number pad. [any thread]
#pragma once

#include <optional>
#include <string_view>

namespace weft::editor {

/// What the text comes to; nothing if it is no sum, or comes to no number (1/0). Whole numbers of 64 bits are exact.
std::optional<long double> value_of_sum(std::string_view text);

}  // namespace weft::editor
