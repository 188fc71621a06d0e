// oneDNN's kernels with weights that are packed once, and with a second operation fused in. CPU, inference
// only.
//
// libtorch's own convolution packs its weights at every call. These are the operators that torch.compile uses
// instead; C++ reaches them through the dispatcher.
#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>

namespace weft::sd::onednn {

/// Whether packing this weight is possible and pays: no gradient, CPU, float32, or bfloat16 where the CPU
/// multiplies it in hardware.
bool wants_packing(const at::Tensor& weight);

at::Tensor pack_conv(const at::Tensor& weight, std::int64_t stride, std::int64_t padding);
at::Tensor conv(
    const at::Tensor& x, const at::Tensor& packed, const at::Tensor& bias, std::int64_t stride, std::int64_t padding);
/// conv(x) + residual
at::Tensor conv_plus(const at::Tensor& x, const at::Tensor& packed, const at::Tensor& bias, std::int64_t stride,
    std::int64_t padding, const at::Tensor& residual);

at::Tensor pack_linear(const at::Tensor& weight);
enum class Activation { None, Gelu };
at::Tensor linear(
    const at::Tensor& x, const at::Tensor& packed, const at::Tensor& bias, Activation activation = Activation::None);
enum class Combine { Add, Multiply };
/// linear(x) + other, or linear(x) * other
at::Tensor linear_combine(
    const at::Tensor& x, const at::Tensor& packed, const at::Tensor& bias, const at::Tensor& other, Combine combine);

}  // namespace weft::sd::onednn
