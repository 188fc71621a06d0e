// The U-Net of latent diffusion and Stable Diffusion (1, 2, XL): predicts f(x, t, y), the noise (or v, as the model was
// trained) in a noisy latent x at time t, told y by cross-attention, by a vector beside the time, or by channels of x alone.
// Names of weights are those of diffusers' UNet2DConditionModel, and of UNet2DModel for one without cross-attention.
// Constant once built. [any thread]
#pragma once

#include <memory>
#include <optional>
#include <vector>

#include "nodes/sd/networks/layers.h"
#include "nodes/sd/networks/network_call.h"

namespace weft::sd {

/// How deep the attention is behind each residual block: its transformer blocks, 0 where there is none. A U-Net without a
/// context has 1 for each block that attends.
struct AttentionDepths {
  using Levels = std::vector<std::vector<std::int64_t>>;  ///< the finest first; a level's layers as they are called

  Levels down, up;
  std::int64_t middle = 0;

  /// As most models have it: all layers of a level alike, the middle as the deepest level that attends, or `middle`.
  static AttentionDepths by_level(const std::vector<std::int64_t>& levels, std::int64_t layers_per_block,
      std::optional<std::int64_t> middle = std::nullopt);

  bool at_level(std::size_t level) const;
  bool operator==(const AttentionDepths&) const = default;
};

enum class MiddleBlock {
  None,  ///< from the deepest level straight up again (BK-SDM, arXiv:2305.15798)
  Residual,  ///< one residual block (SSD-1B, arXiv:2401.02677)
  Attending,  ///< a residual block, attention, another residual block
};

struct UNetConfig {
  std::int64_t in_channels = 4;  ///< 9: inpainting, 8: instruct-pix2pix
  std::int64_t out_channels = 4;
  std::vector<std::int64_t> block_channels{
      320, 640, 1280, 1280};  ///< one a level; each level but the last halves H and W
  std::int64_t layers_per_block = 2;
  AttentionDepths depths =
      AttentionDepths::by_level({1, 1, 1, 0}, 2);  ///< layers_per_block of a level, one more on the way up
  std::int64_t context_dim = 768;  ///< 0: no context; pixels attend to one another only (Ho et al. 2020)
  std::int64_t heads = 8;  ///< number of heads (diffusers calls it attention_head_dim)
  std::int64_t head_width = 0;  ///< if not 0: channels of each head, as many as fit in place of `heads`
  std::int64_t norm_groups = 32;
  bool use_linear_projection = false;  ///< proj_in and proj_out are Linear instead of 1x1 Conv2d
  MiddleBlock middle = MiddleBlock::Attending;
  std::int64_t vector_width = 0;  ///< of what is added to the time's embedding (SDXL: 2816); 0: the model takes none
  /// Of the guidance that is added to the time's embedding (Meng et al. 2023, arXiv:2210.03142; the first latent consistency
  /// models: 256); 0: the model takes none, and is guided from outside.
  std::int64_t guidance_width = 0;
  double norm_eps = 1e-5;  ///< of the norms of residual blocks and of the last one
  bool flip_sin_to_cos = true;  ///< of the timestep's embedding: cosines come first
  double freq_shift = 0;  ///< of the timestep's embedding: below half its width

  std::int64_t heads_in(std::int64_t channels) const { return head_width > 0 ? channels / head_width : heads; }
};

class UNet {
 public:
  UNet(const UNetConfig& config, const Weights& weights);
  ~UNet();
  UNet(UNet&&) noexcept;
  UNet& operator=(UNet&&) noexcept;

  const UNetConfig& config() const;
  at::ScalarType dtype() const;

  /// x and concat have in_channels together; context is [B, T, context_dim] (nobody looks at it if that is 0), vector
  /// [B, vector_width] (undefined if that is 0). Returns [B, out_channels, H, W] of x's type. Any H and W: where halving
  /// rounded, upsampling goes back to the skip's size. Throws NodeError for a vector that is missing, too much or of another
  /// width, and for control residuals of another network.
  at::Tensor forward(const NetworkCall& call) const;

 private:
  struct Parts;
  std::unique_ptr<Parts> parts_;
};

/// cos and sin of the time at `width` / 2 frequencies from 1 to 1/10000: [B, width] float32. The other two
/// are as in UNetConfig.
at::Tensor timestep_embedding(
    const at::Tensor& timesteps, std::int64_t width, bool flip_sin_to_cos = true, double freq_shift = 0);

}  // namespace weft::sd
