#include "nodes/sd/networks/t2i_adapter.h"

#include <ATen/ATen.h>

#include <array>
#include <optional>

namespace weft::sd {
namespace {

class Block {
 public:
  Block(const Weights& weights, std::int64_t channels, std::int64_t kernel)
      : first_(weights / "block1", channels, channels),
        second_(weights / "block2", channels, channels, {.kernel = kernel, .padding = kernel / 2}) {}

  at::Tensor operator()(const at::Tensor& x) const { return second_.plus(at::relu(first_(x)), x); }

 private:
  Conv2d first_, second_;
};

/// Those of one level, between two changes of width.
class Level {
 public:
  Level(const Weights& weights, const T2IAdapterConfig& config, std::size_t level, bool halves) : halves_(halves) {
    const std::int64_t out = config.channels[level];
    const std::int64_t in = level > 0 ? config.channels[level - 1] : out;
    const Conv2d::Options one{.kernel = 1, .padding = 0};
    const std::int64_t inside = config.light ? out / 4 : out;
    if (config.light) {
      const std::int64_t seen = level > 0 ? in : config.hint_channels * config.unshuffle * config.unshuffle;
      in_.emplace(weights / "in_conv", seen, inside, one);
    } else if (in != out) {
      in_.emplace(weights / "in_conv", in, out, Conv2d::Options{.kernel = config.kernel, .padding = config.kernel / 2});
    }
    for (std::int64_t i = 0; i < config.blocks; ++i)
      blocks_.emplace_back(weights / "resnets" / i, inside, config.light ? 3 : config.kernel);
    if (config.light) out_.emplace(weights / "out_conv", inside, out, one);
  }

  at::Tensor operator()(at::Tensor x) const {
    if (halves_) x = at::avg_pool2d(x, 2, 2, 0, /*ceil_mode=*/true);
    if (in_) x = (*in_)(x);
    for (const Block& block : blocks_) x = block(x);
    return out_ ? (*out_)(x) : x;
  }

 private:
  bool halves_;
  std::optional<Conv2d> in_, out_;
  std::vector<Block> blocks_;
};

/// Where in a U-Net's steps down (conv_in is 0) a level's features are added; -1: in the middle.
constexpr std::array kSteps{2, 5, 8, 11}, kStepsOfXl{3, 5, 8, -1};

}  // namespace

struct T2IAdapter::Parts {
  Parts(const T2IAdapterConfig& adapter_config, const Weights& weights) : config(adapter_config) {
    if (!config.light)
      first.emplace(
          weights / "conv_in", config.hint_channels * config.unshuffle * config.unshuffle, config.channels[0]);
    for (std::size_t i = 0; i < config.channels.size(); ++i)
      levels.emplace_back(weights / "body" / static_cast<std::int64_t>(i), config, i, config.xl ? i == 2 : i > 0);
    type = (weights / "body" / 0 / "resnets" / 0 / "block1")
               .get("bias", {config.light ? config.channels[0] / 4 : config.channels[0]}, Init::Zeros)
               .scalar_type();
  }

  T2IAdapterConfig config;
  std::optional<Conv2d> first;
  std::vector<Level> levels;
  at::ScalarType type;
};

T2IAdapter::T2IAdapter(const T2IAdapterConfig& config, const Weights& weights)
    : parts_(std::make_unique<Parts>(config, weights)) {}
T2IAdapter::~T2IAdapter() = default;
T2IAdapter::T2IAdapter(T2IAdapter&&) noexcept = default;
T2IAdapter& T2IAdapter::operator=(T2IAdapter&&) noexcept = default;

const T2IAdapterConfig& T2IAdapter::config() const { return parts_->config; }
at::ScalarType T2IAdapter::dtype() const { return parts_->type; }

ControlResiduals T2IAdapter::forward(const at::Tensor& hint) const {
  const Parts& p = *parts_;
  at::Tensor x = hint.size(1) > p.config.hint_channels ? hint.mean(1, /*keepdim=*/true) : hint;
  x = at::pixel_unshuffle(x.to(p.type), p.config.unshuffle);
  if (p.first) x = (*p.first)(x);
  ControlResiduals residuals;
  for (std::size_t i = 0; i < p.levels.size(); ++i) {
    x = p.levels[i](x);
    const int step = (p.config.xl ? kStepsOfXl : kSteps)[i];
    if (step < 0) {
      residuals.mid = x;
    } else {
      residuals.within.resize(static_cast<std::size_t>(step) + 1);
      residuals.within.back() = x;
    }
  }
  return residuals;
}

}  // namespace weft::sd
