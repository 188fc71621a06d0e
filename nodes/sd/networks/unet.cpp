#include "nodes/sd/networks/unet.h"

#include <ATen/ATen.h>
#include <fmt/format.h>

#include <optional>

#include "base/error.h"
#include "nodes/sd/networks/descent.h"

namespace weft::sd {
namespace {

struct UpLevel {
  std::vector<Layer> layers;
  std::optional<DoublingConv2d> doubled;
};

// Level `index` counts from the top (the finest), as on the way down; names count from the bottom.
UpLevel make_up_level(const Weights& weights, std::size_t index, const UNetConfig& config) {
  const auto& channels = config.block_channels;
  const bool deepest = index + 1 == channels.size();
  const std::int64_t out = channels[index];
  UpLevel level;
  for (std::int64_t i = 0; i <= config.layers_per_block; ++i) {
    const std::int64_t from_below = i == 0 && !deepest ? channels[index + 1] : out;
    const bool skip_comes_from_above = i == config.layers_per_block && index > 0;
    const std::int64_t skip = skip_comes_from_above ? channels[index - 1] : out;
    level.layers.emplace_back(weights, i, from_below + skip, out, config.depths.up[index][std::size_t(i)], config);
  }
  if (index > 0) level.doubled.emplace(weights / "upsamplers" / 0 / "conv", out, out);
  return level;
}

at::Tensor take_last(std::vector<at::Tensor>& tensors) {
  at::Tensor last = std::move(tensors.back());
  tensors.pop_back();
  return last;
}

/// The skips get their residuals once all are made: what goes on to the next layer has none.
void add_control(std::vector<at::Tensor>& skips, const std::vector<at::Tensor>& residuals, at::ScalarType dtype) {
  if (residuals.empty()) return;
  if (residuals.size() != skips.size())
    throw NodeError(fmt::format("the control has {} residuals, the U-Net {} skips", residuals.size(), skips.size()),
        "use a ControlNet that was made for this model's family");
  for (std::size_t i = 0; i < skips.size(); ++i) skips[i] = skips[i] + residuals[i].to(dtype);
}

}  // namespace

struct UNet::Parts {
  Parts(const UNetConfig& unet_config, const Weights& weights)
      : config(unet_config),
        descent(config, weights),
        norm_out(weights / "conv_norm_out", config.norm_groups, config.block_channels.front(), config.norm_eps),
        conv_out(weights / "conv_out", config.block_channels.front(), config.out_channels) {
    const std::size_t levels = config.block_channels.size();
    for (std::size_t i = 0; i < levels; ++i)
      up.push_back(make_up_level(weights / "up_blocks" / static_cast<std::int64_t>(i), levels - 1 - i, config));
  }

  UNetConfig config;
  Descent descent;
  std::vector<UpLevel> up;  ///< deepest first
  GroupNorm norm_out;
  Conv2d conv_out;
};

UNet::UNet(const UNetConfig& config, const Weights& weights) : parts_(std::make_unique<Parts>(config, weights)) {}
UNet::~UNet() = default;
UNet::UNet(UNet&&) noexcept = default;
UNet& UNet::operator=(UNet&&) noexcept = default;

const UNetConfig& UNet::config() const { return parts_->config; }
at::ScalarType UNet::dtype() const { return parts_->descent.dtype(); }

at::Tensor UNet::forward(const NetworkCall& call) const {
  const Parts& p = *parts_;
  const Told told = p.descent.told(call);
  std::vector<at::Tensor> skips = p.descent.skips(p.descent.begin(call), told);
  at::Tensor h = skips.back();
  add_control(skips, call.control.down, dtype());
  h = p.descent.middle(h, told);
  if (call.control.mid.defined()) h = h + call.control.mid.to(dtype());
  for (const auto& level : p.up) {
    for (const auto& layer : level.layers) h = layer(at::cat({h, take_last(skips)}, 1), told);
    if (level.doubled) h = (*level.doubled)(h, skips.back().size(2), skips.back().size(3));
  }
  return p.conv_out(p.norm_out.silu(h)).to(call.x.scalar_type());
}

}  // namespace weft::sd
