#include "nodes/image/color.h"

#include <fmt/format.h>

#include <charconv>

#include "base/error.h"

namespace weft::image {

torch::Tensor parse_color(const std::string& text) {
  unsigned rgb = 0;
  const char* end = text.data() + text.size();
  const bool shaped = text.size() == 7 && text[0] == '#';
  if (!shaped || std::from_chars(text.data() + 1, end, rgb, 16).ptr != end)
    throw NodeError(fmt::format("'{}' is no colour", text), "write it as #rrggbb, such as #ff8800");
  return torch::tensor(
             {static_cast<float>(rgb >> 16 & 255), static_cast<float>(rgb >> 8 & 255), static_cast<float>(rgb & 255)}) /
      255;
}

}  // namespace weft::image
