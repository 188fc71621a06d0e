// ModelSampling: what lies between samplers and a U-Net, and can be changed without touching the network: the noise levels that
// it was trained with, what it predicts, the scale of its latents, and how guidance and a noise mask change on the way. A
// checkpoint says it, and the nodes that change it give another (Model::with). A value. [any thread]
#pragma once

#include <ATen/core/Tensor.h>

#include <optional>
#include <vector>

#include "nodes/sd/networks/latent_space.h"
#include "nodes/sd/networks/prediction.h"
#include "nodes/sd/sampling/noise_schedule.h"

namespace weft::sd {

/// Another cfg where `from` >= sigma >= `to`.
struct CfgRange {
  double cfg = 1, from = 0, to = 0;
};

/// Those of Playground v2.5 (Li et al. 2024, arXiv:2402.17245), whose autoencoder is Stable Diffusion XL's.
LatentSpace playground_latents();

struct ModelSampling {
  NoiseTable table = NoiseTable::stable_diffusion();
  Prediction prediction = Prediction::Noise;
  double data_deviation = 1;  ///< sigma_data, of the network's latents without noise
  LatentSpace space;
  std::vector<CfgRange> cfg_ranges = {};  ///< where they overlap, the last counts
  /// Differential diffusion (Levin & Fried 2023, arXiv:2306.00950): a place is changed from that moment on at which so much of
  /// the way is left as its mask says. 1: wholly so; less: that share, the rest by the mask as it is. None: by the mask.
  std::optional<double> gradual_mask = {};

  /// x [B, C, h, w] = x0 + sigma * noise, as the network is given it.
  at::Tensor network_input(const at::Tensor& x, float sigma) const;
  /// What the network's output means, float32.
  at::Tensor x0(const at::Tensor& output, const at::Tensor& x, float sigma) const;
  /// The cfg that counts at sigma where `cfg` was asked for.
  double cfg_at(float sigma, double cfg) const;
  /// `mask` [B, C, h, w] as it counts at sigma, on the way along `sigmas`.
  at::Tensor mask_at(const at::Tensor& mask, float sigma, const std::vector<float>& sigmas) const;
};

}  // namespace weft::sd
