#include "nodes/sd/networks/descent.h"

#include <ATen/ATen.h>
#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <stdexcept>

#include "base/error.h"

namespace weft::sd {
namespace {

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

void check_vector(const at::Tensor& vector, const UNetConfig& config) {
  const std::int64_t given = vector.defined() ? vector.size(-1) : 0;
  if (given == config.vector_width) return;
  if (config.vector_width == 0)
    throw NodeError("this U-Net takes no vector beside its context", "use a model that was trained with one");
  throw NodeError(fmt::format("the U-Net takes a vector of {} beside its context, and was given {}",
                      config.vector_width, given == 0 ? "none" : fmt::format("one of {}", given)),
      "encode the text with this model's own text encoder");
}

std::int64_t layers_of(MiddleBlock middle) {
  switch (middle) {
    case MiddleBlock::None:
      return 0;
    case MiddleBlock::Residual:
      return 1;
    case MiddleBlock::Attending:
      break;
  }
  return 2;
}

}  // namespace

TransformerBlock::TransformerBlock(const Weights& weights, std::int64_t width, const UNetConfig& config)
    : name_(weights.name()),
      norm1_(weights / "norm1", width),
      attn1_(weights / "attn1", width, width, {.heads = config.heads_in(width)}),
      norm2_(weights / "norm2", width),
      attn2_(weights / "attn2", width, config.context_dim, {.heads = config.heads_in(width)}),
      norm3_(weights / "norm3", width),
      feed_in_(weights / "ff" / "net" / 0 / "proj", width, 4 * width),
      feed_out_(weights / "ff" / "net" / 2, 4 * width, width) {}

at::Tensor TransformerBlock::operator()(at::Tensor x, const at::Tensor& context, const PatchedPlace& place) const {
  const at::Tensor normed = norm1_(x);
  x = attn1_.plus(normed, normed, x, place);
  if (place.whole != nullptr) x = patched_between({name_, place.height, place.width, *place.whole}, x);
  x = attn2_.plus(norm2_(x), context, x, place);
  return feed_out_.plus(feed_in_(norm3_(x)), x);
}

SpatialTransformer::SpatialTransformer(
    const Weights& weights, std::int64_t channels, std::int64_t depth, const UNetConfig& config)
    : norm_(weights / "norm", config.norm_groups, channels, 1e-6),
      proj_in_(weights / "proj_in", channels, channels, {.as_conv = !config.use_linear_projection}),
      proj_out_(weights / "proj_out", channels, channels, {.as_conv = !config.use_linear_projection}) {
  for (std::int64_t i = 0; i < depth; ++i) {
    blocks_.emplace_back(weights / "transformer_blocks" / i, channels, config);
  }
}

at::Tensor SpatialTransformer::operator()(
    const at::Tensor& x, const at::Tensor& context, const NetworkCall* patched) const {
  // In channels_last, pixels are already rows of channels: these two are views.
  const auto pixels = [](const at::Tensor& image) { return image.permute({0, 2, 3, 1}).flatten(1, 2); };
  at::Tensor h = proj_in_(pixels(norm_(x)));
  for (const auto& block : blocks_) h = block(h, context, {patched, x.size(2), x.size(3)});
  h = proj_out_.plus(h, pixels(x));
  return h.unflatten(1, {x.size(2), x.size(3)}).permute({0, 3, 1, 2});
}

Layer::Layer(const Weights& level, std::int64_t index, std::int64_t in, std::int64_t out, std::int64_t depth,
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

at::Tensor Layer::operator()(const at::Tensor& x, const Told& told) const {
  at::Tensor h = resnet(x, told.time);
  if (pixel_attention) h = (*pixel_attention)(h, told.patched);
  if (attention) h = (*attention)(h, told.context, told.patched);
  return told.patched == nullptr ? h : patched_block(told.patched->patches, name, h);
}

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

Descent::Descent(const UNetConfig& config, const Weights& weights)
    : config_(config),
      conv_in_(weights / "conv_in", config.in_channels, config.block_channels.front()),
      time1_(weights / "time_embedding" / "linear_1", config.block_channels[0], 4 * config.block_channels[0]),
      time2_(weights / "time_embedding" / "linear_2", 4 * config.block_channels[0], 4 * config.block_channels[0]) {
  if (config.vector_width > 0) {
    vector1_.emplace(weights / "add_embedding" / "linear_1", config.vector_width, 4 * config.block_channels[0]);
    vector2_.emplace(
        weights / "add_embedding" / "linear_2", 4 * config.block_channels[0], 4 * config.block_channels[0]);
  }
  if (config.guidance_width > 0)
    guidance_.emplace(weights / "time_embedding" / "cond_proj", config.guidance_width, config.block_channels[0],
        Linear::Options{.bias = false, .pack = false});
  for (std::size_t i = 0; i < config.block_channels.size(); ++i)
    down_.push_back(make_down_level(weights / "down_blocks" / static_cast<std::int64_t>(i), i, config));
  const std::int64_t channels = config.block_channels.back(), layers = layers_of(config.middle);
  for (std::int64_t i = 0; i < layers; ++i)
    middle_.emplace_back(
        weights / "mid_block", i, channels, channels, layers == 2 && i == 0 ? config.depths.middle : 0, config);
}

at::Tensor Descent::embedded_time(const NetworkCall& call) const {
  const at::Tensor times = call.timesteps.to(call.x.device());
  const at::Tensor time =
      timestep_embedding(times, config_.block_channels[0], config_.flip_sin_to_cos, config_.freq_shift).to(dtype());
  if (!guidance_) return time;
  const at::Tensor guidance = call.guidance.defined() ? call.guidance.to(call.x.device(), at::kFloat)
                                                      : at::zeros({times.size(0)}, call.x.options().dtype(at::kFloat));
  // Guidance is embedded as a time is, a thousand times as large.
  return time + (*guidance_)(timestep_embedding(guidance * 1000, config_.guidance_width, false, 1).to(dtype()));
}

Told Descent::told(const NetworkCall& call) const {
  check_vector(call.vector, config_);
  at::Tensor time = time2_(at::silu(time1_(embedded_time(call))));
  if (vector1_) time = time + (*vector2_)(at::silu((*vector1_)(call.vector.to(dtype()))));
  return {
      .time = at::silu(time), .context = call.context.to(dtype()), .patched = call.patches.empty() ? nullptr : &call};
}

at::Tensor Descent::begin(const NetworkCall& call) const {
  const at::Tensor seen = call.concat.defined() ? at::cat({call.x, call.concat}, 1) : call.x;
  return conv_in_(seen.to(dtype()).contiguous(at::MemoryFormat::ChannelsLast));
}

std::size_t Descent::steps() const {
  std::size_t count = 1;
  for (const auto& level : down_) count += level.layers.size() + (level.halve ? 1 : 0);
  return count;
}

at::Tensor Descent::step(std::size_t index, const at::Tensor& h, const Told& told) const {
  --index;
  for (const auto& level : down_) {
    if (index < level.layers.size()) return level.layers[index](h, told);
    index -= level.layers.size();
    if (level.halve && index-- == 0) return (*level.halve)(h);
  }
  throw std::logic_error("a U-Net has no such step");
}

std::vector<at::Tensor> Descent::skips(at::Tensor h, const Told& told) const {
  std::vector<at::Tensor> skips{h};
  for (std::size_t i = 1; i < steps(); ++i) skips.push_back(h = step(i, h, told));
  return skips;
}

at::Tensor Descent::middle(at::Tensor h, const Told& told) const {
  for (const auto& layer : middle_) h = layer(h, told);
  return h;
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
