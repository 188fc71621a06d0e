// SwinIR (Liang et al. 2021, arXiv:2108.10257): groups of Swin transformer blocks beside a residual connection.
#include <ATen/ATen.h>

#include "nodes/sd/networks/upscaler_network.h"
#include "nodes/sd/networks/window_attention.h"

namespace weft::sd {
namespace {

/// A window's places attend to each other; each second block's windows are shifted by half.
class Block {
 public:
  Block(const Weights& weights, const UpscalerConfig& config, std::int64_t heads, bool shifted)
      : window_(config.window),
        shift_(shifted ? config.window / 2 : 0),
        heads_(heads),
        norm1_(weights / "norm1", config.features),
        qkv_(weights / "attn" / "qkv", config.features, 3 * config.features, {.bias = config.qkv_bias}),
        proj_(weights / "attn" / "proj", config.features, config.features),
        norm2_(weights / "norm2", config.features),
        fc1_(weights / "mlp" / "fc1", config.features, config.hidden),
        fc2_(weights / "mlp" / "fc2", config.hidden, config.features) {
    const std::int64_t rows = (2 * window_ - 1) * (2 * window_ - 1), places = window_ * window_;
    const at::Tensor table = (weights / "attn").get("relative_position_bias_table", {rows, heads}, Init::Normal);
    if (!table.is_meta()) bias_ = bias_of(table, relative_places(window_, window_), places, places);
  }

  /// x [B, H, W, C]
  at::Tensor operator()(const at::Tensor& x) const {
    const std::int64_t height = x.size(1), width = x.size(2);
    at::Tensor h = norm1_(x);
    if (shift_ > 0) h = at::roll(h, {-shift_, -shift_}, {1, 2});
    const auto qkv = qkv_(windows_of(h, window_, window_)).chunk(3, 2);
    const at::Tensor mask = shift_mask(height, width, window_, window_, shift_, shift_, x);
    h = picture_of(
        proj_(attend_in_windows(qkv[0], qkv[1], qkv[2], heads_, bias_, mask)), window_, window_, height, width);
    if (shift_ > 0) h = at::roll(h, {shift_, shift_}, {1, 2});
    h = x + h;
    return h + fc2_(at::gelu(fc1_(norm2_(h))));
  }

 private:
  std::int64_t window_, shift_, heads_;
  LayerNorm norm1_;
  Linear qkv_, proj_;
  LayerNorm norm2_;
  Linear fc1_, fc2_;
  at::Tensor bias_;
};

struct Group {
  std::vector<Block> blocks;
  GroupEnd end;
};

class SwinIR final : public UpscalerNetwork {
 public:
  SwinIR(const UpscalerConfig& config, const Weights& weights)
      : config_(config),
        first_(weights / "conv_first", config.image_channels * config.unshuffle * config.unshuffle, config.features),
        norm_first_(weights / "patch_embed" / "norm", config.features),
        norm_(weights / "norm", config.features),
        end_(weights / "conv_after_body", config),
        picture_(weights, config) {
    for (std::size_t i = 0; i < config.depths.size(); ++i) {
      const Weights place = weights / "layers" / static_cast<std::int64_t>(i);
      std::vector<Block> blocks;
      for (std::int64_t j = 0; j < config.depths[i]; ++j)
        blocks.emplace_back(place / "residual_group" / "blocks" / j, config, config.heads[i], j % 2 == 1);
      groups_.push_back({std::move(blocks), GroupEnd(place / "conv", config)});
    }
  }

  at::ScalarType dtype() const override { return first_.dtype(); }

  at::Tensor operator()(const at::Tensor& image) const override {
    const at::Tensor mean = mean_colour(image);
    const at::Tensor centred = (image - mean) * config_.range;
    const at::Tensor x = first_(config_.unshuffle > 1 ? at::pixel_unshuffle(centred, config_.unshuffle) : centred);
    at::Tensor h = norm_first_(x.permute({0, 2, 3, 1}).contiguous());
    for (const Group& group : groups_) {
      at::Tensor inner = h;
      for (const Block& block : group.blocks) inner = block(inner);
      h = h + group.end(inner.permute({0, 3, 1, 2})).permute({0, 2, 3, 1});
    }
    h = end_(norm_(h).permute({0, 3, 1, 2})) + x;
    const at::Tensor made = picture_(h);
    return (config_.enlarging == Enlarging::None ? centred + made : made) / config_.range + mean;
  }

 private:
  UpscalerConfig config_;
  Conv2d first_;
  LayerNorm norm_first_;
  std::vector<Group> groups_;
  LayerNorm norm_;
  GroupEnd end_;
  PictureFromFeatures picture_;
};

}  // namespace

UpscalerNetworkPointer make_swin_ir(const UpscalerConfig& config, const Weights& weights) {
  return std::make_unique<const SwinIR>(config, weights);
}

}  // namespace weft::sd
