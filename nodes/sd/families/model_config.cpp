#include "nodes/sd/families/model_config.h"

#include <ATen/ATen.h>
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <cmath>
#include <optional>

#include "nodes/sd/files/model_error.h"

namespace weft::sd {
namespace {

// The shapes of a network's tensors, asked by name.
class Shapes {
 public:
  Shapes(const TensorMap& tensors, const std::string& origin, const char* network)
      : tensors_(tensors), origin_(origin), network_(network) {}

  bool has(const std::string& name) const { return tensors_.contains(name); }

  at::IntArrayRef sizes(const std::string& name) const {
    const auto found = tensors_.find(name);
    if (found != tensors_.end()) return found->second.sizes();
    throw ModelError(origin_, fmt::format("has no {}: tensor \"{}\" is missing", network_, name),
        "the file is incomplete, or of another model");
  }

  bool has_any(const std::string& beginning) const {
    const auto found = tensors_.lower_bound(beginning);
    return found != tensors_.end() && found->first.starts_with(beginning);
  }

  std::int64_t size(const std::string& name, std::size_t axis) const {
    const auto sizes = this->sizes(name);
    if (axis >= sizes.size() || sizes[axis] <= 0) {
      throw ModelError(
          origin_, fmt::format("tensor \"{}\" has shape {}", name, shape_text(sizes)), "the file is of another model");
    }
    return sizes[axis];
  }

  /// How many of pattern 0, 1, 2, ... are there; the pattern has one {}.
  std::int64_t count(const std::string& pattern) const {
    std::int64_t n = 0;
    while (has(fmt::format(fmt::runtime(pattern), n))) ++n;
    return n;
  }

  /// Output channels of pattern 0, 1, 2, ...
  std::vector<std::int64_t> channels(const std::string& pattern) const {
    std::vector<std::int64_t> result;
    const std::int64_t levels = count(pattern);
    for (std::int64_t i = 0; i < levels; ++i) result.push_back(size(fmt::format(fmt::runtime(pattern), i), 0));
    if (levels == 0) size(fmt::format(fmt::runtime(pattern), 0), 0);  // throws, naming it
    return result;
  }

 private:
  const TensorMap& tensors_;
  const std::string& origin_;
  const char* network_;
};

// 32 as in SD; a scaled-down model with fewer channels has the largest power of two that divides them all.
std::int64_t usual_norm_groups(const std::vector<std::int64_t>& channels) {
  std::int64_t groups = 32;
  for (const std::int64_t n : channels) {
    while (n % groups != 0) groups /= 2;
  }
  return groups;
}

void require_divides(
    const std::string& origin, const char* what, std::int64_t divisor, const std::vector<std::int64_t>& widths) {
  for (const std::int64_t width : widths) {
    if (width % divisor != 0) {
      throw ModelError(origin, fmt::format("{} {} do not divide {} channels", divisor, what, width),
          "its configuration is wrong or missing");
    }
  }
}

/// Transformer blocks of the attention at a place ("down_blocks.0.attentions.0."), 1 where pixels attend to one another
/// alone, 0 where nothing attends.
std::int64_t depth_at(const Shapes& shapes, const std::string& place) {
  const std::int64_t depth = shapes.count(place + "transformer_blocks.{}.norm1.weight");
  if (depth > 0) return depth;
  const bool attends =
      shapes.has(place + "qkv.weight") || shapes.has(place + "to_q.weight") || shapes.has(place + "proj_in.weight");
  return attends ? 1 : 0;
}

AttentionDepths depths_of(const Shapes& shapes, std::int64_t levels, std::int64_t layers_per_block) {
  AttentionDepths depths{.down = {}, .up = {}, .middle = depth_at(shapes, "mid_block.attentions.0.")};
  for (std::int64_t level = 0; level < levels; ++level) {
    auto& down = depths.down.emplace_back();
    auto& up = depths.up.emplace_back();
    for (std::int64_t layer = 0; layer < layers_per_block; ++layer)
      down.push_back(depth_at(shapes, fmt::format("down_blocks.{}.attentions.{}.", level, layer)));
    for (std::int64_t layer = 0; layer <= layers_per_block; ++layer)
      up.push_back(depth_at(shapes, fmt::format("up_blocks.{}.attentions.{}.", levels - 1 - level, layer)));
  }
  return depths;
}

/// Some place that attends; the middle where none does, so that an error can name it.
std::string some_attention(const AttentionDepths& depths) {
  for (std::size_t level = 0; depths.middle == 0 && level < depths.down.size(); ++level)
    for (std::size_t layer = 0; layer < depths.down[level].size(); ++layer)
      if (depths.down[level][layer] > 0) return fmt::format("down_blocks.{}.attentions.{}.", level, layer);
  return "mid_block.attentions.0.";
}

std::vector<std::int64_t> attending_channels(const UNetConfig& config) {
  std::vector<std::int64_t> channels;
  if (config.depths.middle > 0) channels.push_back(config.block_channels.back());
  for (std::size_t i = 0; i < config.block_channels.size(); ++i) {
    if (config.depths.at_level(i)) channels.push_back(config.block_channels[i]);
  }
  return channels;
}

MiddleBlock middle_of(const Shapes& shapes) {
  if (!shapes.has_any("mid_block.")) return MiddleBlock::None;
  const bool whole = shapes.has_any("mid_block.attentions.") || shapes.has_any("mid_block.resnets.1.");
  return whole ? MiddleBlock::Attending : MiddleBlock::Residual;
}

[[noreturn]] void refuse_other_weights(const std::string& file, const std::string& contradiction) {
  throw ModelError(
      file, contradiction, "use the configuration and the weights of one model: download the whole folder");
}

/// Of a number of heads for each level: all published models that have it mean heads of one width by it.
std::optional<std::int64_t> head_width_of(const ConfigHints& hints, const std::vector<std::int64_t>& channels) {
  const std::vector<std::int64_t>& heads = hints.unet_level_heads;
  if (heads.empty()) return std::nullopt;
  const std::int64_t width = channels[0] / heads[0];
  bool alike = heads.size() == channels.size();
  for (std::size_t level = 0; alike && level < heads.size(); ++level) alike = heads[level] * width == channels[level];
  if (alike) return width;
  throw ModelError(hints.unet_file,
      fmt::format("attention_head_dim is [{}], which are not heads of one width at levels of [{}] channels",
          fmt::join(heads, ", "), fmt::join(channels, ", ")),
      "it must be one number for all levels, or heads of one width");
}

void refuse_other_codebooks(const Shapes& shapes, const std::string& origin) {
  const auto refuse = [&](const char* what) {
    throw ModelError(origin, fmt::format("its first stage is a VQ autoencoder with {}", what),
        "those with one plain codebook (\"quantize.embedding.weight\") are supported");
  };
  if (shapes.has("quantize.embed.weight")) refuse("Gumbel quantisation");
  if (shapes.has("quantize.used")) refuse("a codebook of which it uses a part");
}

}  // namespace

namespace {

/// Of a U-Net or the half of one: all but what comes out.
UNetConfig infer_descent(
    const Shapes& shapes, const ConfigHints& hints, const Usual& usual, const std::string& origin) {
  UNetConfig config;
  config.in_channels = shapes.size("conv_in.weight", 1);
  config.block_channels = shapes.channels("down_blocks.{}.resnets.0.conv1.weight");
  config.layers_per_block = shapes.count("down_blocks.0.resnets.{}.conv1.weight");
  config.depths = depths_of(shapes, static_cast<std::int64_t>(config.block_channels.size()), config.layers_per_block);
  config.middle = middle_of(shapes);
  if (hints.unet_mid_block == false && config.middle != MiddleBlock::None)
    refuse_other_weights(hints.unet_file, "mid_block_type is null, and the weights have a mid block");
  if (hints.unet_mid_block == true && config.middle == MiddleBlock::None) config.middle = MiddleBlock::Attending;
  const std::string attention = some_attention(config.depths);
  if (shapes.has(attention + "qkv.weight") || shapes.has(attention + "to_q.weight")) {
    config.context_dim = 0;
  } else {
    config.context_dim = shapes.size(attention + "transformer_blocks.0.attn2.to_k.weight", 1);
    config.use_linear_projection = shapes.sizes(attention + "proj_in.weight").size() == 2;
  }
  if (shapes.has("add_embedding.linear_1.weight"))
    config.vector_width = shapes.size("add_embedding.linear_1.weight", 1);
  if (shapes.has("time_embedding.cond_proj.weight"))
    config.guidance_width = shapes.size("time_embedding.cond_proj.weight", 1);
  config.norm_eps = hints.unet_norm_eps.value_or(config.norm_eps);
  config.flip_sin_to_cos = hints.unet_flip_sin_to_cos.value_or(config.flip_sin_to_cos);
  config.freq_shift = hints.unet_freq_shift.value_or(config.freq_shift);
  if (!(config.freq_shift < static_cast<double>(config.block_channels[0] / 2)))
    throw ModelError(origin, fmt::format("its config.json says that freq_shift is {}", config.freq_shift),
        "it must be less than half the channels of the first level");
  const auto by_level = head_width_of(hints, config.block_channels);
  const bool told = hints.unet_heads || hints.unet_head_width || by_level;
  config.heads = told ? hints.unet_heads.value_or(0) : usual.heads;
  config.head_width = by_level ? *by_level : told ? hints.unet_head_width.value_or(0) : usual.head_width;
  config.norm_groups = hints.unet_norm_groups.value_or(usual_norm_groups(config.block_channels));
  require_divides(origin, "norm groups of the U-Net", config.norm_groups, config.block_channels);
  require_divides(
      origin, "attention heads of the U-Net", std::max(config.heads, config.head_width), attending_channels(config));
  return config;
}

}  // namespace

UNetConfig infer_unet(
    const TensorMap& tensors, const ConfigHints& hints, const Usual& usual, const std::string& origin) {
  const Shapes shapes(tensors, origin, "U-Net");
  UNetConfig config = infer_descent(shapes, hints, usual, origin);
  config.out_channels = shapes.size("conv_out.weight", 0);
  return config;
}

ControlNetConfig infer_control_net(
    const TensorMap& tensors, const ConfigHints& hints, const Usual& usual, const std::string& origin) {
  const Shapes shapes(tensors, origin, "ControlNet");
  ControlNetConfig config{
      .unet = infer_descent(shapes, hints, usual, origin), .global_pool = hints.control_global_pool};
  const std::string hint = "controlnet_cond_embedding.";
  config.hint_channels = shapes.size(hint + "conv_in.weight", 1);
  config.hint_widths = {shapes.size(hint + "conv_in.weight", 0)};
  const std::int64_t blocks = shapes.count(hint + "blocks.{}.weight");
  for (std::int64_t i = 1; i < blocks; i += 2)
    config.hint_widths.push_back(shapes.size(fmt::format("{}blocks.{}.weight", hint, i), 0));
  return config;
}

namespace {

constexpr std::int64_t kTinyLevels = 4;

VAEConfig infer_tiny_vae(
    const TensorMap& tensors, const ConfigHints& hints, const Usual& usual, const std::string& origin) {
  const Shapes shapes(tensors, origin, "VAE");
  if (shapes.has_any("encoder.layers.11.pool.") || shapes.has_any("decoder.layers.2.pool."))
    throw ModelError(origin, "is the tiny VAE of FLUX.2, which is not supported yet", "use taesd or taesdxl");
  const bool encodes = shapes.has("encoder.layers.0.weight");
  const std::string first = encodes ? "encoder.layers.0.weight" : "decoder.layers.0.weight";
  VAEConfig config;
  config.tiny = true;
  config.block_channels.assign(kTinyLevels, shapes.size(first, 0));
  config.latent_channels =
      encodes ? shapes.size("encoder.layers.14.weight", 0) : shapes.size("decoder.layers.0.weight", 1);
  if (config.latent_channels != usual.latents.channels)
    throw ModelError(origin,
        fmt::format("is a tiny VAE for latents of {} channels, those of Stable Diffusion have {}",
            config.latent_channels, usual.latents.channels),
        "use taesd or taesdxl");
  config.scaling_factor = hints.vae_scaling_factor.value_or(usual.latents.scale);
  config.shift_factor = usual.latents.shift;
  config.colours = hints.preview_colours.value_or(usual.latents.colours);
  config.grey = usual.latents.grey;
  return config;
}

}  // namespace

VAEConfig infer_vae(const TensorMap& tensors, const ConfigHints& hints, const Usual& usual, const std::string& origin) {
  const Shapes shapes(tensors, origin, "VAE");
  if (shapes.has_any("encoder.layers.") || shapes.has_any("decoder.layers."))
    return infer_tiny_vae(tensors, hints, usual, origin);
  refuse_other_codebooks(shapes, origin);
  VAEConfig config;
  config.image_channels = shapes.size("encoder.conv_in.weight", 1);
  config.latent_channels = shapes.size("decoder.conv_in.weight", 1);
  config.block_channels = shapes.channels("encoder.down_blocks.{}.resnets.0.conv1.weight");
  config.layers_per_block = shapes.count("encoder.down_blocks.0.resnets.{}.conv1.weight");
  config.mid_attention = shapes.has("encoder.mid_block.attentions.0.to_q.weight");
  if (hints.vae_mid_attention.value_or(config.mid_attention) != config.mid_attention)
    refuse_other_weights(hints.vae_file,
        fmt::format("mid_block_add_attention is {}, and the weights have {}attention in the mid block",
            !config.mid_attention, config.mid_attention ? "" : "no "));
  for (std::size_t i = 0; i < config.block_channels.size(); ++i) {
    config.level_attention.push_back(shapes.has(fmt::format("encoder.down_blocks.{}.attentions.0.to_q.weight", i)));
  }
  // As many channels as the decoder takes: a VQ encoder. Twice as many: mean and variance.
  const bool vq = shapes.size("quant_conv.weight", 0) == config.latent_channels;
  if (vq) config.codebook = shapes.size("quantize.embedding.weight", 0);
  config.scaling_factor = hints.vae_scaling_factor.value_or(usual.latents.scale);
  config.shift_factor = usual.latents.shift;
  config.statistics = hints.latent_statistics.value_or(usual.latents.statistics);
  config.colours = hints.preview_colours.value_or(usual.latents.colours);
  config.grey = usual.latents.grey;
  config.norm_groups = hints.vae_norm_groups.value_or(usual_norm_groups(config.block_channels));
  require_divides(origin, "norm groups of the VAE", config.norm_groups, config.block_channels);
  return config;
}

TextEncoderConfig infer_text_encoder(const TensorMap& tensors, const TextHints& hints, const TextKind& kind,
    const TextSlot& slot, const std::string& origin) {
  const Shapes shapes(tensors, origin, "text encoder");
  const std::string first = "text_model.encoder.layers.0.";
  TextEncoderConfig config;
  config.vocab = shapes.size("text_model.embeddings.token_embedding.weight", 0);
  config.width = shapes.size("text_model.embeddings.token_embedding.weight", 1);
  config.max_positions = shapes.size("text_model.embeddings.position_embedding.weight", 0);
  config.layers = shapes.count("text_model.encoder.layers.{}.mlp.fc1.weight");
  config.mlp_width = shapes.size(first + "mlp.fc1.weight", 0);
  config.attention_width = shapes.size(first + "self_attn.q_proj.weight", 0);
  config.family = kind.family;
  config.heads = hints.heads.value_or(std::max<std::int64_t>(1, config.attention_width / 64));
  config.activation = hints.activation.value_or(kind.activation);
  // Rows beyond the usual vocabulary's are learned words.
  config.eos_id = hints.eos_id.value_or(std::min(kind.end_id, config.vocab - 1));
  config.pools_at_largest_id = hints.pools_at_largest_id;
  config.norm_eps = hints.norm_eps.value_or(config.norm_eps);
  if (shapes.has("text_projection.weight")) config.projection = shapes.size("text_projection.weight", 0);
  config.layer = slot.layer;
  config.norm_inner = slot.norm_inner;
  require_divides(origin, "attention heads of the text encoder", config.heads, {config.attention_width});
  return config;
}

VisionEncoderConfig infer_vision_encoder(
    const TensorMap& tensors, const VisionHints& hints, const std::string& origin) {
  // ViT-L, the largest with CLIP's own activation, has 24 layers; from it on heads are 16, below they are 64 wide.
  constexpr std::int64_t kHeadsOfLarge = 16, kWidthOfLarge = 1024, kMostLayersOfQuickGelu = 24;
  const Shapes shapes(tensors, origin, "vision encoder");
  const std::string patches = "vision_model.embeddings.patch_embedding.weight";
  VisionEncoderConfig config;
  config.width = shapes.size(patches, 0);
  config.patch = shapes.size(patches, 2);
  const std::int64_t places = shapes.size("vision_model.embeddings.position_embedding.weight", 0) - 1;
  const auto side = std::llround(std::sqrt(static_cast<double>(places)));
  if (side < 1 || side * side != places)
    throw ModelError(origin, fmt::format("has {} places in its vision encoder, which make no square", places),
        "use one of CLIP's or open_clip's vision encoders");
  config.picture = side * config.patch;
  config.layers = shapes.count("vision_model.encoder.layers.{}.mlp.fc1.weight");
  config.mlp_width = shapes.size("vision_model.encoder.layers.0.mlp.fc1.weight", 0);
  config.projection = shapes.has("visual_projection.weight") ? shapes.size("visual_projection.weight", 0) : 0;
  config.heads = hints.heads.value_or(
      config.width >= kWidthOfLarge ? kHeadsOfLarge : std::max<std::int64_t>(1, config.width / 64));
  config.activation = hints.activation.value_or(
      config.layers <= kMostLayersOfQuickGelu ? EncoderActivation::QuickGelu : EncoderActivation::Gelu);
  config.norm_eps = hints.norm_eps.value_or(config.norm_eps);
  require_divides(origin, "attention heads of the vision encoder", config.heads, {config.width});
  return config;
}

}  // namespace weft::sd
