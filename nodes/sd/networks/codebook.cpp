#include "nodes/sd/networks/codebook.h"

#include <ATen/ATen.h>

namespace weft::sd {
namespace {

// Distances to all vectors take 4 * size bytes a place: so many places at once that it stays at some 64 MB.
constexpr std::int64_t kDistancesAtOnce = std::int64_t{1} << 24;

}  // namespace

Codebook::Codebook(const Weights& weights, std::int64_t size, std::int64_t width)
    : table_((weights / "embedding").get("weight", {size, width}, Init::Normal).to(at::kFloat)),
      squared_norms_((table_ * table_).sum(1)) {}

at::Tensor Codebook::nearest(const at::Tensor& latent) const {
  const at::Tensor places = latent.to(at::kFloat).permute({0, 2, 3, 1}).reshape({-1, table_.size(1)});
  std::vector<at::Tensor> chunks;
  for (const at::Tensor& chunk : places.split(std::max<std::int64_t>(1, kDistancesAtOnce / table_.size(0)))) {
    // |z - e|^2 without |z|^2, which is the same for every e.
    chunks.push_back(at::addmm(squared_norms_, chunk, table_.t(), /*beta=*/1, /*alpha=*/-2).argmin(1));
  }
  return at::cat(chunks).view({latent.size(0), latent.size(2), latent.size(3)});
}

at::Tensor Codebook::vectors(const at::Tensor& indices) const {
  return at::embedding(table_, indices).permute({0, 3, 1, 2});
}

}  // namespace weft::sd
