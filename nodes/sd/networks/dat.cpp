// DAT, the dual aggregation transformer (Chen et al. 2023, arXiv:2308.03364): attention in windows and attention between channels
// take turns, each beside a convolution that it trades gates with.
#include <ATen/ATen.h>

#include "base/cancel_point.h"
#include "nodes/sd/networks/upscaler_network.h"
#include "nodes/sd/networks/window_attention.h"

namespace weft::sd {
namespace {

constexpr double kNormEps = 1e-5;
constexpr Conv2d::Options kPointwise{.kernel = 1, .padding = 0};

/// 3x3, each channel by itself.
class DepthwiseConv {
 public:
  DepthwiseConv(const Weights& weights, std::int64_t channels)
      : weight_(weights.get("weight", {channels, 1, 3, 3}, Init::FanIn)),
        bias_(weights.get("bias", {channels}, Init::FanIn)) {}
  at::Tensor operator()(const at::Tensor& x) const {
    cancel_point();
    return at::conv2d(x, weight_, bias_, 1, 1, 1, weight_.size(0));
  }

 private:
  at::Tensor weight_, bias_;
};

/// By the statistics of the training, which are a scale and a shift of each channel.
class BatchNorm {
 public:
  BatchNorm(const Weights& weights, std::int64_t channels) {
    const at::Tensor weight = weights.get("weight", {channels}, Init::Ones),
                     bias = weights.get("bias", {channels}, Init::Zeros);
    const at::Tensor mean = weights.get("running_mean", {channels}, Init::Zeros);
    const at::Tensor variance = weights.get("running_var", {channels}, Init::Ones);
    scale_ = (weight / (variance + kNormEps).sqrt()).view({1, -1, 1, 1});
    shift_ = (bias - mean * scale_.flatten()).view({1, -1, 1, 1});
  }
  at::Tensor operator()(const at::Tensor& x) const { return x * scale_ + shift_; }

 private:
  at::Tensor scale_, shift_;
};

/// What both kinds of attention have beside them: x is [B, C, H, W] here.
class Beside {
 public:
  Beside(const Weights& weights, std::int64_t width)
      : depthwise_(weights / "dwconv" / 0, width),
        depthwise_norm_(weights / "dwconv" / 1, width),
        channels_in_(weights / "channel_interaction" / 1, width, width / 8, kPointwise),
        channels_norm_(weights / "channel_interaction" / 2, width / 8),
        channels_out_(weights / "channel_interaction" / 4, width / 8, width, kPointwise),
        places_in_(weights / "spatial_interaction" / 0, width, width / 16, kPointwise),
        places_norm_(weights / "spatial_interaction" / 1, width / 16),
        places_out_(weights / "spatial_interaction" / 3, width / 16, 1, kPointwise) {}

  at::Tensor convolved(const at::Tensor& v) const { return at::gelu(depthwise_norm_(depthwise_(v))); }
  /// A gate for each channel: [B, C, 1, 1].
  at::Tensor channel_gate(const at::Tensor& x) const {
    const at::Tensor mean = x.mean(at::IntArrayRef{2, 3}, /*keepdim=*/true);
    return at::sigmoid(channels_out_(at::gelu(channels_norm_(channels_in_(mean)))));
  }
  /// A gate for each place: [B, 1, H, W].
  at::Tensor place_gate(const at::Tensor& x) const {
    return at::sigmoid(places_out_(at::gelu(places_norm_(places_in_(x)))));
  }

 private:
  DepthwiseConv depthwise_;
  BatchNorm depthwise_norm_;
  Conv2d channels_in_;
  BatchNorm channels_norm_;
  Conv2d channels_out_, places_in_;
  BatchNorm places_norm_;
  Conv2d places_out_;
};

/// The bias of two places of a window, as a small network of the way between them.
at::Tensor window_bias(
    const Weights& pos, std::int64_t width, std::int64_t heads, std::int64_t height, std::int64_t wide) {
  const std::int64_t inner = width / 4;
  const Linear first(pos / "pos_proj", 2, inner);
  std::vector<std::pair<LayerNorm, Linear>> steps;
  for (const char* step : {"pos1", "pos2", "pos3"})
    steps.emplace_back(
        LayerNorm(pos / step / 0, inner), Linear(pos / step / 2, inner, step == std::string("pos3") ? heads : inner));
  const at::Tensor probe = pos.get("pos_proj.bias", {inner}, Init::Zeros);
  if (probe.is_meta()) return {};
  const at::Tensor y = at::arange(1 - height, height, probe.options()), x = at::arange(1 - wide, wide, probe.options());
  const at::Tensor ways =
      at::stack({y.unsqueeze(1).expand({-1, x.size(0)}), x.unsqueeze(0).expand({y.size(0), -1})}, 2);
  at::Tensor h = first(ways.view({-1, 2}));
  for (const auto& [norm, linear] : steps) h = linear(at::relu(norm(h)));
  return bias_of(h, relative_places(height, wide), height * wide, height * wide);
}

/// Of a height x width picture: half the channels attend in windows one way round, half in those the other way round.
class PlaceAttention {
 public:
  PlaceAttention(const Weights& weights, const UpscalerConfig& config, std::int64_t heads, bool shifted)
      : width_(config.features),
        heads_(heads),
        sides_{config.window, config.window_width},
        shifted_(shifted),
        qkv_(weights / "qkv", width_, 3 * width_, {.bias = config.qkv_bias}),
        proj_(weights / "proj", width_, width_),
        beside_(weights, width_) {
    for (const std::int64_t i : {0, 1})
      bias_[std::size_t(i)] =
          window_bias(weights / "attns" / i / "pos", width_ / 2 / 4, heads / 2, side(i), side(1 - i));
  }

  /// x [B, H, W, C]
  at::Tensor operator()(const at::Tensor& x) const {
    const std::int64_t height = x.size(1), width = x.size(2), largest = std::max(sides_[0], sides_[1]);
    const at::Tensor qkv = qkv_(x);
    const std::int64_t below = (largest - height % largest) % largest, right = (largest - width % largest) % largest;
    const auto parts = at::constant_pad_nd(qkv, {0, 0, 0, right, 0, below}).chunk(3, 3);
    std::vector<at::Tensor> halves;
    for (const std::int64_t i : {0, 1}) {
      const std::int64_t down = shifted_ ? side(i) / 2 : 0, across = shifted_ ? side(1 - i) / 2 : 0;
      const auto windows = [&](const at::Tensor& part) {
        const at::Tensor half = part.narrow(3, i * (width_ / 2), width_ / 2);
        return windows_of(shifted_ ? at::roll(half, {-down, -across}, {1, 2}) : half, side(i), side(1 - i));
      };
      const at::Tensor mask = shift_mask(height + below, width + right, side(i), side(1 - i), down, across, x);
      at::Tensor half = attend_in_windows(
          windows(parts[0]), windows(parts[1]), windows(parts[2]), heads_ / 2, bias_[std::size_t(i)], mask);
      half = picture_of(half, side(i), side(1 - i), height + below, width + right);
      if (shifted_) half = at::roll(half, {down, across}, {1, 2});
      halves.push_back(half.narrow(1, 0, height).narrow(2, 0, width));
    }
    const at::Tensor attended = at::cat(halves, 3).permute({0, 3, 1, 2});
    const at::Tensor convolved = beside_.convolved(qkv.narrow(3, 2 * width_, width_).permute({0, 3, 1, 2}));
    const at::Tensor both = attended * beside_.channel_gate(convolved) + beside_.place_gate(attended) * convolved;
    return proj_(both.permute({0, 2, 3, 1}));
  }

 private:
  std::int64_t side(std::int64_t i) const { return sides_[std::size_t(i)]; }

  std::int64_t width_, heads_;
  std::array<std::int64_t, 2> sides_;
  bool shifted_;
  Linear qkv_, proj_;
  Beside beside_;
  std::array<at::Tensor, 2> bias_;
};

/// Channels attend to each other over the whole picture.
class ChannelAttention {
 public:
  ChannelAttention(const Weights& weights, const UpscalerConfig& config, std::int64_t heads)
      : width_(config.features),
        heads_(heads),
        temperature_(weights.get("temperature", {heads, 1, 1}, Init::Ones)),
        qkv_(weights / "qkv", width_, 3 * width_, {.bias = config.qkv_bias}),
        proj_(weights / "proj", width_, width_),
        beside_(weights, width_) {}

  at::Tensor operator()(const at::Tensor& x) const {
    const std::int64_t height = x.size(1), width = x.size(2);
    const auto qkv = qkv_(x).chunk(3, 3);
    const auto rows = [&](const at::Tensor& part) {  // [B, heads, C / heads, H W]
      return part.flatten(1, 2).transpose(1, 2).unflatten(1, {heads_, -1});
    };
    const auto unit = [](const at::Tensor& part) {
      return part / part.norm(2, {-1}, /*keepdim=*/true).clamp_min(1e-12);
    };
    const at::Tensor scores = at::matmul(unit(rows(qkv[0])), unit(rows(qkv[1])).transpose(2, 3)) * temperature_;
    // The published code joins places and channels in this order.
    const at::Tensor attended = at::matmul(at::softmax(scores, -1), rows(qkv[2]))
                                    .permute({0, 3, 1, 2})
                                    .reshape({x.size(0), height, width, width_})
                                    .permute({0, 3, 1, 2});
    const at::Tensor convolved = beside_.convolved(qkv[2].permute({0, 3, 1, 2}));
    const at::Tensor both = attended * beside_.place_gate(convolved) + convolved * beside_.channel_gate(attended);
    return proj_(both.permute({0, 2, 3, 1}));
  }

 private:
  std::int64_t width_, heads_;
  at::Tensor temperature_;
  Linear qkv_, proj_;
  Beside beside_;
};

class Block {
 public:
  Block(const Weights& weights, const UpscalerConfig& config, std::int64_t group, std::int64_t index)
      : norm1_(weights / "norm1", config.features),
        norm2_(weights / "norm2", config.features),
        fc1_(weights / "ffn" / "fc1", config.features, config.hidden),
        gate_norm_(weights / "ffn" / "sg" / "norm", config.hidden / 2),
        gate_(weights / "ffn" / "sg" / "conv", config.hidden / 2),
        fc2_(weights / "ffn" / "fc2", config.hidden / 2, config.features) {
    const std::int64_t heads = config.heads[std::size_t(group)];
    const bool shifted = group % 2 == 0 ? index > 0 && (index - 2) % 4 == 0 : index % 4 == 0;
    if (index % 2 == 0) {
      places_.emplace(weights / "attn", config, heads, shifted);
    } else {
      channels_.emplace(weights / "attn", config, heads);
    }
  }

  at::Tensor operator()(const at::Tensor& x) const {
    const at::Tensor normed = norm1_(x);
    const at::Tensor h = x + (places_ ? (*places_)(normed) : (*channels_)(normed));
    const auto halves = at::gelu(fc1_(norm2_(h))).chunk(2, 3);
    const at::Tensor gate = gate_(gate_norm_(halves[1]).permute({0, 3, 1, 2})).permute({0, 2, 3, 1});
    return h + fc2_(halves[0] * gate);
  }

 private:
  LayerNorm norm1_;
  std::optional<PlaceAttention> places_;
  std::optional<ChannelAttention> channels_;
  LayerNorm norm2_;
  Linear fc1_;
  LayerNorm gate_norm_;
  DepthwiseConv gate_;
  Linear fc2_;
};

struct Group {
  std::vector<Block> blocks;
  GroupEnd end;
};

class DAT final : public UpscalerNetwork {
 public:
  DAT(const UpscalerConfig& config, const Weights& weights)
      : first_(weights / "conv_first", config.image_channels, config.features),
        norm_first_(weights / "before_RG" / 1, config.features),
        norm_(weights / "norm", config.features),
        end_(weights / "conv_after_body", config),
        picture_(weights, config) {
    for (std::size_t i = 0; i < config.depths.size(); ++i) {
      const auto group = static_cast<std::int64_t>(i);
      const Weights place = weights / "layers" / group;
      std::vector<Block> blocks;
      for (std::int64_t j = 0; j < config.depths[i]; ++j) blocks.emplace_back(place / "blocks" / j, config, group, j);
      groups_.push_back({std::move(blocks), GroupEnd(place / "conv", config)});
    }
  }

  at::ScalarType dtype() const override { return first_.dtype(); }

  at::Tensor operator()(const at::Tensor& image) const override {
    const at::Tensor mean = mean_colour(image), x = first_(image - mean);
    at::Tensor h = norm_first_(x.permute({0, 2, 3, 1}).contiguous());
    for (const Group& group : groups_) {
      at::Tensor inner = h;
      for (const Block& block : group.blocks) inner = block(inner);
      h = h + group.end(inner.permute({0, 3, 1, 2})).permute({0, 2, 3, 1});
    }
    return picture_(end_(norm_(h).permute({0, 3, 1, 2})) + x) + mean;
  }

 private:
  Conv2d first_;
  LayerNorm norm_first_;
  std::vector<Group> groups_;
  LayerNorm norm_;
  GroupEnd end_;
  PictureFromFeatures picture_;
};

}  // namespace

UpscalerNetworkPointer make_dat(const UpscalerConfig& config, const Weights& weights) {
  return std::make_unique<const DAT>(config, weights);
}

}  // namespace weft::sd
