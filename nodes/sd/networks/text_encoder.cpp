#include "nodes/sd/networks/text_encoder.h"

#include <ATen/ATen.h>

#include <optional>

namespace weft::sd {
namespace {

// A prompt is encoded once; its words are too few for what packing brings to make up for what it takes.
EncoderLayer::Options layer_options(const TextEncoderConfig& config) {
  const bool clip = config.family == TextFamily::Clip;
  return {.width = config.width,
      .heads = config.heads,
      .mlp_width = config.mlp_width,
      .attention_width = config.attention_width,
      .activation = config.activation,
      .norm_eps = config.norm_eps,
      .causal = clip,
      .qkv_bias = clip};
}

at::Tensor at_end_of_text(const at::Tensor& hidden, const at::Tensor& ids, const TextEncoderConfig& config) {
  // argmax of equals is the first; none: 0
  const at::Tensor position = (config.pools_at_largest_id ? ids : ids.eq(config.eos_id).to(at::kInt)).argmax(1);
  return hidden.index({at::arange(hidden.size(0), position.options()), position});
}

}  // namespace

struct TextEncoder::Parts {
  Parts(const TextEncoderConfig& text_config, const Weights& whole) : Parts(text_config, whole, whole / "text_model") {}
  Parts(const TextEncoderConfig& text_config, const Weights& whole, const Weights& root)
      : config(text_config),
        tokens(root.get("embeddings.token_embedding.weight", {config.vocab, config.width}, Init::Normal)),
        positions(root.get("embeddings.position_embedding.weight", {config.max_positions, config.width}, Init::Normal)),
        final_norm(root / "final_layer_norm", config.width, config.norm_eps) {
    for (std::int64_t i = 0; i < config.layers; ++i)
      layers.emplace_back(root / "encoder" / "layers" / i, layer_options(config));
    if (config.projection > 0)
      projection.emplace(
          whole / "text_projection", config.width, config.projection, Linear::Options{.bias = false, .pack = false});
  }

  TextEncoderConfig config;
  at::Tensor tokens, positions;
  std::vector<EncoderLayer> layers;
  LayerNorm final_norm;
  std::optional<Linear> projection;
};

TextEncoder::TextEncoder(const TextEncoderConfig& config, const Weights& weights)
    : parts_(std::make_unique<Parts>(config, weights)) {}
TextEncoder::~TextEncoder() = default;
TextEncoder::TextEncoder(TextEncoder&&) noexcept = default;
TextEncoder& TextEncoder::operator=(TextEncoder&&) noexcept = default;

const TextEncoderConfig& TextEncoder::config() const { return parts_->config; }
at::ScalarType TextEncoder::dtype() const { return parts_->tokens.scalar_type(); }

TextEncoding TextEncoder::forward(const at::Tensor& token_ids, std::int64_t clip_skip,
    const std::vector<PlacedVector>& placed, const at::Tensor& seen) const {
  const Parts& p = *parts_;
  const at::Tensor ids = token_ids.to(p.tokens.device());
  TORCH_CHECK(ids.dim() == 2 && ids.size(1) <= p.config.max_positions, "token ids ", ids.sizes(),
      " must be [batch, at most ", p.config.max_positions, "]");
  const auto layers = static_cast<std::int64_t>(p.layers.size());
  const std::int64_t skip = (clip_skip == 0 ? p.config.layer : clip_skip) - p.config.cut;
  const std::int64_t wanted = skip >= 1 && skip <= layers ? layers - skip : layers - 1;
  const bool beyond = skip > layers;

  at::Tensor words = at::embedding(p.tokens, ids);
  for (const PlacedVector& each : placed) words[each.row][each.place].copy_(each.vector);
  at::Tensor h = words + p.positions.narrow(0, 0, ids.size(1));
  at::Tensor taken, mask;
  if (seen.defined()) {
    mask = seen.to(ids.device()).unsqueeze(1).unsqueeze(1);
    if (p.config.family == TextFamily::Clip) mask = mask & at::ones({ids.size(1), ids.size(1)}, mask.options()).tril();
  }
  for (std::int64_t i = 0; i < layers; ++i) {
    h = p.layers[static_cast<std::size_t>(i)](h, mask);
    if (i == wanted) taken = h;
  }
  const at::Tensor last = p.final_norm(h);
  const at::Tensor pooled = at_end_of_text(last, ids, p.config);
  const bool normed = p.config.norm_inner || beyond;
  return {.hidden = !normed      ? taken
          : wanted == layers - 1 ? last
                                 : p.final_norm(taken),
      .pooled = p.projection ? (*p.projection)(pooled) : pooled};
}

}  // namespace weft::sd
