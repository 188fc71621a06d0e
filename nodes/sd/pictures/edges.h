// Edges of pictures, after Canny (1986). A picture is [B, H, W, 3] in [0, 1]; edges are float32 [B, H, W], 1 on an edge
// and 0 elsewhere.
#pragma once

#include <ATen/core/Tensor.h>

namespace weft::sd {

/// As kornia's canny(), which ComfyUI uses: a blur of 5 pixels, then Sobel's gradient of the brightness, whose length is
/// about 8 times the change from one pixel to the next. An edge is a ridge of it above `low` that is connected to one
/// above `high`. Both sides of the picture are at least 3 pixels.
at::Tensor canny_edges(const at::Tensor& image, double low, double high);

/// What of `weak` is connected to `strong` over any of the eight neighbours. Both bool [H, W]; strong is part of weak.
at::Tensor connected_to(const at::Tensor& weak, const at::Tensor& strong);

}  // namespace weft::sd
