// The codebook of a VQ autoencoder (van den Oord et al. 2017, arXiv:1711.00937): a latent is one of its vectors
// at each place. Distances are taken in float32 whatever the network computes in. Constant once built. [any thread]
#pragma once

#include <ATen/core/Tensor.h>

#include "nodes/sd/networks/weights.h"

namespace weft::sd {

class Codebook {
 public:
  /// `weights`: diffusers' "quantize"; `size` vectors of `width`.
  Codebook(const Weights& weights, std::int64_t size, std::int64_t width);

  /// The nearest vector's index at each place of a latent [B, width, h, w]: [B, h, w] int64.
  at::Tensor nearest(const at::Tensor& latent) const;

  /// The vectors of indices [B, h, w]: [B, width, h, w] float32.
  at::Tensor vectors(const at::Tensor& indices) const;

 private:
  at::Tensor table_;          ///< [size, width] float32
  at::Tensor squared_norms_;  ///< [size]
};

}  // namespace weft::sd
