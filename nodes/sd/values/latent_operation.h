// LatentOperation: something to do to latents, made by one node and applied by others, to a latent or to what a model predicts
// at each step. [any thread]
#pragma once

#include <ATen/core/Tensor.h>

#include <functional>
#include <string>
#include <string_view>

namespace weft {

struct LatentOperation {
  static constexpr std::string_view kType = "latent_operation";

  std::string name;  ///< with its numbers: operations of equal names do the same
  std::function<at::Tensor(const at::Tensor& latent)> apply;  ///< [B, C, h, w], and the same again
};

}  // namespace weft
