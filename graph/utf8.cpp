#include "graph/utf8.h"

namespace weft {
namespace {

bool is_between(char c, int low, int high) {
  const int byte = static_cast<unsigned char>(c);
  return low <= byte && byte <= high;
}

/// Bytes of the code point that `text` begins with; 0 if it begins with none (Unicode 15, table 3-7).
std::size_t code_point_length(std::string_view text) {
  if (text.empty()) return 0;
  const auto tail = [&](std::size_t i, int low = 0x80, int high = 0xbf) {
    return i < text.size() && is_between(text[i], low, high);
  };
  const int lead = static_cast<unsigned char>(text[0]);
  if (lead < 0x80) return 1;
  if (lead >= 0xc2 && lead <= 0xdf) return tail(1) ? 2 : 0;
  if (lead >= 0xe0 && lead <= 0xef)
    return tail(1, lead == 0xe0 ? 0xa0 : 0x80, lead == 0xed ? 0x9f : 0xbf) && tail(2) ? 3 : 0;
  if (lead >= 0xf0 && lead <= 0xf4)
    return tail(1, lead == 0xf0 ? 0x90 : 0x80, lead == 0xf4 ? 0x8f : 0xbf) && tail(2) && tail(3) ? 4 : 0;
  return 0;
}

}  // namespace

bool is_utf8(std::string_view text) {
  while (!text.empty()) {
    const std::size_t length = code_point_length(text);
    if (length == 0) return false;
    text.remove_prefix(length);
  }
  return true;
}

std::string printable(std::string_view text) {
  std::string shown;
  while (!text.empty()) {
    const std::size_t length = code_point_length(text);
    const bool control = is_between(text[0], 0, 0x1f) || text[0] == 0x7f;
    if (length == 0 || control)
      shown += '?';
    else
      shown += text.substr(0, length);
    text.remove_prefix(length == 0 ? 1 : length);
  }
  return shown;
}

}  // namespace weft
