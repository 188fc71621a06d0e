// Attention on the matrix tiles (AMX) of recent Intel processors, in bfloat16. CPU, inference only.
//
// Where a picture attends to itself (64x64 latents: 4096 tokens, 40 channels a head), libtorch's kernel takes a
// third of a U-Net step. This one reads the heads where they lie, and seldom rescales: bench/attention.cpp
// compares the two. Softmax over blocks of keys with a running maximum: Dao et al. 2022, FlashAttention,
// arXiv:2205.14135, algorithm 1.
#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>

namespace weft::sd {

/// Whether tile_attention() takes these tensors on this machine: bfloat16 on a CPU with tiles, channels of a
/// head a multiple of 8, at most 256, and next to each other in memory, no gradient wanted.
bool fits_tile_attention(const at::Tensor& q, const at::Tensor& k, const at::Tensor& v, std::int64_t heads);

/// softmax(q k^T / sqrt(channels of a head)) v for each head. q [B, N, heads * channels], k and v
/// [B, M, heads * channels] with M >= 1; gives [B, N, heads * channels].
at::Tensor tile_attention(const at::Tensor& q, const at::Tensor& k, const at::Tensor& v, std::int64_t heads);

/// The same algorithm in plain C++, for tests on any machine: slow.
bool fits_portable_tile_attention(const at::Tensor& q, const at::Tensor& k, const at::Tensor& v, std::int64_t heads);
at::Tensor portable_tile_attention(const at::Tensor& q, const at::Tensor& k, const at::Tensor& v, std::int64_t heads);

}  // namespace weft::sd
