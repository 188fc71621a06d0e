// Colours as users write them.
#pragma once

#include <torch/types.h>

#include <string>

namespace weft::image {

/// "#rrggbb" as float32 [3] in [0, 1]. Throws NodeError on anything else.
torch::Tensor parse_color(const std::string& text);

}  // namespace weft::image
