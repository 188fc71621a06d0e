// Colours as files and people write them: "#rrggbb". [any thread]
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/export.h"

namespace weft {

using Rgb8 = std::array<std::uint8_t, 3>;

/// Nothing for anything else: a "#" and six digits.
WEFT_EXPORT std::optional<Rgb8> read_colour(std::string_view text);
WEFT_EXPORT std::string colour_text(const Rgb8& rgb);

}  // namespace weft
