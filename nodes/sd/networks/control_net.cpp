#include "nodes/sd/networks/control_net.h"

#include <ATen/ATen.h>

#include "nodes/sd/networks/descent.h"

namespace weft::sd {
namespace {

/// The picture, brought to the latent's size.
class HintEmbedding {
 public:
  HintEmbedding(const Weights& weights, const ControlNetConfig& config)
      : in_(weights / "conv_in", config.hint_channels, config.hint_widths.front()),
        out_(weights / "conv_out", config.hint_widths.back(), config.unet.block_channels.front()) {
    std::int64_t index = 0;
    for (std::size_t i = 0; i + 1 < config.hint_widths.size(); ++i) {
      const std::int64_t width = config.hint_widths[i], next = config.hint_widths[i + 1];
      blocks_.emplace_back(weights / "blocks" / index++, width, width);
      blocks_.emplace_back(weights / "blocks" / index++, width, next, Conv2d::Options{.stride = 2});
    }
  }

  at::Tensor operator()(const at::Tensor& hint) const {
    at::Tensor h = at::silu(in_(hint));
    for (const Conv2d& block : blocks_) h = at::silu(block(h));
    return out_(h);
  }

 private:
  Conv2d in_;
  std::vector<Conv2d> blocks_;
  Conv2d out_;
};

constexpr Conv2d::Options kPointwise{.kernel = 1, .padding = 0};

}  // namespace

struct ControlNet::Parts {
  Parts(const ControlNetConfig& net_config, const Weights& weights)
      : config(net_config),
        descent(config.unet, weights),
        hint(weights / "controlnet_cond_embedding", config),
        mid(weights / "controlnet_mid_block", config.unet.block_channels.back(), config.unet.block_channels.back(),
            kPointwise) {
    const auto& channels = config.unet.block_channels;
    std::int64_t index = 0;
    const auto add = [&](std::int64_t width) {
      down.emplace_back(weights / "controlnet_down_blocks" / index++, width, width, kPointwise);
    };
    add(channels.front());
    for (std::size_t level = 0; level < channels.size(); ++level) {
      for (std::int64_t layer = 0; layer < config.unet.layers_per_block; ++layer) add(channels[level]);
      if (level + 1 < channels.size()) add(channels[level]);
    }
  }

  ControlNetConfig config;
  Descent descent;
  HintEmbedding hint;
  std::vector<Conv2d> down;  ///< one for each skip
  Conv2d mid;
};

ControlNet::ControlNet(const ControlNetConfig& config, const Weights& weights)
    : parts_(std::make_unique<Parts>(config, weights)) {}
ControlNet::~ControlNet() = default;
ControlNet::ControlNet(ControlNet&&) noexcept = default;
ControlNet& ControlNet::operator=(ControlNet&&) noexcept = default;

const ControlNetConfig& ControlNet::config() const { return parts_->config; }
at::ScalarType ControlNet::dtype() const { return parts_->descent.dtype(); }
std::int64_t ControlNet::downscale() const { return std::int64_t{1} << (parts_->config.hint_widths.size() - 1); }

ControlResiduals ControlNet::forward(const NetworkCall& given, const at::Tensor& hint) const {
  const Parts& p = *parts_;
  NetworkCall call = given;
  call.concat = at::Tensor();
  call.patches = {};
  if (p.config.unet.vector_width == 0) call.vector = at::Tensor();
  const Told told = p.descent.told(call);
  const at::Tensor picture = hint.to(call.x.device(), dtype()).contiguous(at::MemoryFormat::ChannelsLast);
  const std::vector<at::Tensor> skips = p.descent.skips(p.descent.begin(call) + p.hint(picture), told);
  ControlResiduals residuals;
  const auto pooled = [&](const at::Tensor& x) { return p.config.global_pool ? x.mean({2, 3}, true) : x; };
  for (std::size_t i = 0; i < skips.size(); ++i) residuals.down.push_back(pooled(p.down[i](skips[i])));
  residuals.mid = pooled(p.mid(p.descent.middle(skips.back(), told)));
  return residuals;
}

}  // namespace weft::sd
