// AttentionMaps: what the picture's places attend to in the context, collected by a patch while the network is asked.
// [run-thread]
//
//   AttentionMaps maps(tokens, height, width);
//   denoiser_of(model.with(watching(maps))).x0(x, sigma);
#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <vector>

#include "nodes/sd/networks/patch.h"

namespace weft::sd {

/// softmax(q k^T / sqrt(width / heads)), the mean over the heads: [B, places, tokens] float32.
at::Tensor attention_probabilities(const at::Tensor& q, const at::Tensor& k, std::int64_t heads);

/// How much each place of a latent of height x width attends to some tokens: the sum of their probabilities, as the mean
/// over heads and layers (Tang et al. 2022, "What the DAAM", arXiv:2210.04885).
class AttentionMaps {
 public:
  AttentionMaps(std::vector<std::int64_t> tokens, std::int64_t height, std::int64_t width)
      : tokens_(std::move(tokens)), height_(height), width_(width) {}

  void add(const AttentionCall& call);

  /// [B, height, width], not normalised; undefined if nothing was seen.
  at::Tensor mean() const;

 private:
  std::vector<std::int64_t> tokens_;
  std::int64_t height_, width_;
  at::Tensor sum_;
  std::int64_t layers_ = 0;
};

/// Shows `maps`, which must live as long, each attention to the context and changes nothing. One thread.
Patch watching(AttentionMaps& maps);

}  // namespace weft::sd
