// Pictures to measure with: what no training has seen.
#pragma once

#include <ATen/core/Tensor.h>

#include <vector>

#include "training/scene.h"

namespace weft::paper_cut {

struct Renders {
  std::vector<Scene> scenes;
  at::Tensor pictures;  ///< [N, 3, 128, 128] in [-1, 1]
  at::Tensor labels;    ///< [N, 128, 128] int64, what each pixel shows
};

/// Of held-out scenes; the same ones every time. Beyond the number of such scenes they come again, drawn
/// otherwise.
Renders held_out_renders(std::int64_t count);

/// Of these scenes.
Renders renders_of(std::vector<Scene> scenes);

}  // namespace weft::paper_cut
