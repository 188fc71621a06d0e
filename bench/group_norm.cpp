// Group normalisation with SiLU in bfloat16 at the sizes of Stable Diffusion 1.5: Weft's kernel against libtorch's two,
// in turns, in seconds of the processor and with memory that is kept, as in a run. The ratio is what counts.
#include "nodes/sd/tensors/group_norm.h"

#include <ATen/ATen.h>
#include <ATen/Parallel.h>
#include <c10/core/InferenceMode.h>
#include <fmt/format.h>

#include <utility>
#include <vector>

#include "bench/timing.h"
#include "devices/torch/cpu_block_cache.h"

namespace {

using weft::bench::median, weft::bench::milliseconds;

void compare(std::int64_t batch, std::int64_t channels, std::int64_t size) {
  constexpr std::int64_t kGroups = 32;
  constexpr double kEps = 1e-5;
  const at::Tensor
      x = at::randn({batch, channels, size, size}).to(at::kBFloat16).contiguous(at::MemoryFormat::ChannelsLast),
      weight = at::randn({channels}).to(at::kBFloat16), bias = at::randn({channels}).to(at::kBFloat16);
  if (!weft::sd::fits_fused_group_norm(x, weight)) {
    fmt::print("this processor has no AVX-512: nothing to compare\n");
    return;
  }
  std::vector<double> libtorch, weft;
  for (int round = 0; round < 9; ++round) {
    libtorch.push_back(milliseconds([&] {
      at::Tensor normed = at::group_norm(x, kGroups, weight, bias, kEps);
      return at::silu_(normed);
    }));
    weft.push_back(milliseconds(
        [&] { return weft::sd::fused_group_norm(x, kGroups, weight, bias, kEps, weft::sd::AfterNorm::Silu); }));
  }
  fmt::print("batch {} of {:4} channels {:3}x{:3}: libtorch {:7.2f} ms, Weft {:7.2f} ms, ratio {:.2f}\n", batch,
      channels, size, size, median(libtorch), median(weft), median(libtorch) / median(weft));
}

}  // namespace

int main() {
  const c10::InferenceMode inference;
  weft::CpuBlockCache::install();
  at::set_num_threads(1);
  for (const auto& [channels, size] : {std::pair{320, 64}, {640, 32}, {1280, 16}, {2560, 8}})
    compare(2, channels, size);
  for (const auto& [channels, size] : {std::pair{512, 64}, {512, 256}, {256, 512}, {128, 512}})
    compare(1, channels, size);
}
