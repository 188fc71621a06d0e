// Self-attention over the pixels of an image: all that autoencoders have, and U-Nets without a context.
#pragma once

#include "nodes/sd/networks/layers.h"

namespace weft::sd {

/// x + attention(norm(x)), with diffusers' names group_norm, to_q, to_k, to_v, to_out.0.
class PixelAttention {
 public:
  struct Options {
    std::int64_t heads = 1;
    std::int64_t norm_groups = 32;
    double eps = 1e-6;
  };

  PixelAttention(const Weights& weights, std::int64_t channels, Options options);

  /// x [B, channels, H, W]
  at::Tensor operator()(const at::Tensor& x, const NetworkCall* patched = nullptr) const;

 private:
  GroupNorm norm_;
  Attention attention_;
};

}  // namespace weft::sd
