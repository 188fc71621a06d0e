// The half of a U-Net that goes down: the embedding of time (and of a vector), the levels with their skips, and the middle
// block. The U-Net goes up again from there; a ControlNet (Zhang et al. 2023, arXiv:2302.05543) is such a half alone.
// Constant once built. [any thread]
#pragma once

#include <ATen/core/Tensor.h>

#include <optional>
#include <string>
#include <vector>

#include "nodes/sd/networks/layers.h"
#include "nodes/sd/networks/network_call.h"
#include "nodes/sd/networks/patch.h"
#include "nodes/sd/networks/pixel_attention.h"
#include "nodes/sd/networks/unet.h"

namespace weft::sd {

/// Self-attention, attention to the context, feed-forward; each normalised before and added after.
class TransformerBlock {
 public:
  TransformerBlock(const Weights& weights, std::int64_t width, const UNetConfig& config);

  at::Tensor operator()(at::Tensor x, const at::Tensor& context, const PatchedPlace& place) const;

 private:
  std::string name_;
  LayerNorm norm1_;
  Attention attn1_;
  LayerNorm norm2_;
  Attention attn2_;
  LayerNorm norm3_;
  Geglu feed_in_;
  Linear feed_out_;
};

/// Transformer blocks over the pixels of an image.
class SpatialTransformer {
 public:
  SpatialTransformer(const Weights& weights, std::int64_t channels, std::int64_t depth, const UNetConfig& config);

  at::Tensor operator()(const at::Tensor& x, const at::Tensor& context, const NetworkCall* patched) const;

 private:
  GroupNorm norm_;
  Linear proj_in_;
  std::vector<TransformerBlock> blocks_;
  Linear proj_out_;
};

/// What all layers of a call see.
struct Told {
  at::Tensor time, context;
  const NetworkCall* patched;  ///< the call, which must live as long, where it has patches; or null
};

/// A residual block, and attention where `depth` is not 0.
struct Layer {
  Layer(const Weights& level, std::int64_t index, std::int64_t in, std::int64_t out, std::int64_t depth,
      const UNetConfig& config);

  at::Tensor operator()(const at::Tensor& x, const Told& told) const;

  std::string name;  ///< "down_blocks.0.1"
  ResnetBlock resnet;
  std::optional<SpatialTransformer> attention;
  std::optional<PixelAttention> pixel_attention;
};

/// A level's layers, and what halves the picture behind them.
struct DownLevel {
  std::vector<Layer> layers;
  std::optional<Conv2d> halve;
};

class Descent {
 public:
  Descent(const UNetConfig& config, const Weights& weights);

  at::ScalarType dtype() const { return conv_in_.dtype(); }
  /// Throws NodeError for a vector that is missing, too much or of another width.
  Told told(const NetworkCall& call) const;
  /// conv_in's output for the call's x and concat.
  at::Tensor begin(const NetworkCall& call) const;
  /// Layers and downsamplers, and conv_in, which is step 0.
  std::size_t steps() const;
  /// Step 1 or further down.
  at::Tensor step(std::size_t index, const at::Tensor& h, const Told& told) const;
  /// What goes up again, in the order in which it is made; the first is `h`, the last goes to the middle, too.
  std::vector<at::Tensor> skips(at::Tensor h, const Told& told) const;
  at::Tensor middle(at::Tensor h, const Told& told) const;

 private:
  at::Tensor embedded_time(const NetworkCall& call) const;

  UNetConfig config_;
  Conv2d conv_in_;
  Linear time1_, time2_;
  std::optional<Linear> vector1_, vector2_;
  std::optional<Linear> guidance_;  ///< from its embedding to the time's
  std::vector<DownLevel> down_;
  std::vector<Layer> middle_;  ///< none, one, or one that attends and one that does not
};

}  // namespace weft::sd
