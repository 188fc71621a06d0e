#include "nodes/sd/networks/attention_maps.h"

#include <ATen/ATen.h>

#include <cmath>

#include "nodes/sd/tensors/resize.h"

namespace weft::sd {

at::Tensor attention_probabilities(const at::Tensor& q, const at::Tensor& k, std::int64_t heads) {
  const auto split = [heads](const at::Tensor& x) {
    return x.to(at::kFloat).unflatten(2, {heads, x.size(2) / heads}).transpose(1, 2);
  };
  const double scale = 1 / std::sqrt(static_cast<double>(q.size(2) / heads));
  return at::softmax(at::matmul(split(q) * scale, split(k).transpose(2, 3)), -1).mean(1);
}

void AttentionMaps::add(const AttentionCall& call) {
  const at::Tensor tokens = at::tensor(tokens_, at::kLong).to(call.q.device());
  const at::Tensor words =
      attention_probabilities(call.q, call.k, call.heads).index_select(2, tokens).sum(2);  // [B, places]
  const at::Tensor at_level = words.unflatten(1, {1, call.height, call.width});
  const at::Tensor map = resize(at_level, width_, height_, Resize::Bilinear).squeeze(1);
  sum_ = sum_.defined() ? sum_ + map : map;
  ++layers_;
}

at::Tensor AttentionMaps::mean() const { return sum_.defined() ? sum_ / static_cast<double>(layers_) : sum_; }

Patch watching(AttentionMaps& maps) {
  return {.key = "attention maps", .attention = [&maps](const AttentionCall& call, const Attend& next) {
            if (!call.self) maps.add(call);
            return next(call);
          }};
}

}  // namespace weft::sd
