// DPM-Solver++ (Lu et al. 2022, arXiv:2211.01095): exponential integrators of x0 in lambda = -log sigma.
#include <torch/torch.h>

#include "nodes/sd/samplers/families.h"

namespace weft::sd {
namespace {

/// x carried from sigma to `to`, exact for a constant x0.
at::Tensor carry(const at::Tensor& x, const at::Tensor& x0, float sigma, float to) {
  const float h = half_log_snr(to) - half_log_snr(sigma);
  return x * (to / sigma) - x0 * std::expm1(-h);
}

}  // namespace

/// DPM-Solver++(2M): x0 extrapolated from this step's and the last one's.
at::Tensor dpmpp_2m(const SamplerCall& call) {
  at::Tensor x = call.x, last_x0;
  for (int64_t i = 0; i < call.steps(); ++i) {
    const float sigma = call.sigmas[i], next = call.sigmas[i + 1];
    const at::Tensor x0 = call.evaluate(i, x);
    if (!last_x0.defined() || next == 0) {
      x = carry(x, x0, sigma, next);
    } else {
      const float lambda = half_log_snr(sigma), h = half_log_snr(next) - lambda;
      const float r = (lambda - half_log_snr(call.sigmas[i - 1])) / h, share = 1 / (2 * r);
      x = carry(x, x0 * (1 + share) - last_x0 * share, sigma, next);
    }
    last_x0 = x0;
  }
  return x;
}

at::Tensor dpmpp_2m_cfg_pp(const SamplerCall& call) {
  at::Tensor x = call.x, last_negative;
  for (int64_t i = 0; i < call.steps(); ++i) {
    const float lambda = half_log_snr(call.sigmas[i]), h = half_log_snr(call.sigmas[i + 1]) - lambda;
    const auto [x0, negative] = call.evaluate_guided(i, x);
    at::Tensor step = x0 + (x - negative) * std::exp(-h);
    if (last_negative.defined() && call.sigmas[i + 1] != 0) {
      const float r = (lambda - half_log_snr(call.sigmas[i - 1])) / h;
      step = step - (x0 - last_negative) * (std::expm1(-h) / (2 * r));
    }
    x = step;
    last_negative = negative;
  }
  return x;
}

/// DPM-Solver++(2S) with ancestral noise: a second evaluation halfway in lambda.
at::Tensor dpmpp_2s_ancestral(const SamplerCall& call) {
  StepNoise noise = step_noise(call);
  at::Tensor x = call.x;
  for (int64_t i = 0; i < call.steps(); ++i) {
    const float sigma = call.sigmas[i];
    const at::Tensor x0 = call.evaluate(i, x);
    const AncestralStep step = ancestral_step(sigma, call.sigmas[i + 1]);
    if (step.down == 0) {
      x = x + derivative(x, sigma, x0) * (step.down - sigma);
      continue;
    }
    const float lambda = half_log_snr(sigma);
    const float middle = sigma_at(lambda + 0.5f * (half_log_snr(step.down) - lambda));
    x = carry(x, call.denoise(carry(x, x0, sigma, middle), middle), sigma, step.down) + noise() * step.up;
  }
  return x;
}

at::Tensor dpmpp_2s_ancestral_cfg_pp(const SamplerCall& call) {
  StepNoise noise = step_noise(call);
  at::Tensor x = call.x;
  for (int64_t i = 0; i < call.steps(); ++i) {
    const float sigma = call.sigmas[i];
    const auto [x0, negative] = call.evaluate_guided(i, x);
    const AncestralStep step = ancestral_step(sigma, call.sigmas[i + 1]);
    if (step.down == 0) {
      x = x0 + derivative(x, sigma, negative) * step.down;
      continue;
    }
    const float lambda = half_log_snr(sigma);
    const float middle = sigma_at(lambda + 0.5f * (half_log_snr(step.down) - lambda));
    const at::Tensor x_middle = carry(x + (x0 - negative), x0, sigma, middle);
    const Guided ahead = call.denoise_guided(x_middle, middle);
    x = carry(x + (x0 - ahead.x0_negative), ahead.x0, sigma, step.down) + noise() * step.up;
  }
  return x;
}

}  // namespace weft::sd
