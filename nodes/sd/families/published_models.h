// What no tensor's shape tells of the latent diffusion paper's own models (Rombach et al. 2022,
// arXiv:2112.10752): their numbers of heads, noise schedules and latent spaces, as their configuration files have them.
// Metadata and configs go before it.
#pragma once

#include <cstdint>

namespace weft::sd {

struct PublishedModel {
  int64_t width, context_dim;  ///< by which it is known: channels of the finest level; 0: no context
  int64_t heads, head_width;  ///< as in UNetConfig
  double beta_start, beta_end;  ///< sqrt(beta) is evenly spaced between their roots over 1000 timesteps
  int64_t downscale;  ///< of its autoencoder, as in LatentSpace
  double latent_scale;
};

/// The model of that width and context, or what Stable Diffusion 1.x has.
PublishedModel published_model(int64_t width, int64_t context_dim);

}  // namespace weft::sd
