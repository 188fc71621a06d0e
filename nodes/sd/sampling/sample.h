// The k-sampler: from noise (or a picture with noise on it) to a latent. Plain functions; the sampler nodes
// and the tests call them.
#pragma once

#include <ATen/core/Tensor.h>

#include <string>
#include <vector>

#include "nodes/sd/sampling/conditioning.h"
#include "nodes/sd/sampling/denoiser.h"
#include "nodes/sd/sampling/noise.h"
#include "nodes/sd/sampling/samplers.h"

namespace weft::sd {

/// Which of a schedule's steps to take.
struct StepPlan {
  std::string schedule = "normal";
  std::int64_t steps = 20;
  double denoise = 1;        ///< the share of a whole sampling: less keeps more of the latent
  std::int64_t start_step = 0;    ///< skips what comes before
  std::int64_t end_step = 10000;  ///< stops there; beyond the last step: at the end
  bool leave_noise = false;  ///< at an early end: keep the noise that is left, for another sampler to go on
};

/// The noise levels of a plan for that sampler. Empty if the plan leaves nothing to do.
std::vector<float> plan_sigmas(const NoiseTable& table, const StepPlan& plan, const SamplerMethod& sampler);

struct SampleRequest {
  ConditioningEntries positive, negative;
  double cfg = 8;
  std::optional<DualGuidance> dual = {};  ///< see DenoiserOptions
  bool strict_concat = false;  ///< see DenoiserOptions
  OpenControl open_control = {};  ///< the same
  at::Tensor latent;      ///< [B, C, h, w] as the VAE gives it (not scaled); zeros: from noise alone
  at::Tensor noise_mask;  ///< 1 where to paint, 0 where to keep the latent; any size; undefined: paint all
  std::uint64_t seed = 0;
  BatchNoise batch_noise = BatchNoise::Together;
  BatchPlaces places;  ///< of the latent's items: whose noise they get
  at::Tensor noise;  ///< like latent; undefined: drawn from seed. Zeros for a latent that carries its noise
  OnStep on_step;  ///< may be empty; sees scaled latents; what it throws ends sampling and reaches the caller
};

struct SampleResult {
  at::Tensor latent;  ///< where sampling ended, not scaled, on the model's device
  at::Tensor x0;      ///< the last step's picture without noise, not scaled
};

/// What sampling from noise level `sigma` down begins with. latent and noise scaled, of one shape.
at::Tensor add_noise(const NoiseTable& table, const at::Tensor& latent, const at::Tensor& noise, float sigma);

/// latent + scale * noise; both not scaled, as a VAE gives them. Numbers that are not finite become 0.
at::Tensor add_scaled_noise(const LatentSpace& space, const at::Tensor& latent, const at::Tensor& noise, float scale);

/// Samples along `sigmas` (falling; [steps + 1]). With no sigmas the latent comes back as it is.
SampleResult sample(const DiffusionModel& model, const SamplerMethod& sampler, const std::vector<float>& sigmas,
    const SampleRequest& request);

}  // namespace weft::sd
