#include "nodes/sd/networks/encoder_layer.h"

#include <ATen/ATen.h>

namespace weft::sd {
namespace {

at::Tensor activate(const at::Tensor& x, EncoderActivation activation) {
  return activation == EncoderActivation::Gelu ? at::gelu(x) : x * at::sigmoid(1.702 * x);
}

/// multi_head_attention to what the mask lets through.
at::Tensor masked_attention(
    const at::Tensor& q, const at::Tensor& k, const at::Tensor& v, std::int64_t heads, const at::Tensor& mask) {
  const auto split = [heads](const at::Tensor& x) {
    return x.view({x.size(0), x.size(1), heads, x.size(2) / heads}).transpose(1, 2).contiguous();
  };
  return at::scaled_dot_product_attention(split(q), split(k), split(v), mask).transpose(1, 2).reshape(q.sizes());
}

}  // namespace

EncoderLayer::EncoderLayer(const Weights& weights, const Options& options)
    : EncoderLayer(weights, options, options.attention_width > 0 ? options.attention_width : options.width,
          {.bias = options.qkv_bias, .pack = options.pack}, {.pack = options.pack}) {}

EncoderLayer::EncoderLayer(
    const Weights& weights, const Options& options, std::int64_t inner, Linear::Options qkv, Linear::Options others)
    : heads_(options.heads),
      causal_(options.causal),
      activation_(options.activation),
      norm1_(weights / "layer_norm1", options.width, options.norm_eps),
      q_(weights / "self_attn" / "q_proj", options.width, inner, qkv),
      k_(weights / "self_attn" / "k_proj", options.width, inner, qkv),
      v_(weights / "self_attn" / "v_proj", options.width, inner, qkv),
      out_(weights / "self_attn" / "out_proj", inner, options.width, others),
      norm2_(weights / "layer_norm2", options.width, options.norm_eps),
      fc1_(weights / "mlp" / "fc1", options.width, options.mlp_width, others),
      fc2_(weights / "mlp" / "fc2", options.mlp_width, options.width, others) {}

at::Tensor EncoderLayer::operator()(at::Tensor x, const at::Tensor& mask) const {
  const at::Tensor normed = norm1_(x), q = q_(normed), k = k_(normed), v = v_(normed);
  x = out_.plus(
      mask.defined() ? masked_attention(q, k, v, heads_, mask) : multi_head_attention(q, k, v, heads_, causal_), x);
  return fc2_.plus(activate(fc1_(norm2_(x)), activation_), x);
}

}  // namespace weft::sd
