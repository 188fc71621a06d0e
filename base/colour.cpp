#include "base/colour.h"

#include <fmt/format.h>

#include <charconv>

namespace weft {

std::optional<Rgb8> read_colour(std::string_view text) {
  if (text.size() != 7 || text[0] != '#') return std::nullopt;
  const char* const end = text.data() + text.size();
  std::uint32_t rgb = 0;
  if (std::from_chars(text.data() + 1, end, rgb, 16).ptr != end) return std::nullopt;
  return Rgb8{
      static_cast<std::uint8_t>(rgb >> 16), static_cast<std::uint8_t>(rgb >> 8), static_cast<std::uint8_t>(rgb)};
}

std::string colour_text(const Rgb8& rgb) { return fmt::format("#{:02x}{:02x}{:02x}", rgb[0], rgb[1], rgb[2]); }

}  // namespace weft
