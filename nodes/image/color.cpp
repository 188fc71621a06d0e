#include "nodes/image/color.h"

#include <fmt/format.h>

#include "base/colour.h"
#include "base/error.h"

namespace weft::image {

torch::Tensor parse_color(const std::string& text) {
  const std::optional<Rgb8> rgb = read_colour(text);
  if (!rgb) throw NodeError(fmt::format("'{}' is no colour", text), "write it as #rrggbb, such as #ff8800");
  return torch::tensor({static_cast<float>((*rgb)[0]), static_cast<float>((*rgb)[1]), static_cast<float>((*rgb)[2])}) /
      255;
}

}  // namespace weft::image
