// Upper and lower case, and white space, as Python's texts have them. Pure functions: any thread.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace weft::sd {

enum class LetterCase {
  Upper,
  Lower,
  Sentence,  ///< the first character in title case, all others lower
  Title,  ///< the first letter of each word
};

std::string in_case(std::string_view text, LetterCase letters);

/// Spaces, tabs, ends of lines, and other characters that only separate.
bool is_white(std::int32_t point);

}  // namespace weft::sd
