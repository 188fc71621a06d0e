// PLKSR (Lee et al. 2024, arXiv:2404.11848), and RealPLKSR, the community's changes to it: large kernels on a part of the channels.
// DySample (Liu et al. 2023, arXiv:2308.15085) may take the place of the pixel shuffle at the end.
#include <ATen/ATen.h>

#include "base/cancel_point.h"
#include "nodes/sd/networks/upscaler_network.h"

namespace weft::sd {
namespace {

constexpr std::int64_t kNormGroups = 4;
constexpr double kNormEps = 1e-5, kLayerNormEps = 1e-6;
constexpr Conv2d::Options kPointwise{.kernel = 1, .padding = 0};

class Block {
 public:
  Block(const Weights& weights, const UpscalerConfig& config)
      : split_(config.split),
        real_(config.real),
        wide_(mixer(weights, config) / 0, config.features, 2 * config.features, same_size(config.mixer_kernels[0])),
        narrow_(mixer(weights, config) / 2, 2 * config.features, config.features, same_size(config.mixer_kernels[1])),
        large_(weights / "lk" / "conv", split_, split_, {.kernel = config.kernel, .padding = config.kernel / 2}),
        refine_(weights / "refine", config.features, config.features, kPointwise) {
    if (config.attends) gate_.emplace(weights / "attn" / "f" / 0, config.features, config.features);
    if (!config.real) return;
    if (config.norm_first) {
      norm_first_.emplace(weights / "layer_norm", config.features, kLayerNormEps);
    } else {
      norm_.emplace(weights / "norm", kNormGroups, config.features, kNormEps);
    }
  }

  at::Tensor operator()(const at::Tensor& x) const {
    at::Tensor h = norm_first_ ? (*norm_first_)(x.permute({0, 2, 3, 1})).permute({0, 3, 1, 2}) : x;
    h = wide_(h);
    h = narrow_(real_ ? at::mish(h) : at::gelu(h));
    const std::int64_t rest = h.size(1) - split_;
    const at::Tensor seen = h.narrow(1, 0, split_).contiguous(at::MemoryFormat::ChannelsLast);
    h = rest > 0 ? at::cat({large_(seen), h.narrow(1, split_, rest)}, 1) : large_(seen);
    if (gate_) h = h * at::sigmoid((*gate_)(h));
    h = refine_(h);
    return x + (norm_ ? (*norm_)(h) : h);
  }

 private:
  /// The first code has a typing error in its names.
  static Weights mixer(const Weights& weights, const UpscalerConfig& config) {
    return weights / (config.real ? "channel_mixer" : "channe_mixer");
  }
  static Conv2d::Options same_size(std::int64_t kernel) { return {.kernel = kernel, .padding = kernel / 2}; }

  std::int64_t split_;
  bool real_;
  std::optional<LayerNorm> norm_first_;
  Conv2d wide_, narrow_, large_;
  std::optional<Conv2d> gate_;
  Conv2d refine_;
  std::optional<GroupNorm> norm_;
};

/// Each pixel of the larger picture is taken from a place that is learned.
class DySample {
 public:
  DySample(const Weights& weights, const UpscalerConfig& config)
      : scale_(config.compact_scale),
        groups_(scale_ % 2 == 0 ? 4 : config.image_channels),
        offset_(weights / "offset", channels(config), 2 * groups_ * scale_ * scale_, kPointwise) {
    const std::int64_t channels_out = 2 * groups_ * scale_ * scale_;
    scope_weight_ = (weights / "scope").get("weight", {channels_out, channels(config), 1, 1}, Init::FanIn);
    begin_ = weights.get("init_pos", {1, channels_out, 1, 1}, Init::Zeros);
    if (scale_ != 1) last_.emplace(weights / "end_conv", channels(config), config.image_channels, kPointwise);
  }

  at::Tensor operator()(const at::Tensor& x) const {
    cancel_point();
    const std::int64_t batch = x.size(0), height = x.size(2), width = x.size(3);
    const at::Tensor offset = offset_(x) * at::sigmoid(at::conv2d(x, scope_weight_)) * 0.5 + begin_;
    const auto axis = [&](std::int64_t size) { return at::arange(size, x.options()) + 0.5; };
    const at::Tensor places =
        at::stack({axis(width).view({1, -1}).expand({height, -1}), axis(height).view({-1, 1}).expand({-1, width})});
    const at::Tensor sizes = at::tensor({double(width), double(height)}, x.options()).view({1, 2, 1, 1, 1});
    const at::Tensor at_places =
        2 * (places.view({1, 2, 1, height, width}) + offset.reshape({batch, 2, -1, height, width})) / sizes - 1;
    const at::Tensor grid = at::pixel_shuffle(at_places.reshape({batch, -1, height, width}), scale_)
                                .view({batch, 2, -1, scale_ * height, scale_ * width})
                                .permute({0, 2, 3, 4, 1})
                                .flatten(0, 1);
    constexpr std::int64_t kBilinear = 0, kBorder = 1;
    const at::Tensor picked = at::grid_sampler(
        x.reshape({batch * groups_, -1, height, width}), grid, kBilinear, kBorder, /*align_corners=*/false)
                                  .reshape({batch, -1, scale_ * height, scale_ * width});
    return last_ ? (*last_)(picked.contiguous(at::MemoryFormat::ChannelsLast)) : picked;
  }

 private:
  static std::int64_t channels(const UpscalerConfig& config) {
    return config.image_channels * config.compact_scale * config.compact_scale;
  }

  std::int64_t scale_, groups_;
  Conv2d offset_;
  at::Tensor scope_weight_, begin_;
  std::optional<Conv2d> last_;
};

class PLKSR final : public UpscalerNetwork {
 public:
  PLKSR(const UpscalerConfig& config, const Weights& weights)
      : scale_(config.compact_scale),
        first_(weights / "feats" / 0, config.image_channels, config.features),
        last_(weights / "feats" / config.last_layer(), config.features, config.image_channels * scale_ * scale_) {
    for (std::int64_t i = 0; i < config.blocks; ++i) blocks_.emplace_back(weights / "feats" / (i + 1), config);
    if (config.samples) sample_.emplace(weights / "to_img", config);
  }

  at::ScalarType dtype() const override { return first_.dtype(); }

  at::Tensor operator()(const at::Tensor& image) const override {
    at::Tensor h = first_(image);
    for (const Block& block : blocks_) h = block(h);
    h = last_(h) + at::repeat_interleave(image, scale_ * scale_, 1);
    return sample_ ? (*sample_)(h) : at::pixel_shuffle(h, scale_);
  }

 private:
  std::int64_t scale_;
  Conv2d first_;
  std::vector<Block> blocks_;
  Conv2d last_;
  std::optional<DySample> sample_;
};

}  // namespace

UpscalerNetworkPointer make_plksr(const UpscalerConfig& config, const Weights& weights) {
  return std::make_unique<const PLKSR>(config, weights);
}

}  // namespace weft::sd
