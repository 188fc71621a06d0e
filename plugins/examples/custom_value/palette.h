// Palette: a value type of this plugin's own. All that a type needs to travel along links is kType; what its
// record says beside (title, colour, preview, description, example) is for editors, logs and the plugin
// checker.
#pragma once

#include <torch/types.h>

#include <string>
#include <string_view>
#include <vector>

#include "graph/value.h"

namespace example {

struct Palette {
  static constexpr std::string_view kType = "example.palette";

  torch::Tensor colours;  ///< float32 [count, 3], RGB in [0, 1], darkest first
};

/// The `count` colours that stand best for the pixels [n, 3]: k-means from evenly spaced brightnesses, so
/// that the same picture always gives the same palette.
Palette extract_palette(const torch::Tensor& pixels, int count);

/// Each pixel [n, 3] as the nearest colour of the palette.
torch::Tensor nearest_colours(const torch::Tensor& pixels, const Palette& palette);

/// "#1c2541"
std::vector<std::string> hexadecimal(const Palette& palette);

/// The type's record.
weft::ValueType palette_type();

}  // namespace example
