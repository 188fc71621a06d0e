#include "nodes/sd/networks/pixel_attention.h"

#include <ATen/ATen.h>

namespace weft::sd {

PixelAttention::PixelAttention(const Weights& weights, std::int64_t channels, Options options)
    : norm_(weights / "group_norm", options.norm_groups, channels, options.eps),
      attention_(weights, channels, channels, {.heads = options.heads, .qkv_bias = true}) {}

at::Tensor PixelAttention::operator()(const at::Tensor& x, const NetworkCall* patched) const {
  const auto pixels = [](const at::Tensor& image) { return image.permute({0, 2, 3, 1}).flatten(1, 2); };
  const at::Tensor normed = pixels(norm_(x));
  const at::Tensor h = attention_.plus(normed, normed, pixels(x), {patched, x.size(2), x.size(3)});
  return h.unflatten(1, {x.size(2), x.size(3)}).permute({0, 3, 1, 2});
}

}  // namespace weft::sd
