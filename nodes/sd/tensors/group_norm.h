// Group normalisation and the SiLU behind it in one kernel. CPU, inference only.
//
// libtorch reads a channels_last image three times and writes it twice for silu(group_norm(x)), and its SiLU in bfloat16
// takes longer than both; in a decoder at 512x512 that is a quarter of the time outside of convolutions. This reads
// twice and writes once: bench/group_norm.cpp compares the two. Wu and He 2018, Group Normalization, arXiv:1803.08494.
#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>

namespace weft::sd {

enum class AfterNorm { Nothing, Silu };

/// Whether fused_group_norm() takes this image on this machine: a CPU with AVX-512, float32 or bfloat16, dense
/// channels_last with a multiple of 16 channels, no gradient wanted.
bool fits_fused_group_norm(const at::Tensor& x, const at::Tensor& weight);

/// (x - mean) / sqrt(variance + eps) * weight + bias, mean and variance over each group of channels of an item, then
/// what comes after. x [B, C, H, W], weight and bias [C], C divisible by `groups`; gives [B, C, H, W].
at::Tensor fused_group_norm(const at::Tensor& x, std::int64_t groups, const at::Tensor& weight, const at::Tensor& bias,
    double eps, AfterNorm after);

/// The same algorithm in plain C++, for tests on any machine: slow.
bool fits_portable_group_norm(const at::Tensor& x, const at::Tensor& weight);
at::Tensor portable_group_norm(const at::Tensor& x, std::int64_t groups, const at::Tensor& weight,
    const at::Tensor& bias, double eps, AfterNorm after);

}  // namespace weft::sd
