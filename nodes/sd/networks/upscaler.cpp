#include "nodes/sd/networks/upscaler.h"

#include <ATen/ATen.h>

#include <optional>
#include <vector>

#include "nodes/sd/networks/layers.h"

namespace weft::sd {
namespace {

constexpr double kSlope = 0.2;  // of the leaky ReLUs, and what a block's output counts beside its input

at::Tensor leaky(const at::Tensor& x) { return at::leaky_relu(x, kSlope); }

/// Five convolutions, each of which sees what all those before it gave.
class DenseBlock {
 public:
  DenseBlock(const Weights& weights, const UpscalerConfig& config) {
    for (std::int64_t i = 0; i < 5; ++i)
      convs_.emplace_back(weights / ("conv" + std::to_string(i + 1)), config.features + i * config.growth,
          i < 4 ? config.growth : config.features);
  }

  at::Tensor operator()(const at::Tensor& x) const {
    std::vector<at::Tensor> seen{x};
    for (std::size_t i = 0; i < 4; ++i) seen.push_back(leaky(convs_[i](at::cat(seen, 1))));
    return convs_[4](at::cat(seen, 1)) * kSlope + x;
  }

 private:
  std::vector<Conv2d> convs_;
};

}  // namespace

struct Upscaler::Network {
  virtual ~Network() = default;
  virtual at::Tensor operator()(const at::Tensor& image) const = 0;
  virtual at::ScalarType dtype() const = 0;
};

struct Upscaler::DenseNetwork final : Network {
  DenseNetwork(const UpscalerConfig& config, const Weights& weights)
      : unshuffle(config.unshuffle),
        first(weights / "conv_first", config.image_channels * config.unshuffle * config.unshuffle, config.features),
        trunk(weights / "conv_body", config.features, config.features),
        fine(weights / "conv_hr", config.features, config.features),
        last(weights / "conv_last", config.features, config.image_channels) {
    for (std::int64_t i = 0; i < config.blocks; ++i)
      for (const char* third : {"rdb1", "rdb2", "rdb3"}) blocks.emplace_back(weights / "body" / i / third, config);
    for (std::int64_t i = 0; i < config.doublings; ++i)
      up.emplace_back(weights / ("conv_up" + std::to_string(i + 1)), config.features, config.features);
  }

  at::ScalarType dtype() const override { return first.dtype(); }

  at::Tensor operator()(const at::Tensor& image) const override {
    const at::Tensor begin = first(unshuffle == 1 ? image : at::pixel_unshuffle(image, unshuffle));
    at::Tensor h = begin;
    for (std::size_t i = 0; i < blocks.size(); i += 3) h = blocks[i + 2](blocks[i + 1](blocks[i](h))) * kSlope + h;
    h = trunk.plus(h, begin);
    for (const DoublingConv2d& doubled : up) h = leaky(doubled(h));
    return last(leaky(fine(h)));
  }

  std::int64_t unshuffle;
  Conv2d first;
  std::vector<DenseBlock> blocks;  ///< three make one residual block
  Conv2d trunk;
  std::vector<DoublingConv2d> up;
  Conv2d fine, last;
};

struct Upscaler::CompactNetwork final : Network {
  CompactNetwork(const UpscalerConfig& config, const Weights& weights) : scale(config.compact_scale) {
    const std::int64_t layers = config.blocks + 1;
    for (std::int64_t i = 0; i < layers; ++i) {
      convs.emplace_back(weights / "body" / (2 * i), i == 0 ? config.image_channels : config.features, config.features);
      slopes.push_back((weights / "body" / (2 * i + 1)).get("weight", {config.features}, Init::Ones));
    }
    convs.emplace_back(weights / "body" / (2 * layers), config.features, config.image_channels * scale * scale);
  }

  at::ScalarType dtype() const override { return convs.front().dtype(); }

  at::Tensor operator()(const at::Tensor& image) const override {
    at::Tensor h = image;
    for (std::size_t i = 0; i < slopes.size(); ++i) h = at::prelu(convs[i](h), slopes[i]);
    return at::pixel_shuffle(convs.back()(h), scale) +
        at::upsample_nearest2d(image, {image.size(2) * scale, image.size(3) * scale});
  }

  std::int64_t scale;
  std::vector<Conv2d> convs;
  std::vector<at::Tensor> slopes;
};

Upscaler::Upscaler(const UpscalerConfig& config, const Weights& weights) : config_(config) {
  if (config.kind == UpscalerConfig::Kind::Compact) {
    network_ = std::make_unique<const CompactNetwork>(config, weights);
  } else {
    network_ = std::make_unique<const DenseNetwork>(config, weights);
  }
}
Upscaler::~Upscaler() = default;
Upscaler::Upscaler(Upscaler&&) noexcept = default;
Upscaler& Upscaler::operator=(Upscaler&&) noexcept = default;

const UpscalerConfig& Upscaler::config() const { return config_; }

at::Tensor Upscaler::forward(const at::Tensor& image) const {
  const std::int64_t unit = config_.unshuffle, height = image.size(2), width = image.size(3);
  const std::int64_t below = (unit - height % unit) % unit, right = (unit - width % unit) % unit;
  at::Tensor padded = image.to(network_->dtype());
  if (below > 0 || right > 0) padded = at::reflection_pad2d(padded, {0, right, 0, below});
  const at::Tensor large = (*network_)(padded.contiguous(at::MemoryFormat::ChannelsLast));
  return large.narrow(2, 0, height * config_.scale()).narrow(3, 0, width * config_.scale()).to(image.scalar_type());
}

}  // namespace weft::sd
