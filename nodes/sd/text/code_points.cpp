#include "nodes/sd/text/code_points.h"

#include <fmt/format.h>
#include <utf8proc.h>

#include <array>
#include <cstdlib>
#include <memory>
#include <stdexcept>

namespace weft::sd {

CodePoints decode_utf8(std::string_view text) {
  CodePoints points;
  while (!text.empty()) {
    utf8proc_int32_t point = 0;
    const auto length = utf8proc_iterate(
        reinterpret_cast<const utf8proc_uint8_t*>(text.data()), static_cast<utf8proc_ssize_t>(text.size()), &point);
    points.push_back(length > 0 ? point : 0xFFFD);
    text.remove_prefix(length > 0 ? static_cast<std::size_t>(length) : 1);
  }
  return points;
}

void append_utf8(std::string& text, std::int32_t point) {
  std::array<utf8proc_uint8_t, 4> bytes;
  const auto length = utf8proc_encode_char(point, bytes.data());
  text.append(reinterpret_cast<const char*>(bytes.data()), static_cast<std::size_t>(length));
}

CodePoints normalised(std::string_view text, Normalisation form) {
  std::string valid;
  for (const auto point : decode_utf8(text)) append_utf8(valid, point);
  const auto option = form == Normalisation::Composed ? UTF8PROC_COMPOSE : UTF8PROC_DECOMPOSE;
  utf8proc_uint8_t* mapped = nullptr;
  const auto length = utf8proc_map(reinterpret_cast<const utf8proc_uint8_t*>(valid.data()),
      static_cast<utf8proc_ssize_t>(valid.size()), &mapped, static_cast<utf8proc_option_t>(option | UTF8PROC_STABLE));
  if (length < 0) throw std::runtime_error(fmt::format("text cannot be normalised: {}", utf8proc_errmsg(length)));
  const std::unique_ptr<utf8proc_uint8_t, decltype(&std::free)> owner(mapped, &std::free);
  return decode_utf8({reinterpret_cast<const char*>(mapped), static_cast<std::size_t>(length)});
}

}  // namespace weft::sd
