#include "nodes/sd/networks/unet.h"

#include <ATen/ATen.h>
#include <fmt/format.h>

#include <optional>
#include <stdexcept>

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

/// A layer on the way up, and what doubles the picture behind it, or null.
struct UpStep {
  const Layer* layer;
  const DoublingConv2d* doubled;
};

/// Throws NodeError for residuals of another network.
void check_control(const ControlResiduals& control, std::size_t skips) {
  if (control.down.empty() || control.down.size() == skips) return;
  throw NodeError(fmt::format("the control has {} residuals, the U-Net {} skips", control.down.size(), skips),
      "use a ControlNet that was made for this model's family");
}

/// A control's residual on h. One that a patch made smaller gets it in its own size. Throws NodeError for one of another
/// network.
at::Tensor with_residual(const at::Tensor& h, const at::Tensor& residual, bool patched) {
  if (residual.size(1) != h.size(1))
    throw NodeError(fmt::format("the control adds {} channels to {} of the U-Net", residual.size(1), h.size(1)),
        "use a ControlNet or T2I-Adapter that was made for this model's family");
  at::Tensor fitting = residual.to(h.scalar_type());
  if (patched && fitting.sizes().slice(2) != h.sizes().slice(2))
    fitting = at::upsample_bilinear2d(fitting, {h.size(2), h.size(3)}, /*align_corners=*/false);
  return h + fitting;
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

  /// The one that takes the skip of step `index` down.
  UpStep up_step(std::size_t index) const {
    std::size_t from_below = descent.steps() - 1 - index;
    for (const auto& level : up) {
      if (from_below < level.layers.size())
        return {&level.layers[from_below],
            level.doubled && from_below + 1 == level.layers.size() ? &*level.doubled : nullptr};
      from_below -= level.layers.size();
    }
    throw std::logic_error("a U-Net has as many layers up as steps down");
  }

  at::Tensor middle(const at::Tensor& h, const NetworkCall& call, const Told& told) const {
    const at::Tensor out = descent.middle(h, told);
    return call.control.mid.defined() ? with_residual(out, call.control.mid, told.patched) : out;
  }

  /// From the output of step `index` down, through all that is below, to the layer that takes its skip. `above`: the size
  /// of the next skip on the way up.
  at::Tensor down_and_up(
      std::size_t index, at::Tensor h, at::IntArrayRef above, const NetworkCall& call, const Told& told) const {
    const auto& within = call.control.within;
    if (index < within.size() && within[index].defined()) h = with_residual(h, within[index], told.patched);
    at::Tensor skip = h;
    const auto step = static_cast<std::int64_t>(index);
    if (told.patched) patch_down(step, call, h, skip);
    const auto go_down = [&](const at::Tensor& from) {
      return index + 1 == descent.steps()
          ? middle(from, call, told)
          : down_and_up(index + 1, descent.step(index + 1, from, told), skip.sizes(), call, told);
    };
    h = told.patched ? patched_below(step, call, h, go_down) : go_down(h);
    // What went on down has no residual: a skip gets it here.
    if (!call.control.down.empty()) skip = with_residual(skip, call.control.down[index], told.patched);
    const UpStep next_up = up_step(index);
    if (told.patched) patch_up(next_up.layer->name, call, h, skip);
    h = (*next_up.layer)(at::cat({h, skip}, 1), told);
    return next_up.doubled ? (*next_up.doubled)(h, above[2], above[3]) : h;
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
  check_control(call.control, p.descent.steps());
  const Told told = p.descent.told(call);
  const at::Tensor h = p.down_and_up(0, p.descent.begin(call), /*above=*/{}, call, told);
  return p.conv_out(p.norm_out.silu(h)).to(call.x.scalar_type());
}

}  // namespace weft::sd
