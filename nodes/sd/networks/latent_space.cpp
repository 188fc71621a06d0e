#include "nodes/sd/networks/latent_space.h"

#include <ATen/ATen.h>

namespace weft::sd {
namespace {

at::Tensor per_channel(const std::array<double, 4>& values, const at::Tensor& like) {
  return at::tensor(at::ArrayRef<double>(values), at::kDouble).to(like.options()).view({1, 4, 1, 1});
}

}  // namespace

at::Tensor LatentSpace::to_network(const at::Tensor& latents) const {
  const bool plain = statistics == ChannelStatistics{};
  if (plain && shift == 0) return latents * scale;
  if (!latents.any().item<bool>()) return latents;
  if (plain) return (latents - shift) * scale;
  const at::Tensor even =
      (latents - per_channel(statistics.mean, latents)) / per_channel(statistics.deviation, latents);
  return (even - shift) * scale;
}

at::Tensor LatentSpace::from_network(const at::Tensor& latents) const {
  const at::Tensor even = shift == 0 ? latents / scale : latents / scale + shift;
  if (statistics == ChannelStatistics{}) return even;
  return even * per_channel(statistics.deviation, latents) + per_channel(statistics.mean, latents);
}

}  // namespace weft::sd
