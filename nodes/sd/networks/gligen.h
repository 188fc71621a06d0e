// GLIGEN (Li et al. 2023, arXiv:2301.07093): where in the picture what is said stands. Boxes with an encoded phrase each become
// tokens, and a gated attention between the two attentions of each transformer block lets places attend to them. Names of
// weights are those of diffusers' GLIGEN U-Nets: "position_net.linears.0.weight",
// "down_blocks.0.attentions.0.transformer_blocks.0.fuser.attn.to_q.weight". Constant once built. [any thread]
#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "nodes/sd/networks/patch.h"
#include "nodes/sd/networks/weights.h"

namespace weft::sd {

struct GligenConfig {
  std::int64_t text_width = 768;  ///< of a phrase's pooled encoding
  std::int64_t token_width = 768;  ///< of the tokens that boxes become
  std::map<std::string, std::int64_t>
      widths;  ///< of the transformer blocks that have a gated attention, by their names
};

/// A phrase and its place, in latents.
struct GligenBox {
  at::Tensor phrase;  ///< [1, text_width], pooled and not projected
  std::int64_t x = 0, y = 0, width = 0, height = 0;
};

class Gligen {
 public:
  static constexpr std::int64_t kMostBoxes = 30;

  Gligen(const GligenConfig& config, const Weights& weights);
  ~Gligen();
  Gligen(Gligen&&) noexcept;

  /// The tokens of at most kMostBoxes boxes in a latent of height x width: [1, kMostBoxes, token_width].
  at::Tensor tokens(const std::vector<GligenBox>& boxes, std::int64_t height, std::int64_t width) const;
  /// x [B, places, C] with what it attends to in the tokens; x itself where `block` has no gated attention.
  at::Tensor fused(const std::string& block, const at::Tensor& x, const at::Tensor& tokens) const;

 private:
  struct Parts;
  std::unique_ptr<Parts> parts_;
};

}  // namespace weft::sd
