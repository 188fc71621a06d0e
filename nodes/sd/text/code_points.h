// Text as Unicode code points, for the tokenizers.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace weft::sd {

using CodePoints = std::vector<std::int32_t>;

/// Bytes that are not UTF-8 become U+FFFD.
CodePoints decode_utf8(std::string_view text);

void append_utf8(std::string& text, std::int32_t point);

enum class Normalisation { Composed, Decomposed };  ///< NFC, NFD

/// Throws std::runtime_error for text that cannot be (of more than 2 GB).
CodePoints normalised(std::string_view text, Normalisation form);

}  // namespace weft::sd
