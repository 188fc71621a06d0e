// Token merging for diffusion (Bolya & Hoffman 2023, arXiv:2303.17604): of the places of a picture, those that resemble
// another one most are merged with it, so that fewer attend.
#pragma once

#include <ATen/core/Generator.h>
#include <ATen/core/Tensor.h>

#include <cstdint>

namespace weft::sd {

/// Which places of a picture are merged with which.
class TokenMerging {
 public:
  /// metric [B, height * width, C]: what resemblance is measured on. `merged` places go into others, at most those that are
  /// not the chosen ones: one of each 2 x 2, drawn by `draws`.
  TokenMerging(
      const at::Tensor& metric, std::int64_t height, std::int64_t width, std::int64_t merged, at::Generator& draws);

  at::Tensor merge(const at::Tensor& x) const;  ///< [B, height * width, C] to [B, fewer, C]: means of what is merged
  at::Tensor unmerge(const at::Tensor& x) const;  ///< back: each gets what it was merged into

 private:
  std::int64_t places_;
  at::Tensor sources_, targets_;  ///< places [B, n]: those that may be merged, and those that they may be merged into
  at::Tensor kept_, merged_;  ///< [B, n] indices of sources_
  at::Tensor into_;  ///< [B, n] indices of targets_, one for each of merged_
};

}  // namespace weft::sd
