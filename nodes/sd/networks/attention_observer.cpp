#include "nodes/sd/networks/attention_observer.h"

#include <ATen/ATen.h>

#include <cmath>
#include <utility>

#include "nodes/sd/tensors/resize.h"

namespace weft::sd {
namespace {

thread_local const AttentionObserver* innermost = nullptr;

}  // namespace

AttentionObserver::AttentionObserver(See see) : see_(std::move(see)), outer_(std::exchange(innermost, this)) {}
AttentionObserver::~AttentionObserver() { innermost = outer_; }
const AttentionObserver* AttentionObserver::current() { return innermost; }

at::Tensor attention_probabilities(const at::Tensor& q, const at::Tensor& k, int64_t heads) {
  const auto split = [heads](const at::Tensor& x) {
    return x.to(at::kFloat).unflatten(2, {heads, x.size(2) / heads}).transpose(1, 2);
  };
  const double scale = 1 / std::sqrt(static_cast<double>(q.size(2) / heads));
  return at::softmax(at::matmul(split(q) * scale, split(k).transpose(2, 3)), -1).mean(1);
}

void AttentionMaps::operator()(const at::Tensor& q, const at::Tensor& k, int64_t heads) {
  const at::Tensor tokens = at::tensor(tokens_, at::kLong).to(q.device());
  const at::Tensor words = attention_probabilities(q, k, heads).index_select(2, tokens).sum(2);  // [B, places]
  // A level's sides are the latent's, halved and rounded up; their product tells which level this is.
  int64_t h = height_, w = width_;
  while (h * w > words.size(1) && h * w > 1) h = (h + 1) / 2, w = (w + 1) / 2;
  if (h * w != words.size(1)) return;  // attention over something else than the latent's places
  const at::Tensor map = resize(words.unflatten(1, {1, h, w}), width_, height_, Resize::kBilinear).squeeze(1);
  sum_ = sum_.defined() ? sum_ + map : map;
  ++layers_;
}

at::Tensor AttentionMaps::mean() const { return sum_.defined() ? sum_ / static_cast<double>(layers_) : sum_; }

}  // namespace weft::sd
