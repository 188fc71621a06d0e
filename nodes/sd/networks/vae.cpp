#include "nodes/sd/networks/vae.h"

#include <ATen/ATen.h>

#include <optional>

#include "nodes/sd/networks/codebook.h"
#include "nodes/sd/networks/pixel_attention.h"

namespace weft::sd {
namespace {

constexpr double kNormEps = 1e-6;

ResnetBlock resnet(const Weights& weights, std::int64_t in, std::int64_t out, const VAEConfig& config) {
  return ResnetBlock(weights, in, out, {.groups = config.norm_groups, .eps = kNormEps});
}

PixelAttention attention(const Weights& weights, std::int64_t channels, const VAEConfig& config) {
  return PixelAttention(weights, channels, {.norm_groups = config.norm_groups, .eps = kNormEps});
}

/// The deepest level, the same in encoder and decoder.
class MidBlock {
 public:
  MidBlock(const Weights& weights, std::int64_t channels, const VAEConfig& config)
      : first_(resnet(weights / "resnets" / 0, channels, channels, config)),
        second_(resnet(weights / "resnets" / 1, channels, channels, config)) {
    if (config.mid_attention) attention_ = attention(weights / "attentions" / 0, channels, config);
  }

  at::Tensor operator()(const at::Tensor& x) const {
    const at::Tensor h = first_(x, {});
    return second_(attention_ ? (*attention_)(h) : h, {});
  }

 private:
  ResnetBlock first_;
  std::optional<PixelAttention> attention_;
  ResnetBlock second_;
};

struct Level {
  std::vector<ResnetBlock> resnets;
  std::vector<PixelAttention> attentions;  ///< none, or one after each residual block
  std::optional<Conv2d> halve;             ///< encoder, except the last level
  std::optional<DoublingConv2d> doubled;  ///< decoder, except the last level

  at::Tensor operator()(at::Tensor h) const {
    for (std::size_t i = 0; i < resnets.size(); ++i) {
      h = resnets[i](h, {});
      if (!attentions.empty()) h = attentions[i](h);
    }
    return h;
  }
};

// Level `index` counts from the finest, in the encoder and in the decoder.
Level make_level(
    const Weights& weights, std::size_t index, std::int64_t in, std::int64_t layers, const VAEConfig& config) {
  const std::int64_t out = config.block_channels[index];
  Level level;
  for (std::int64_t i = 0; i < layers; ++i) {
    level.resnets.push_back(resnet(weights / "resnets" / i, i == 0 ? in : out, out, config));
    if (index < config.level_attention.size() && config.level_attention[index])
      level.attentions.push_back(attention(weights / "attentions" / i, out, config));
  }
  return level;
}

std::int64_t moments(const VAEConfig& config) { return (config.codebook > 0 ? 1 : 2) * config.latent_channels; }

at::Tensor as_network_input(const at::Tensor& x, at::ScalarType dtype) {
  return x.to(dtype).contiguous(at::MemoryFormat::ChannelsLast);
}

constexpr Conv2d::Options kPointwise{.kernel = 1, .padding = 0};

}  // namespace

struct VAEEncoder::Parts {
  Parts(const VAEConfig& vae_config, const Weights& root)
      : config(vae_config),
        conv_in(root / "encoder" / "conv_in", config.image_channels, config.block_channels.front()),
        mid(root / "encoder" / "mid_block", config.block_channels.back(), config),
        norm_out(root / "encoder" / "conv_norm_out", config.norm_groups, config.block_channels.back(), kNormEps),
        conv_out(root / "encoder" / "conv_out", config.block_channels.back(), moments(config)),
        to_moments(root / "quant_conv", moments(config), moments(config), kPointwise) {
    const auto& channels = config.block_channels;
    for (std::size_t i = 0; i < channels.size(); ++i) {
      const Weights place = root / "encoder" / "down_blocks" / static_cast<std::int64_t>(i);
      Level level = make_level(place, i, channels[i == 0 ? 0 : i - 1], config.layers_per_block, config);
      if (i + 1 < channels.size()) {
        level.halve.emplace(
            place / "downsamplers" / 0 / "conv", channels[i], channels[i], Conv2d::Options{.stride = 2, .padding = 0});
      }
      levels.push_back(std::move(level));
    }
  }

  VAEConfig config;
  Conv2d conv_in;
  std::vector<Level> levels;
  MidBlock mid;
  GroupNorm norm_out;
  Conv2d conv_out, to_moments;
};

VAEEncoder::VAEEncoder(const VAEConfig& config, const Weights& weights)
    : parts_(config.tiny ? nullptr : std::make_unique<Parts>(config, weights)),
      tiny_(config.tiny ? std::make_unique<const TinyEncoder>(config, weights) : nullptr) {}
VAEEncoder::~VAEEncoder() = default;
VAEEncoder::VAEEncoder(VAEEncoder&&) noexcept = default;
VAEEncoder& VAEEncoder::operator=(VAEEncoder&&) noexcept = default;

at::Tensor VAEEncoder::encode_moments(const at::Tensor& image) const {
  if (tiny_) return (*tiny_)(image);
  const Parts& p = *parts_;
  at::Tensor h = p.conv_in(as_network_input(image, p.conv_in.dtype()));
  for (const auto& level : p.levels) {
    h = level(h);
    // SD's encoder pads right and bottom only, so that its stride-2 convolution sees pixels 0, 1, 2 first.
    if (level.halve) {
      h = (*level.halve)(at::constant_pad_nd(h, {0, 1, 0, 1}).contiguous(at::MemoryFormat::ChannelsLast));
    }
  }
  h = p.conv_out(p.norm_out.silu(p.mid(h)));
  return p.to_moments(h).to(image.scalar_type());
}

at::Tensor VAEEncoder::encode(const at::Tensor& image) const {
  return tiny_ ? (*tiny_)(image) : encode_moments(image).narrow(1, 0, parts_->config.latent_channels);
}

struct VAEDecoder::Parts {
  Parts(const VAEConfig& vae_config, const Weights& root)
      : config(vae_config),
        from_latent(root / "post_quant_conv", config.latent_channels, config.latent_channels, kPointwise),
        conv_in(root / "decoder" / "conv_in", config.latent_channels, config.block_channels.back()),
        mid(root / "decoder" / "mid_block", config.block_channels.back(), config),
        norm_out(root / "decoder" / "conv_norm_out", config.norm_groups, config.block_channels.front(), kNormEps),
        conv_out(root / "decoder" / "conv_out", config.block_channels.front(), config.image_channels) {
    if (config.codebook > 0) codebook.emplace(root / "quantize", config.codebook, config.latent_channels);
    const auto& channels = config.block_channels;
    for (std::size_t i = 0; i < channels.size(); ++i) {
      const std::size_t index = channels.size() - 1 - i;
      const Weights place = root / "decoder" / "up_blocks" / static_cast<std::int64_t>(i);
      const std::int64_t in = channels[std::min(index + 1, channels.size() - 1)];
      Level level = make_level(place, index, in, config.layers_per_block + 1, config);
      if (index > 0) level.doubled.emplace(place / "upsamplers" / 0 / "conv", channels[index], channels[index]);
      levels.push_back(std::move(level));
    }
  }

  VAEConfig config;
  std::optional<Codebook> codebook;
  Conv2d from_latent, conv_in;
  MidBlock mid;
  std::vector<Level> levels;  ///< deepest first
  GroupNorm norm_out;
  Conv2d conv_out;
};

VAEDecoder::VAEDecoder(const VAEConfig& config, const Weights& weights)
    : parts_(config.tiny ? nullptr : std::make_unique<Parts>(config, weights)),
      tiny_(config.tiny ? std::make_unique<const TinyDecoder>(config, weights) : nullptr) {}
VAEDecoder::~VAEDecoder() = default;
VAEDecoder::VAEDecoder(VAEDecoder&&) noexcept = default;
VAEDecoder& VAEDecoder::operator=(VAEDecoder&&) noexcept = default;

at::Tensor VAEDecoder::decode(const at::Tensor& latent) const {
  if (tiny_) return (*tiny_)(latent);
  const Parts& p = *parts_;
  const at::Tensor rounded = p.codebook ? p.codebook->vectors(p.codebook->nearest(latent)) : latent;
  at::Tensor h = p.conv_in(p.from_latent(as_network_input(rounded, p.conv_in.dtype())));
  h = p.mid(h);
  for (const auto& level : p.levels) {
    h = level(h);
    if (level.doubled) h = (*level.doubled)(h);
  }
  return p.conv_out(p.norm_out.silu(h)).to(latent.scalar_type());
}

at::Tensor VAEDecoder::code_indices(const at::Tensor& latent) const {
  TORCH_CHECK(parts_ && parts_->codebook, "a KL autoencoder has no codebook");
  return parts_->codebook->nearest(latent);
}

}  // namespace weft::sd
