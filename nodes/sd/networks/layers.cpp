#include "nodes/sd/networks/layers.h"

#include <ATen/ATen.h>
#include <ATen/Parallel.h>

#include <algorithm>

#include "base/cancel_point.h"
#include "nodes/sd/networks/patch.h"
#include "nodes/sd/tensors/group_norm.h"
#include "nodes/sd/tensors/onednn.h"
#include "nodes/sd/tensors/tile_attention.h"

namespace weft::sd {

Conv2d::Conv2d(const Weights& weights, std::int64_t in, std::int64_t out, Options options)
    : weight_(weights.prepared("weight", {out, in, options.kernel, options.kernel}, options.init,
          [stride = options.stride, padding = options.padding](const at::Tensor& weight) -> PreparedWeight {
            if (!onednn::wants_packing(weight)) return {{weight}};
            return {{onednn::pack_conv(weight, stride, padding)}, true};
          })),
      bias_(weights.get("bias", {out}, options.init == Init::FanIn ? Init::FanIn : Init::Zeros)),
      stride_(options.stride),
      padding_(options.padding) {}

at::Tensor Conv2d::operator()(const at::Tensor& x) const {
  cancel_point();
  if (weight_->packed) return onednn::conv(x, weight(), bias_, stride_, padding_);
  return at::conv2d(x, weight(), bias_, stride_, padding_);
}

at::Tensor Conv2d::plus(const at::Tensor& x, const at::Tensor& residual) const {
  cancel_point();
  if (weight_->packed) return onednn::conv_plus(x, weight(), bias_, stride_, padding_, residual);
  return at::conv2d(x, weight(), bias_, stride_, padding_) + residual;
}

namespace {

constexpr std::int64_t kStride = 1, kPadding = 1;  // of a convolution that keeps the size

using Phases = std::array<at::Tensor, 4>;

/// 3x3 kernels on doubled pixels, seen from the pixels before: of the two that a result's three rows lie on, the first
/// has one and the second two, or the other way round for the result below it. The same across.
template <class T>
void fold(const at::Tensor& weight, const Phases& phases) {
  constexpr std::int64_t kKernelsAThread = 8192;
  const T* kernels = weight.const_data_ptr<T>();
  std::array<T*, 4> folded;
  for (std::size_t i = 0; i < 4; ++i) folded[i] = phases[i].mutable_data_ptr<T>();
  at::parallel_for(0, weight.size(0) * weight.size(1), kKernelsAThread, [&](std::int64_t begin, std::int64_t end) {
    for (std::int64_t kernel = begin; kernel < end; ++kernel) {
      const T* taps = kernels + 9 * kernel;
      // Row or column `i` of three meets the first or the second pixel.
      const auto side = [](std::int64_t i, std::int64_t phase) { return i > (phase == 0 ? 0 : 1) ? 1 : 0; };
      for (std::size_t phase = 0; phase < 4; ++phase) {
        float sums[2][2] = {};
        for (std::int64_t y = 0; y < 3; ++y)
          for (std::int64_t x = 0; x < 3; ++x)
            sums[side(y, std::int64_t(phase / 2))][side(x, std::int64_t(phase % 2))] +=
                static_cast<float>(taps[3 * y + x]);
        for (std::int64_t i = 0; i < 4; ++i) folded[phase][4 * kernel + i] = static_cast<T>(sums[i / 2][i % 2]);
      }
    }
  });
}

/// Of even rows' even and odd columns, then of odd rows'.
Phases folded(const at::Tensor& weight) {
  const at::Tensor whole = weight.contiguous();
  Phases phases;
  for (at::Tensor& phase : phases) phase = at::empty({weight.size(0), weight.size(1), 2, 2}, weight.options());
  weight.scalar_type() == at::kFloat ? fold<float>(whole, phases) : fold<at::BFloat16>(whole, phases);
  return phases;
}

}  // namespace

DoublingConv2d::DoublingConv2d(const Weights& weights, std::int64_t in, std::int64_t out)
    : weight_(weights.prepared("weight", {out, in, 3, 3}, Init::FanIn,
          [](const at::Tensor& weight) -> PreparedWeight {
            if (!onednn::wants_packing(weight)) return {{weight}};
            PreparedWeight made{{weight}, true};
            for (const at::Tensor& phase : folded(weight))
              made.tensors.push_back(onednn::pack_conv(phase, kStride, kPadding));
            return made;
          })),
      bias_(weights.get("bias", {out}, Init::FanIn)) {}

at::Tensor DoublingConv2d::operator()(const at::Tensor& x) const { return (*this)(x, 2 * x.size(2), 2 * x.size(3)); }

at::Tensor DoublingConv2d::operator()(const at::Tensor& x, std::int64_t height, std::int64_t width) const {
  cancel_point();
  const std::int64_t h = x.size(2), w = x.size(3);
  if (!weight_->packed || height != 2 * h || width != 2 * w)
    return at::conv2d(at::upsample_nearest2d(x, {height, width}), weight_->tensors[0], bias_, kStride, kPadding);
  const at::Tensor result =
      at::empty({x.size(0), bias_.size(0), height, width}, x.options().memory_format(at::MemoryFormat::ChannelsLast));
  const at::Tensor cells = result.permute({0, 2, 3, 1}).unflatten(1, {h, 2}).unflatten(3, {w, 2});
  for (const std::int64_t below : {0, 1}) {
    for (const std::int64_t right : {0, 1}) {
      cancel_point();
      // Padded by one pixel all around there is one row and one column too many, on another side for each phase.
      const at::Tensor all =
          onednn::conv(x, weight_->tensors[std::size_t(1 + 2 * below + right)], bias_, kStride, kPadding);
      cells.select(4, right).select(2, below).copy_(all.permute({0, 2, 3, 1}).narrow(1, below, h).narrow(2, right, w));
    }
  }
  return result;
}

Linear::Linear(const Weights& weights, std::int64_t in, std::int64_t out, Options options) {
  const auto prepare = [pack = options.pack](const at::Tensor& weight) -> PreparedWeight {
    if (!pack || !onednn::wants_packing(weight)) return {{weight}};
    return {{onednn::pack_linear(weight.flatten(1))}, true};
  };
  weight_ = options.as_conv ? weights.prepared("weight", {out, in, 1, 1}, options.init, prepare)
                            : weights.prepared("weight", {out, in}, options.init, prepare);
  if (options.bias) bias_ = weights.get("bias", {out}, options.init == Init::FanIn ? Init::FanIn : Init::Zeros);
}

at::Tensor Linear::operator()(const at::Tensor& x) const {
  cancel_point();
  if (weight_->packed) return onednn::linear(x, weight_->tensors[0], bias_);
  return at::linear(x, weight_->tensors[0].flatten(1), bias_);
}

at::Tensor Linear::plus(const at::Tensor& x, const at::Tensor& residual) const {
  cancel_point();
  if (weight_->packed) return onednn::linear_combine(x, weight_->tensors[0], bias_, residual, onednn::Combine::Add);
  return (*this)(x) + residual;
}

Geglu::Geglu(const Weights& weights, std::int64_t in, std::int64_t out)
    : weight_(weights.prepared("weight", {2 * out, in}, Init::FanIn,
          [out](const at::Tensor& weight) -> PreparedWeight {
            if (!onednn::wants_packing(weight)) return {{weight}};
            return {
                {onednn::pack_linear(weight.narrow(0, 0, out)), onednn::pack_linear(weight.narrow(0, out, out))}, true};
          })),
      bias_(weights.get("bias", {2 * out}, Init::FanIn)) {}

at::Tensor Geglu::operator()(const at::Tensor& x) const {
  cancel_point();
  const auto& weights = weight_->tensors;
  if (!weight_->packed) {
    const auto halves = at::linear(x, weights[0], bias_).chunk(2, -1);
    return halves[0] * at::gelu(halves[1]);
  }
  const std::int64_t out = bias_.size(0) / 2;
  const at::Tensor gate = onednn::linear(x, weights[1], bias_.narrow(0, out, out), onednn::Activation::Gelu);
  return onednn::linear_combine(x, weights[0], bias_.narrow(0, 0, out), gate, onednn::Combine::Multiply);
}

GroupNorm::GroupNorm(const Weights& weights, std::int64_t groups, std::int64_t channels, double eps)
    : weight_(weights.get("weight", {channels}, Init::Ones)),
      bias_(weights.get("bias", {channels}, Init::Zeros)),
      groups_(groups),
      eps_(eps) {}

at::Tensor GroupNorm::operator()(const at::Tensor& x) const {
  if (fits_fused_group_norm(x, weight_)) return fused_group_norm(x, groups_, weight_, bias_, eps_, AfterNorm::Nothing);
  return at::group_norm(x, groups_, weight_, bias_, eps_);
}

at::Tensor GroupNorm::silu(const at::Tensor& x) const {
  if (fits_fused_group_norm(x, weight_)) return fused_group_norm(x, groups_, weight_, bias_, eps_, AfterNorm::Silu);
  at::Tensor normed = (*this)(x);
  return normed.requires_grad() ? at::silu(normed) : at::silu_(normed);
}

LayerNorm::LayerNorm(const Weights& weights, std::int64_t width, double eps)
    : weight_(weights.get("weight", {width}, Init::Ones)),
      bias_(weights.get("bias", {width}, Init::Zeros)),
      eps_(eps) {}

at::Tensor LayerNorm::operator()(const at::Tensor& x) const {
  return at::layer_norm(x, {x.size(-1)}, weight_, bias_, eps_);
}

at::Tensor multi_head_attention(
    const at::Tensor& q, const at::Tensor& k, const at::Tensor& v, std::int64_t heads, bool causal) {
  cancel_point();
  if (!causal && fits_tile_attention(q, k, v, heads)) return tile_attention(q, k, v, heads);
  // libtorch's kernel is a sixth faster on contiguous heads, which pays for the copy.
  const auto split = [heads](const at::Tensor& x) {
    return x.view({x.size(0), x.size(1), heads, x.size(2) / heads}).transpose(1, 2).contiguous();
  };
  const at::Tensor joined = at::scaled_dot_product_attention(split(q), split(k), split(v), {}, 0.0, causal);
  return joined.transpose(1, 2).reshape({q.size(0), q.size(1), q.size(2)});
}

Attention::Attention(const Weights& weights, std::int64_t width, std::int64_t context_width, Options options)
    : name_(weights.name()),
      heads_(options.heads),
      to_q_(weights / "to_q", width, width, {.bias = options.qkv_bias}),
      to_k_(weights / "to_k", context_width, width, {.bias = options.qkv_bias}),
      to_v_(weights / "to_v", context_width, width, {.bias = options.qkv_bias}),
      to_out_(weights / "to_out" / 0, width, width) {}

at::Tensor Attention::plus(
    const at::Tensor& normed, const at::Tensor& context, const at::Tensor& x, const PatchedPlace& place) const {
  if (place.whole != nullptr) return patched(normed, context, x, place);
  const at::Tensor q = to_q_(normed), k = to_k_(context);
  return to_out_.plus(multi_head_attention(q, k, to_v_(context), heads_), x);
}

at::Tensor Attention::patched(
    const at::Tensor& normed, const at::Tensor& context, const at::Tensor& x, const PatchedPlace& place) const {
  const NetworkCall& whole = *place.whole;
  const auto attended = [&](const AttentionLayerCall& layer) {
    const at::Tensor q = to_q_(layer.x), k = to_k_(layer.k_context);
    return patched_attention(whole.patches,
        {.name = name_,
            .heads = heads_,
            .self = layer.self,
            .height = layer.height,
            .width = layer.width,
            .q = q,
            .k = k,
            .v = to_v_(layer.v_context),
            .whole = &whole});
  };
  const AttentionLayerCall layer{.name = name_,
      .self = context.is_same(normed),
      .height = place.height,
      .width = place.width,
      .whole = whole,
      .x = normed,
      .k_context = context,
      .v_context = context};
  const bool around =
      std::ranges::any_of(whole.patches, [](const auto& patch) { return bool(patch->attention_layer); });
  if (!around) return to_out_.plus(attended(layer), x);
  return patched_attention_layer(layer, [&](const AttentionLayerCall& inner) { return to_out_(attended(inner)); }) + x;
}

ResnetBlock::ResnetBlock(const Weights& weights, std::int64_t in, std::int64_t out, Options options)
    : norm1_(weights / "norm1", options.groups, in, options.eps),
      conv1_(weights / "conv1", in, out),
      norm2_(weights / "norm2", options.groups, out, options.eps),
      conv2_(weights / "conv2", out, out) {
  if (options.time_width > 0) time_projection_.emplace(weights / "time_emb_proj", options.time_width, out);
  if (in != out) shortcut_.emplace(weights / "conv_shortcut", in, out, Conv2d::Options{.kernel = 1, .padding = 0});
}

at::Tensor ResnetBlock::operator()(const at::Tensor& x, const at::Tensor& activated_time) const {
  at::Tensor h = conv1_(norm1_.silu(x));
  if (time_projection_) {
    const at::Tensor shift = (*time_projection_)(activated_time).unsqueeze(-1).unsqueeze(-1);
    h = h.requires_grad() ? h + shift : h.add_(shift);
  }
  return conv2_.plus(norm2_.silu(h), shortcut_ ? (*shortcut_)(x) : x);
}

}  // namespace weft::sd
