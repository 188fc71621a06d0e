// Attention within windows of a picture (Swin, Liu et al. 2021, arXiv:2103.14030), for the upscalers that have it. Pictures are
// [B, H, W, C] here, windows [B * windows, places, C], from left to right and then down. Pure functions: any thread.
#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>

namespace weft::sd {

/// H and W must be multiples of the windows' sides.
at::Tensor windows_of(const at::Tensor& picture, std::int64_t height, std::int64_t width);
/// Back to a picture of picture_height x picture_width.
at::Tensor picture_of(const at::Tensor& windows, std::int64_t height, std::int64_t width, std::int64_t picture_height,
    std::int64_t picture_width);

/// softmax(q k^T / sqrt(C / heads) + bias + mask) v. q [W, T, C], k and v [W, S, C], bias [heads, T, S]; mask [n, T, S] of the
/// n windows of each picture, or undefined.
at::Tensor attend_in_windows(const at::Tensor& q, const at::Tensor& k, const at::Tensor& v, std::int64_t heads,
    const at::Tensor& bias, const at::Tensor& mask);

/// Of a picture that was rolled up and to the left by `down` and `right`: places of a window that lie at opposite borders of
/// the picture hardly see each other. [windows, places, places], like `sample`; undefined where it was not rolled.
at::Tensor shift_mask(std::int64_t picture_height, std::int64_t picture_width, std::int64_t height, std::int64_t width,
    std::int64_t down, std::int64_t right, const at::Tensor& sample);

/// Of each pair of places of a window, which row of a table of (2 height - 1) (2 width - 1) it is: [places * places].
at::Tensor relative_places(std::int64_t height, std::int64_t width);

/// Rows of a table [rows, heads] for each pair of `queries` and `keys`, as a bias [heads, queries, keys].
at::Tensor bias_of(const at::Tensor& table, const at::Tensor& rows, std::int64_t queries, std::int64_t keys);

}  // namespace weft::sd
