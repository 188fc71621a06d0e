#include "nodes/sd/networks/unet.h"

#include <ATen/ATen.h>
#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <optional>

#include "base/error.h"
#include "nodes/sd/networks/patch.h"
#include "nodes/sd/networks/pixel_attention.h"

namespace weft::sd {
namespace {

/// Self-attention, attention to the context, feed-forward; each normalised before and added after.
class TransformerBlock {
 public:
  TransformerBlock(const Weights& weights, std::int64_t width, const UNetConfig& config)
      : norm1_(weights / "norm1", width),
        attn1_(weights / "attn1", width, width, {.heads = config.heads_in(width)}),
        norm2_(weights / "norm2", width),
        attn2_(weights / "attn2", width, config.context_dim, {.heads = config.heads_in(width)}),
        norm3_(weights / "norm3", width),
        feed_in_(weights / "ff" / "net" / 0 / "proj", width, 4 * width),
        feed_out_(weights / "ff" / "net" / 2, 4 * width, width) {}

  at::Tensor operator()(at::Tensor x, const at::Tensor& context, const PatchedPlace& place) const {
    const at::Tensor normed = norm1_(x);
    x = attn1_.plus(normed, normed, x, place);
    x = attn2_.plus(norm2_(x), context, x, place);
    return feed_out_.plus(feed_in_(norm3_(x)), x);
  }

 private:
  LayerNorm norm1_;
  Attention attn1_;
  LayerNorm norm2_;
  Attention attn2_;
  LayerNorm norm3_;
  Geglu feed_in_;
  Linear feed_out_;
};

/// Transformer blocks over the pixels of an image.
class SpatialTransformer {
 public:
  SpatialTransformer(const Weights& weights, std::int64_t channels, std::int64_t depth, const UNetConfig& config)
      : norm_(weights / "norm", config.norm_groups, channels, 1e-6),
        proj_in_(weights / "proj_in", channels, channels, {.as_conv = !config.use_linear_projection}),
        proj_out_(weights / "proj_out", channels, channels, {.as_conv = !config.use_linear_projection}) {
    for (std::int64_t i = 0; i < depth; ++i) {
      blocks_.emplace_back(weights / "transformer_blocks" / i, channels, config);
    }
  }

  at::Tensor operator()(const at::Tensor& x, const at::Tensor& context, const Patches* patches) const {
    // In channels_last, pixels are already rows of channels: these two are views.
    const auto pixels = [](const at::Tensor& image) { return image.permute({0, 2, 3, 1}).flatten(1, 2); };
    at::Tensor h = proj_in_(pixels(norm_(x)));
    for (const auto& block : blocks_) h = block(h, context, {patches, x.size(2), x.size(3)});
    h = proj_out_.plus(h, pixels(x));
    return h.unflatten(1, {x.size(2), x.size(3)}).permute({0, 3, 1, 2});
  }

 private:
  GroupNorm norm_;
  Linear proj_in_;
  std::vector<TransformerBlock> blocks_;
  Linear proj_out_;
};

/// What all layers of a call see.
struct Told {
  at::Tensor time, context;
  const Patches* patches;  ///< null: none
};

/// A residual block, and attention where `depth` is not 0.
struct Layer {
  Layer(const Weights& level, std::int64_t index, std::int64_t in, std::int64_t out, std::int64_t depth,
      const UNetConfig& config)
      : name((level / index).name()),
        resnet(level / "resnets" / index, in, out,
            {.groups = config.norm_groups, .eps = config.norm_eps, .time_width = 4 * config.block_channels[0]}) {
    const Weights place = level / "attentions" / index;
    if (depth > 0 && config.context_dim > 0) attention.emplace(place, out, depth, config);
    if (depth > 0 && config.context_dim == 0) {
      pixel_attention.emplace(place, out,
          PixelAttention::Options{
              .heads = config.heads_in(out), .norm_groups = config.norm_groups, .eps = config.norm_eps});
    }
  }

  at::Tensor operator()(const at::Tensor& x, const Told& told) const {
    at::Tensor h = resnet(x, told.time);
    if (pixel_attention) h = (*pixel_attention)(h, told.patches);
    if (attention) h = (*attention)(h, told.context, told.patches);
    return told.patches == nullptr ? h : patched_block(*told.patches, name, h);
  }

  std::string name;  ///< "down_blocks.0.1"
  ResnetBlock resnet;
  std::optional<SpatialTransformer> attention;
  std::optional<PixelAttention> pixel_attention;
};

struct DownLevel {
  std::vector<Layer> layers;
  std::optional<Conv2d> halve;
};

struct UpLevel {
  std::vector<Layer> layers;
  std::optional<DoublingConv2d> doubled;
};

DownLevel make_down_level(const Weights& weights, std::size_t index, const UNetConfig& config) {
  const auto& channels = config.block_channels;
  const std::int64_t out = channels[index];
  DownLevel level;
  for (std::int64_t i = 0; i < config.layers_per_block; ++i) {
    const std::int64_t in = i == 0 && index > 0 ? channels[index - 1] : out;
    level.layers.emplace_back(weights, i, in, out, config.depths.down[index][std::size_t(i)], config);
  }
  if (index + 1 < channels.size()) {
    level.halve.emplace(weights / "downsamplers" / 0 / "conv", out, out, Conv2d::Options{.stride = 2});
  }
  return level;
}

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

void check_vector(const at::Tensor& vector, const UNetConfig& config) {
  const std::int64_t given = vector.defined() ? vector.size(-1) : 0;
  if (given == config.vector_width) return;
  if (config.vector_width == 0)
    throw NodeError("this U-Net takes no vector beside its context", "use a model that was trained with one");
  throw NodeError(fmt::format("the U-Net takes a vector of {} beside its context, and was given {}",
                      config.vector_width, given == 0 ? "none" : fmt::format("one of {}", given)),
      "encode the text with this model's own text encoder");
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

AttentionDepths AttentionDepths::by_level(
    const std::vector<std::int64_t>& levels, std::int64_t layers_per_block, std::optional<std::int64_t> middle) {
  AttentionDepths depths;
  const auto layers = static_cast<std::size_t>(layers_per_block);
  for (const std::int64_t depth : levels) {
    depths.down.emplace_back(layers, depth);
    depths.up.emplace_back(layers + 1, depth);
    if (depth > 0) depths.middle = depth;
  }
  depths.middle = middle.value_or(std::max<std::int64_t>(1, depths.middle));
  return depths;
}

bool AttentionDepths::at_level(std::size_t level) const {
  const auto attends = [level](const Levels& levels) {
    return level < levels.size() && std::ranges::any_of(levels[level], [](std::int64_t depth) { return depth > 0; });
  };
  return attends(down) || attends(up);
}

struct UNet::Parts {
  Parts(const UNetConfig& unet_config, const Weights& weights)
      : config(unet_config),
        conv_in(weights / "conv_in", config.in_channels, config.block_channels.front()),
        time1(weights / "time_embedding" / "linear_1", config.block_channels[0], 4 * config.block_channels[0]),
        time2(weights / "time_embedding" / "linear_2", 4 * config.block_channels[0], 4 * config.block_channels[0]),
        norm_out(weights / "conv_norm_out", config.norm_groups, config.block_channels.front(), config.norm_eps),
        conv_out(weights / "conv_out", config.block_channels.front(), config.out_channels) {
    const std::size_t levels = config.block_channels.size();
    if (config.vector_width > 0) {
      vector1.emplace(weights / "add_embedding" / "linear_1", config.vector_width, 4 * config.block_channels[0]);
      vector2.emplace(
          weights / "add_embedding" / "linear_2", 4 * config.block_channels[0], 4 * config.block_channels[0]);
    }
    const std::int64_t channels = config.block_channels.back();
    const std::int64_t mid_layers = config.middle == MiddleBlock::None ? 0
        : config.middle == MiddleBlock::Residual                       ? 1
                                                                       : 2;
    for (std::int64_t i = 0; i < mid_layers; ++i) {
      const std::int64_t depth = mid_layers == 2 && i == 0 ? config.depths.middle : 0;
      mid.emplace_back(weights / "mid_block", i, channels, channels, depth, config);
    }
    for (std::size_t i = 0; i < levels; ++i) {
      down.push_back(make_down_level(weights / "down_blocks" / static_cast<std::int64_t>(i), i, config));
    }
    for (std::size_t i = 0; i < levels; ++i) {
      up.push_back(make_up_level(weights / "up_blocks" / static_cast<std::int64_t>(i), levels - 1 - i, config));
    }
  }

  UNetConfig config;
  Conv2d conv_in;
  Linear time1, time2;
  std::optional<Linear> vector1, vector2;
  std::vector<DownLevel> down;
  std::vector<Layer> mid;   ///< none, one, or one that attends and one that does not
  std::vector<UpLevel> up;  ///< deepest first
  GroupNorm norm_out;
  Conv2d conv_out;
  at::ScalarType dtype = conv_in.dtype();
};

UNet::UNet(const UNetConfig& config, const Weights& weights) : parts_(std::make_unique<Parts>(config, weights)) {}
UNet::~UNet() = default;
UNet::UNet(UNet&&) noexcept = default;
UNet& UNet::operator=(UNet&&) noexcept = default;

const UNetConfig& UNet::config() const { return parts_->config; }
at::ScalarType UNet::dtype() const { return parts_->dtype; }

at::Tensor UNet::forward(const NetworkCall& call) const {
  const Parts& p = *parts_;
  check_vector(call.vector, p.config);
  const at::Tensor embedded = timestep_embedding(
      call.timesteps.to(call.x.device()), p.config.block_channels[0], p.config.flip_sin_to_cos, p.config.freq_shift)
                                  .to(p.dtype);
  at::Tensor time = p.time2(at::silu(p.time1(embedded)));
  if (p.vector1) time = time + (*p.vector2)(at::silu((*p.vector1)(call.vector.to(p.dtype))));
  const Told told{.time = at::silu(time),
      .context = call.context.to(p.dtype),
      .patches = call.patches.empty() ? nullptr : &call.patches};

  const at::Tensor seen = call.concat.defined() ? at::cat({call.x, call.concat}, 1) : call.x;
  at::Tensor h = p.conv_in(seen.to(p.dtype).contiguous(at::MemoryFormat::ChannelsLast));
  std::vector<at::Tensor> skips{h};
  for (const auto& level : p.down) {
    for (const auto& layer : level.layers) skips.push_back(h = layer(h, told));
    if (level.halve) skips.push_back(h = (*level.halve)(h));
  }
  add_control(skips, call.control.down, p.dtype);
  for (const auto& layer : p.mid) h = layer(h, told);
  if (call.control.mid.defined()) h = h + call.control.mid.to(p.dtype);
  for (const auto& level : p.up) {
    for (const auto& layer : level.layers) h = layer(at::cat({h, take_last(skips)}, 1), told);
    if (level.doubled) h = (*level.doubled)(h, skips.back().size(2), skips.back().size(3));
  }
  return p.conv_out(p.norm_out.silu(h)).to(call.x.scalar_type());
}

at::Tensor timestep_embedding(
    const at::Tensor& timesteps, std::int64_t width, bool flip_sin_to_cos, double freq_shift) {
  const auto options = at::TensorOptions(timesteps.device()).dtype(at::kFloat);
  const std::int64_t half = width / 2;
  const at::Tensor frequencies =
      at::exp(at::arange(half, options) * (-std::log(10000.0) / (static_cast<double>(half) - freq_shift)));
  const at::Tensor angles = timesteps.to(at::kFloat).unsqueeze(-1) * frequencies;
  return flip_sin_to_cos ? at::cat({angles.cos(), angles.sin()}, -1) : at::cat({angles.sin(), angles.cos()}, -1);
}

}  // namespace weft::sd
