// A hash for maps by name that can be asked with a string_view, without making a string.
#pragma once

#include <cstddef>
#include <functional>
#include <string_view>

namespace weft {

struct StringHash {
  using is_transparent = void;
  std::size_t operator()(std::string_view text) const { return std::hash<std::string_view>{}(text); }
};

}  // namespace weft
