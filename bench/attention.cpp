// Attention in bfloat16 at the sizes of Stable Diffusion 1.5's U-Net (guided: batch 2): Weft's kernel for matrix
// tiles against libtorch's, in turns, in seconds of the processor. The ratio is what counts.
#include <ATen/ATen.h>
#include <ATen/Parallel.h>
#include <c10/core/InferenceMode.h>
#include <fmt/format.h>

#include <utility>
#include <vector>

#include "bench/timing.h"
#include "nodes/sd/tensors/tile_attention.h"

namespace {

using weft::bench::median, weft::bench::milliseconds;

at::Tensor by_libtorch(const at::Tensor& q, const at::Tensor& k, const at::Tensor& v, std::int64_t heads) {
  const auto split = [heads](const at::Tensor& x) {
    return x.view({x.size(0), x.size(1), heads, -1}).transpose(1, 2).contiguous();
  };
  return at::scaled_dot_product_attention(split(q), split(k), split(v)).transpose(1, 2).reshape(q.sizes());
}

void compare(std::int64_t queries, std::int64_t keys, std::int64_t channels) {
  constexpr std::int64_t kBatch = 2, kHeads = 8;
  const auto random = [&](std::int64_t length) {
    return at::randn({kBatch, length, kHeads * channels}).to(at::kBFloat16);
  };
  const at::Tensor q = random(queries), k = random(keys), v = random(keys);
  if (!weft::sd::fits_tile_attention(q, k, v, kHeads)) {
    fmt::print("this processor has no matrix tiles: nothing to compare\n");
    return;
  }
  std::vector<double> libtorch, weft;
  for (int round = 0; round < 9; ++round) {
    libtorch.push_back(milliseconds([&] { return by_libtorch(q, k, v, kHeads); }));
    weft.push_back(milliseconds([&] { return weft::sd::tile_attention(q, k, v, kHeads); }));
  }
  fmt::print("{:5} queries {:5} keys {:4} channels: libtorch {:7.2f} ms, Weft {:7.2f} ms, ratio {:.2f}\n", queries,
      keys, channels, median(libtorch), median(weft), median(libtorch) / median(weft));
}

}  // namespace

int main() {
  const c10::InferenceMode inference;
  at::set_num_threads(1);
  for (const auto& [tokens, channels] : {std::pair{4096, 40}, {1024, 80}, {256, 160}, {64, 160}}) {
    compare(tokens, tokens, channels);
    compare(tokens, 77, channels);
  }
}
