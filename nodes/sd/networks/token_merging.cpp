#include "nodes/sd/networks/token_merging.h"

#include <ATen/ATen.h>

#include <algorithm>

namespace weft::sd {
namespace {

/// x [B, T, C] at places [B, n]: [B, n, C].
at::Tensor at_places(const at::Tensor& x, const at::Tensor& places) {
  return x.gather(1, places.unsqueeze(2).expand({-1, -1, x.size(2)}));
}

/// true at one place of each whole 2 x 2 of a picture: [height * width].
at::Tensor drawn_places(std::int64_t height, std::int64_t width, at::Generator& draws) {
  const std::int64_t rows = height / 2, columns = width / 2;
  const at::Tensor drawn = at::randint(4, {rows, columns, 1}, draws, at::kLong);
  const at::Tensor cells = at::zeros({rows, columns, 4}, at::kBool).scatter(2, drawn, true);
  at::Tensor chosen = at::zeros({height, width}, at::kBool);
  chosen.narrow(0, 0, 2 * rows)
      .narrow(1, 0, 2 * columns)
      .copy_(cells.view({rows, columns, 2, 2}).transpose(1, 2).reshape({2 * rows, 2 * columns}));
  return chosen.flatten();
}

}  // namespace

TokenMerging::TokenMerging(
    const at::Tensor& metric, std::int64_t height, std::int64_t width, std::int64_t merged, at::Generator& draws)
    : places_(metric.size(1)) {
  const std::int64_t batch = metric.size(0);
  const at::Tensor chosen = drawn_places(height, width, draws);
  const auto places = [&](const at::Tensor& which) {
    return which.nonzero().flatten().to(metric.device()).unsqueeze(0).expand({batch, -1});
  };
  sources_ = places(chosen.logical_not());
  targets_ = places(chosen);
  const at::Tensor direction = metric / metric.norm(2, {-1}, /*keepdim=*/true);
  const at::Tensor resemblance = at_places(direction, sources_).matmul(at_places(direction, targets_).transpose(1, 2));
  const auto [best, target] = resemblance.max(2);
  const at::Tensor order = best.argsort(/*dim=*/1, /*descending=*/true);
  merged = std::min(merged, sources_.size(1));
  merged_ = order.narrow(1, 0, merged);
  kept_ = order.narrow(1, merged, order.size(1) - merged);
  into_ = target.gather(1, merged_);
}

at::Tensor TokenMerging::merge(const at::Tensor& x) const {
  const at::Tensor sources = at_places(x, sources_), targets = at_places(x, targets_);
  const at::Tensor into = into_.unsqueeze(2).expand({-1, -1, x.size(2)});
  const at::Tensor means = targets.scatter_reduce(1, into, at_places(sources, merged_), "mean");
  return at::cat({at_places(sources, kept_), means}, 1);
}

at::Tensor TokenMerging::unmerge(const at::Tensor& x) const {
  const std::int64_t kept = kept_.size(1);
  const at::Tensor targets = x.narrow(1, kept, x.size(1) - kept);
  at::Tensor whole = at::empty({x.size(0), places_, x.size(2)}, x.options());
  const auto put = [&](const at::Tensor& places, const at::Tensor& values) {
    whole.scatter_(1, places.unsqueeze(2).expand({-1, -1, x.size(2)}), values);
  };
  put(targets_, targets);
  put(sources_.gather(1, kept_), x.narrow(1, 0, kept));
  put(sources_.gather(1, merged_), at_places(targets, into_));
  return whole;
}

}  // namespace weft::sd
