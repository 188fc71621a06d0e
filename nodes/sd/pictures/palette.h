// Pictures in few colours, as Pillow reduces them. A picture is uint8 [H, W, 3] on the CPU.
#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>

namespace weft::sd {

/// The colours of a picture, by median cut (Heckbert 1982): uint8 [n, 3], n at most `most`. The box with most pixels is cut
/// where half of them are on each side, across the axis along which the eye sees most.
at::Tensor median_cut_palette(const at::Tensor& rgb, std::int64_t most);

/// Each pixel as the nearest colour of the palette. A pixel's two lowest bits do not count, as in Pillow.
at::Tensor in_colours(const at::Tensor& rgb, const at::Tensor& palette);

/// The same, where what a pixel misses is made up for by its neighbours (Floyd and Steinberg 1976). Pillow gives the last
/// column of a row some other errors than that of its own channel, and so does this.
at::Tensor diffused(const at::Tensor& rgb, const at::Tensor& palette);

/// The same, with Bayer's matrix of order x order added first (order 2, 4, 8 or 16), which is the wider the fewer colours.
at::Tensor ordered(const at::Tensor& rgb, const at::Tensor& palette, std::int64_t order);

}  // namespace weft::sd
