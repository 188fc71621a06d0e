#include "base/utf8.h"

#include <fmt/format.h>

#include <cstdint>

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

/// Of a character that is_utf8().
std::uint32_t code_point(std::string_view character) {
  const auto byte = [&](std::size_t i) { return static_cast<std::uint32_t>(static_cast<unsigned char>(character[i])); };
  switch (character.size()) {
    case 1:
      return byte(0);
    case 2:
      return (byte(0) & 0x1f) << 6 | (byte(1) & 0x3f);
    case 3:
      return (byte(0) & 0x0f) << 12 | (byte(1) & 0x3f) << 6 | (byte(2) & 0x3f);
    default:
      return (byte(0) & 0x07) << 18 | (byte(1) & 0x3f) << 12 | (byte(2) & 0x3f) << 6 | (byte(3) & 0x3f);
  }
}

bool steers(std::uint32_t c) {
  const bool control = c < 0x20 || (c >= 0x7f && c <= 0x9f);
  const bool overrides_direction = (c >= 0x202a && c <= 0x202e) || (c >= 0x2066 && c <= 0x2069);
  return control || overrides_direction;
}

bool breaks_or_tab(std::uint32_t c) { return c == '\n' || c == '\t'; }

/// `text` with `stray` for bytes that belong to no character, and what `replace` makes of those that steer.
template <class Replace>
std::string shown(std::string_view text, std::string_view stray, bool keep_lines, Replace replace) {
  std::string shown;
  shown.reserve(text.size());
  while (!text.empty()) {
    const std::size_t length = code_point_length(text);
    const std::string_view character = text.substr(0, length == 0 ? 1 : length);
    if (length == 0) {
      shown += stray;
    } else if (const std::uint32_t c = code_point(character); steers(c) && !(keep_lines && breaks_or_tab(c))) {
      shown += replace(c);
    } else {
      shown += character;
    }
    text.remove_prefix(character.size());
  }
  return shown;
}

void append_utf8(std::uint32_t c, std::string& text) {
  const auto put = [&](std::uint32_t byte) { text += static_cast<char>(byte); };
  if (c < 0x80) return put(c);
  if (c < 0x800) {
    put(0xc0 | c >> 6);
  } else {
    if (c < 0x10000) {
      put(0xe0 | c >> 12);
    } else {
      put(0xf0 | c >> 18);
      put(0x80 | (c >> 12 & 0x3f));
    }
    put(0x80 | (c >> 6 & 0x3f));
  }
  put(0x80 | (c & 0x3f));
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
  return shown(text, "?", false, [](std::uint32_t) { return "?"; });
}

std::string printable_lines(std::string_view text) {
  return shown(text, "?", true, [](std::uint32_t) { return "?"; });
}

std::string printable_json(std::string_view json) {
  return shown(json, "?", true, [](std::uint32_t c) { return fmt::format("\\u{:04x}", c); });
}

std::string from_utf16(std::string_view text) {
  const bool little = text.starts_with("\xff\xfe"), big = text.starts_with("\xfe\xff");
  if (!little && !big) return std::string(text);
  const auto unit = [&](std::size_t i) {
    const auto byte = [&](std::size_t k) { return static_cast<std::uint32_t>(static_cast<unsigned char>(text[k])); };
    return little ? byte(i) | byte(i + 1) << 8 : byte(i) << 8 | byte(i + 1);
  };
  const auto is_high = [](std::uint32_t c) { return c >= 0xd800 && c < 0xdc00; };
  const auto is_low = [](std::uint32_t c) { return c >= 0xdc00 && c < 0xe000; };
  std::string utf8;
  std::size_t i = 2;
  for (; i + 1 < text.size(); i += 2) {
    std::uint32_t c = unit(i);
    if (is_high(c) && i + 3 < text.size() && is_low(unit(i + 2))) {
      c = 0x10000 + ((c - 0xd800) << 10) + (unit(i + 2) - 0xdc00);
      i += 2;
    }
    append_utf8(is_high(c) || is_low(c) ? '?' : c, utf8);
  }
  if (i < text.size()) utf8 += '?';  // half a unit
  return utf8;
}

}  // namespace weft
