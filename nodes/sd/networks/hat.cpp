// HAT, the hybrid attention transformer (Chen et al. 2022, arXiv:2205.04437): SwinIR's blocks with a convolution and a gate for
// each channel beside them, and windows that overlap at the end of each group.
#include <ATen/ATen.h>

#include "nodes/sd/networks/upscaler_network.h"
#include "nodes/sd/networks/window_attention.h"

namespace weft::sd {
namespace {

constexpr double kBeside = 0.01;  // what the convolution counts beside the attention
constexpr Conv2d::Options kPointwise{.kernel = 1, .padding = 0};

/// Two convolutions, the result's channels gated by their means.
class Beside {
 public:
  Beside(const Weights& cab, const UpscalerConfig& config)
      : first_(cab / 0, config.features, config.squeezed),
        second_(cab / 2, config.squeezed, config.features),
        down_(cab / 3 / "attention" / 1, config.features, config.squeezed_more, kPointwise),
        up_(cab / 3 / "attention" / 3, config.squeezed_more, config.features, kPointwise) {}

  at::Tensor operator()(const at::Tensor& x) const {
    const at::Tensor h = second_(at::gelu(first_(x)));
    return h * at::sigmoid(up_(at::relu(down_(h.mean(at::IntArrayRef{2, 3}, /*keepdim=*/true)))));
  }

 private:
  Conv2d first_, second_, down_, up_;
};

class FeedForward {
 public:
  FeedForward(const Weights& weights, std::int64_t width, std::int64_t hidden)
      : fc1_(weights / "fc1", width, hidden), fc2_(weights / "fc2", hidden, width) {}
  at::Tensor operator()(const at::Tensor& x) const { return fc2_(at::gelu(fc1_(x))); }

 private:
  Linear fc1_, fc2_;
};

class Block {
 public:
  Block(const Weights& weights, const UpscalerConfig& config, std::int64_t heads, bool shifted)
      : window_(config.window),
        shift_(shifted ? config.window / 2 : 0),
        heads_(heads),
        norm1_(weights / "norm1", config.features),
        qkv_(weights / "attn" / "qkv", config.features, 3 * config.features, {.bias = config.qkv_bias}),
        proj_(weights / "attn" / "proj", config.features, config.features),
        beside_(weights / "conv_block" / "cab", config),
        norm2_(weights / "norm2", config.features),
        feed_(weights / "mlp", config.features, config.hidden) {
    const std::int64_t rows = (2 * window_ - 1) * (2 * window_ - 1), places = window_ * window_;
    const at::Tensor table = (weights / "attn").get("relative_position_bias_table", {rows, heads}, Init::Normal);
    if (!table.is_meta()) bias_ = bias_of(table, relative_places(window_, window_), places, places);
  }

  /// x [B, H, W, C]
  at::Tensor operator()(const at::Tensor& x) const {
    const std::int64_t height = x.size(1), width = x.size(2);
    const at::Tensor normed = norm1_(x);
    const at::Tensor beside = beside_(normed.permute({0, 3, 1, 2})).permute({0, 2, 3, 1});
    const at::Tensor shifted = shift_ > 0 ? at::roll(normed, {-shift_, -shift_}, {1, 2}) : normed;
    const auto qkv = qkv_(windows_of(shifted, window_, window_)).chunk(3, 2);
    const at::Tensor mask = shift_mask(height, width, window_, window_, shift_, shift_, x);
    at::Tensor h = picture_of(
        proj_(attend_in_windows(qkv[0], qkv[1], qkv[2], heads_, bias_, mask)), window_, window_, height, width);
    if (shift_ > 0) h = at::roll(h, {shift_, shift_}, {1, 2});
    h = x + h + beside * kBeside;
    return h + feed_(norm2_(h));
  }

 private:
  std::int64_t window_, shift_, heads_;
  LayerNorm norm1_;
  Linear qkv_, proj_;
  Beside beside_;
  LayerNorm norm2_;
  FeedForward feed_;
  at::Tensor bias_;
};

/// Rows of the table for a window's places and those of the larger one around it. As published, the numbers begin below 0,
/// and negative ones count from the table's end.
at::Tensor places_around(std::int64_t window, std::int64_t wide) {
  const auto axes = [](std::int64_t side) {
    const at::Tensor places = at::arange(side * side);
    return std::pair(at::floor_divide(places, side), places.remainder(side));
  };
  const auto [y, x] = axes(window);
  const auto [wide_y, wide_x] = axes(wide);
  const std::int64_t side = window + wide - 1, first = window - wide + 1;
  const at::Tensor dy = wide_y.unsqueeze(0) - y.unsqueeze(1) + first, dx = wide_x.unsqueeze(0) - x.unsqueeze(1) + first;
  return (dy * side + dx).remainder(side * side).flatten();
}

class OverlappingBlock {
 public:
  OverlappingBlock(const Weights& weights, const UpscalerConfig& config, std::int64_t heads)
      : width_(config.features),
        window_(config.window),
        wide_(config.wide_window),
        heads_(heads),
        norm1_(weights / "norm1", width_),
        qkv_(weights / "qkv", width_, 3 * width_, {.bias = config.qkv_bias}),
        proj_(weights / "proj", width_, width_),
        norm2_(weights / "norm2", width_),
        feed_(weights / "mlp", width_, config.hidden) {
    const std::int64_t side = window_ + wide_ - 1;
    const at::Tensor table = weights.get("relative_position_bias_table", {side * side, heads}, Init::Normal);
    if (!table.is_meta()) bias_ = bias_of(table, places_around(window_, wide_), window_ * window_, wide_ * wide_);
  }

  at::Tensor operator()(const at::Tensor& x) const {
    const std::int64_t height = x.size(1), width = x.size(2);
    const auto qkv = qkv_(norm1_(x)).chunk(3, 3);
    const at::Tensor attended =
        attend_in_windows(windows_of(qkv[0], window_, window_), around(qkv[1]), around(qkv[2]), heads_, bias_, {});
    const at::Tensor h = proj_(picture_of(attended, window_, window_, height, width)) + x;
    return h + feed_(norm2_(h));
  }

 private:
  /// The larger windows around each, with zeros beyond the borders: [windows, wide * wide, C].
  at::Tensor around(const at::Tensor& part) const {
    const at::Tensor planes = part.permute({0, 3, 1, 2});
    const std::int64_t border = (wide_ - window_) / 2;
    const at::Tensor columns = at::im2col(planes, {wide_, wide_}, {1, 1}, {border, border}, {window_, window_});
    return columns.unflatten(1, {width_, wide_ * wide_}).permute({0, 3, 2, 1}).flatten(0, 1);
  }

  std::int64_t width_, window_, wide_, heads_;
  LayerNorm norm1_;
  Linear qkv_, proj_;
  LayerNorm norm2_;
  FeedForward feed_;
  at::Tensor bias_;
};

struct Group {
  std::vector<Block> blocks;
  OverlappingBlock overlapping;
  std::optional<Conv2d> end;
};

class HAT final : public UpscalerNetwork {
 public:
  HAT(const UpscalerConfig& config, const Weights& weights)
      : first_(weights / "conv_first", config.image_channels, config.features),
        norm_(weights / "norm", config.features),
        picture_(weights, config) {
    if (config.norm_first) norm_first_.emplace(weights / "patch_embed" / "norm", config.features);
    if (config.ends_in_convolution) end_.emplace(weights / "conv_after_body", config.features, config.features);
    for (std::size_t i = 0; i < config.depths.size(); ++i) {
      const Weights place = weights / "layers" / static_cast<std::int64_t>(i), group = place / "residual_group";
      std::vector<Block> blocks;
      for (std::int64_t j = 0; j < config.depths[i]; ++j)
        blocks.emplace_back(group / "blocks" / j, config, config.heads[i], j % 2 == 1);
      std::optional<Conv2d> end;
      if (config.ends_in_convolution) end.emplace(place / "conv", config.features, config.features);
      groups_.push_back(
          {std::move(blocks), OverlappingBlock(group / "overlap_attn", config, config.heads[i]), std::move(end)});
    }
  }

  at::ScalarType dtype() const override { return first_.dtype(); }

  at::Tensor operator()(const at::Tensor& image) const override {
    const at::Tensor mean = mean_colour(image), x = first_(image - mean);
    at::Tensor h = x.permute({0, 2, 3, 1}).contiguous();
    if (norm_first_) h = (*norm_first_)(h);
    for (const Group& group : groups_) {
      at::Tensor inner = h;
      for (const Block& block : group.blocks) inner = block(inner);
      inner = group.overlapping(inner);
      h = h + (group.end ? (*group.end)(inner.permute({0, 3, 1, 2})).permute({0, 2, 3, 1}) : inner);
    }
    const at::Tensor features = norm_(h).permute({0, 3, 1, 2});
    return picture_((end_ ? (*end_)(features) : features) + x) + mean;
  }

 private:
  Conv2d first_;
  std::optional<LayerNorm> norm_first_;
  std::vector<Group> groups_;
  LayerNorm norm_;
  std::optional<Conv2d> end_;
  PictureFromFeatures picture_;
};

}  // namespace

UpscalerNetworkPointer make_hat(const UpscalerConfig& config, const Weights& weights) {
  return std::make_unique<const HAT>(config, weights);
}

}  // namespace weft::sd
