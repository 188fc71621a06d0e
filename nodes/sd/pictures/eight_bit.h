// Pictures as bytes, resized and blurred to the bit as OpenCV does it: the annotators (annotators.h) were written with that
// library, and a threshold behind a resize shows every difference. A picture is uint8 [H, W, C] or [H, W], on the CPU.
#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>

namespace weft::sd {

/// Values in [0, 1] as bytes, cut down; others are clamped first.
at::Tensor to_eight_bit(const at::Tensor& values);

/// INTER_AREA: the mean of what each new pixel covers; of a picture that grows along an axis, between the nearest two.
at::Tensor area_resized(const at::Tensor& bytes, std::int64_t width, std::int64_t height);

/// INTER_CUBIC, with a = -0.75 and without a filter for shrinking. As on processors with Intel's IPP; elsewhere OpenCV
/// itself computes in fixed point and gives some pixels one level more or less.
at::Tensor cubic_resized(const at::Tensor& bytes, std::int64_t width, std::int64_t height);
/// The same for float64 [H, W].
at::Tensor cubic_interpolated(const at::Tensor& values, std::int64_t width, std::int64_t height);

/// pyrUp: twice as large, by a smooth kernel.
at::Tensor pyramid_up(const at::Tensor& bytes);

/// A Gaussian of `sigma` pixels, cut at four of them and mirrored at the edges. Takes and gives float32 [H, W, C].
at::Tensor gaussian_blurred(const at::Tensor& values, double sigma);

/// Brightness, BT.601: [H, W] of RGB [H, W, 3].
at::Tensor grey_bytes(const at::Tensor& rgb);

/// The pixels of `bytes` at the places x, y (float32 [h, w], within the picture), between the nearest four.
at::Tensor sampled_at(const at::Tensor& bytes, const at::Tensor& x, const at::Tensor& y);

}  // namespace weft::sd
