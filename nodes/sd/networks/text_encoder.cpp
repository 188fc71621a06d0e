#include "nodes/sd/networks/text_encoder.h"

#include <ATen/ATen.h>

#include <optional>

namespace weft::sd {
namespace {

at::Tensor activate(const at::Tensor& x, TextActivation activation) {
  return activation == TextActivation::Gelu ? at::gelu(x) : x * at::sigmoid(1.702 * x);
}

// A prompt is encoded once; its words are too few for what packing brings to make up for what it takes.
constexpr Linear::Options kUnpacked{.pack = false};

class EncoderLayer {
 public:
  EncoderLayer(const Weights& weights, const TextEncoderConfig& config)
      : EncoderLayer(weights, config, config.attention_width > 0 ? config.attention_width : config.width,
            {.bias = config.family == TextFamily::Clip, .pack = false}) {}

  at::Tensor operator()(at::Tensor x) const {
    const at::Tensor normed = norm1_(x);
    x = out_.plus(multi_head_attention(q_(normed), k_(normed), v_(normed), heads_, causal_), x);
    return fc2_.plus(activate(fc1_(norm2_(x)), activation_), x);
  }

 private:
  EncoderLayer(const Weights& weights, const TextEncoderConfig& config, std::int64_t inner, Linear::Options qkv)
      : heads_(config.heads),
        causal_(config.family == TextFamily::Clip),
        activation_(config.activation),
        norm1_(weights / "layer_norm1", config.width, config.norm_eps),
        q_(weights / "self_attn" / "q_proj", config.width, inner, qkv),
        k_(weights / "self_attn" / "k_proj", config.width, inner, qkv),
        v_(weights / "self_attn" / "v_proj", config.width, inner, qkv),
        out_(weights / "self_attn" / "out_proj", inner, config.width, kUnpacked),
        norm2_(weights / "layer_norm2", config.width, config.norm_eps),
        fc1_(weights / "mlp" / "fc1", config.width, config.mlp_width, kUnpacked),
        fc2_(weights / "mlp" / "fc2", config.mlp_width, config.width, kUnpacked) {}

  std::int64_t heads_;
  bool causal_;
  TextActivation activation_;
  LayerNorm norm1_;
  Linear q_, k_, v_, out_;
  LayerNorm norm2_;
  Linear fc1_, fc2_;
};

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
    for (std::int64_t i = 0; i < config.layers; ++i) layers.emplace_back(root / "encoder" / "layers" / i, config);
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

TextEncoding TextEncoder::forward(
    const at::Tensor& token_ids, std::int64_t clip_skip, const std::vector<PlacedVector>& placed) const {
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
  at::Tensor taken;
  for (std::int64_t i = 0; i < layers; ++i) {
    h = p.layers[static_cast<std::size_t>(i)](h);
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
