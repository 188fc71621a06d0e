#include "nodes/sd/networks/vision_encoder.h"

#include <ATen/ATen.h>

#include <algorithm>
#include <cmath>
#include <optional>

namespace weft::sd {

struct VisionEncoder::Parts {
  Parts(const VisionEncoderConfig& vision_config, const Weights& whole, const Weights& root)
      : config(vision_config),
        class_token(root.get("embeddings.class_embedding", {config.width}, Init::Normal)),
        patches(
            root.get("embeddings.patch_embedding.weight", {config.width, 3, config.patch, config.patch}, Init::FanIn)),
        positions(root.get("embeddings.position_embedding.weight",
            {1 + (config.picture / config.patch) * (config.picture / config.patch), config.width}, Init::Normal)),
        norm_before(root / "pre_layrnorm", config.width, config.norm_eps),  // sic
        norm_after(root / "post_layernorm", config.width, config.norm_eps) {
    const EncoderLayer::Options options{.width = config.width,
        .heads = config.heads,
        .mlp_width = config.mlp_width,
        .activation = config.activation,
        .norm_eps = config.norm_eps};
    for (std::int64_t i = 0; i < config.layers; ++i) layers.emplace_back(root / "encoder" / "layers" / i, options);
    if (config.projection > 0)
      projection.emplace(
          whole / "visual_projection", config.width, config.projection, Linear::Options{.bias = false, .pack = false});
  }

  VisionEncoderConfig config;
  at::Tensor class_token, patches, positions;
  LayerNorm norm_before, norm_after;
  std::vector<EncoderLayer> layers;
  std::optional<Linear> projection;
};

VisionEncoder::VisionEncoder(const VisionEncoderConfig& config, const Weights& weights)
    : parts_(std::make_unique<Parts>(config, weights, weights / "vision_model")) {}
VisionEncoder::~VisionEncoder() = default;
VisionEncoder::VisionEncoder(VisionEncoder&&) noexcept = default;
VisionEncoder& VisionEncoder::operator=(VisionEncoder&&) noexcept = default;

const VisionEncoderConfig& VisionEncoder::config() const { return parts_->config; }

VisionEncoding VisionEncoder::forward(const at::Tensor& pixels) const {
  const Parts& p = *parts_;
  TORCH_CHECK(pixels.dim() == 4 && pixels.size(2) == p.config.picture && pixels.size(3) == p.config.picture,
      "pictures ", pixels.sizes(), " must be ", p.config.picture, " pixels high and wide");
  const at::Tensor x = pixels.to(p.patches.options());
  const at::Tensor patches = at::conv2d(x, p.patches, {}, p.config.patch).flatten(2).transpose(1, 2);
  const at::Tensor first = p.class_token.expand({x.size(0), 1, -1});
  at::Tensor h = p.norm_before(at::cat({first, patches}, 1) + p.positions), before;
  for (const EncoderLayer& layer : p.layers) {
    before = h;
    h = layer(h);
  }
  const at::Tensor pooled = p.norm_after(h.select(1, 0));
  return {.embedding = p.projection ? (*p.projection)(pooled) : pooled, .hidden = h, .penultimate = before};
}

at::Tensor clip_pixels(const at::Tensor& pictures, std::int64_t size, bool crop) {
  at::Tensor x = pictures;
  const std::int64_t height = x.size(2), width = x.size(3);
  if (height != size || width != size) {
    const double scale = static_cast<double>(size) / static_cast<double>(std::min(height, width));
    const auto scaled = [&](std::int64_t side) {
      return crop ? std::lrint(scale * static_cast<double>(side)) : size;  // halves to even, as Python rounds
    };
    x = at::_upsample_bicubic2d_aa(x, {scaled(height), scaled(width)}, /*align_corners=*/false);
    x = x.narrow(2, (x.size(2) - size) / 2, size).narrow(3, (x.size(3) - size) / 2, size);
  }
  x = (x * 255).clamp(0, 255).round() / 255;
  const at::Tensor mean = at::tensor({0.48145466, 0.4578275, 0.40821073}, x.options()).view({3, 1, 1});
  const at::Tensor deviation = at::tensor({0.26862954, 0.26130258, 0.27577711}, x.options()).view({3, 1, 1});
  return (x - mean) / deviation;
}

}  // namespace weft::sd
