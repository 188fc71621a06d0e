#include "nodes/sd/networks/latent_space.h"

#include <ATen/ATen.h>

namespace weft::sd {

at::Tensor LatentSpace::to_network(const at::Tensor& latents) const {
  if (shift == 0) return latents * scale;
  return latents.any().item<bool>() ? (latents - shift) * scale : latents;
}

at::Tensor LatentSpace::from_network(const at::Tensor& latents) const {
  return shift == 0 ? latents / scale : latents / scale + shift;
}

}  // namespace weft::sd
