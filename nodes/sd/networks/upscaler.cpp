#include "nodes/sd/networks/upscaler.h"

#include <ATen/ATen.h>

#include <algorithm>
#include <optional>
#include <vector>

#include "nodes/sd/networks/layers.h"
#include "nodes/sd/networks/upscaler_network.h"

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
    if (config.plus) aside_ = (weights / "conv1x1").get("weight", {config.growth, config.features, 1, 1}, Init::FanIn);
  }

  at::Tensor operator()(const at::Tensor& x) const {
    std::vector<at::Tensor> seen{x};
    for (std::size_t i = 0; i < 4; ++i) {
      at::Tensor h = leaky(convs_[i](at::cat(seen, 1)));
      if (aside_.defined() && i == 1) h = h + at::conv2d(x, aside_);
      if (aside_.defined() && i == 3) h = h + seen[2];
      seen.push_back(h);
    }
    return convs_[4](at::cat(seen, 1)) * kSlope + x;
  }

 private:
  std::vector<Conv2d> convs_;
  at::Tensor aside_;  ///< 1x1 without bias: ESRGAN+
};

struct DenseNetwork final : UpscalerNetwork {
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

struct CompactNetwork final : UpscalerNetwork {
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

UpscalerNetworkPointer make_network(const UpscalerConfig& config, const Weights& weights) {
  switch (config.kind) {
    case UpscalerConfig::Kind::Compact:
      return std::make_unique<const CompactNetwork>(config, weights);
    case UpscalerConfig::Kind::SwinIR:
      return make_swin_ir(config, weights);
    case UpscalerConfig::Kind::DAT:
      return make_dat(config, weights);
    case UpscalerConfig::Kind::HAT:
      return make_hat(config, weights);
    case UpscalerConfig::Kind::SPAN:
      return make_span(config, weights);
    case UpscalerConfig::Kind::PLKSR:
      return make_plksr(config, weights);
    case UpscalerConfig::Kind::DenseBlocks:
      break;
  }
  return std::make_unique<const DenseNetwork>(config, weights);
}

/// By reflection below and to the right; a side that is too short for that is reflected again.
at::Tensor padded_to(at::Tensor image, std::int64_t height, std::int64_t width) {
  while (image.size(2) < height || image.size(3) < width) {
    const std::int64_t below = std::min(height - image.size(2), image.size(2) - 1);
    const std::int64_t right = std::min(width - image.size(3), image.size(3) - 1);
    if (below + right == 0)  // a single row or column
      return at::replication_pad2d(image, {0, width - image.size(3), 0, height - image.size(2)});
    image = at::reflection_pad2d(image, {0, right, 0, below});
  }
  return image;
}

}  // namespace

Upscaler::Upscaler(const UpscalerConfig& config, const Weights& weights)
    : config_(config), network_(make_network(config, weights)) {}
Upscaler::~Upscaler() = default;
Upscaler::Upscaler(Upscaler&&) noexcept = default;
Upscaler& Upscaler::operator=(Upscaler&&) noexcept = default;

const UpscalerConfig& Upscaler::config() const { return config_; }

at::Tensor Upscaler::forward(const at::Tensor& image) const {
  const std::int64_t unit = config_.unit(), height = image.size(2), width = image.size(3);
  const at::Tensor padded =
      padded_to(image.to(network_->dtype()), (height + unit - 1) / unit * unit, (width + unit - 1) / unit * unit);
  const at::Tensor large = (*network_)(padded.contiguous(at::MemoryFormat::ChannelsLast));
  return large.narrow(2, 0, height * config_.scale()).narrow(3, 0, width * config_.scale()).to(image.scalar_type());
}

}  // namespace weft::sd
