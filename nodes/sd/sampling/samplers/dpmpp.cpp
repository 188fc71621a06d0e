// DPM-Solver++ (Lu et al. 2022, arXiv:2211.01095): exponential integrators of x0 in lambda = -log sigma.
#include <ATen/ATen.h>

#include "nodes/sd/sampling/samplers/families.h"

namespace weft::sd {
namespace {

/// x carried over a step of h from one lambda to another, exact for a constant x0.
at::Tensor carry(const at::Tensor& x, const at::Tensor& x0, float lambda, float to, float h) {
  return x * (sigma_at(to) / sigma_at(lambda)) - x0 * scalar::expm1(-h);
}

}  // namespace

/// DPM-Solver++(2M): x0 extrapolated from this step's and the last one's.
at::Tensor dpmpp_2m(const SamplerCall& call) {
  at::Tensor x = call.x, last_x0;
  for (std::int64_t i = 0; i < call.steps(); ++i) {
    const float next = call.sigmas[i + 1], lambda = half_log_snr(call.sigmas[i]);
    const float to = half_log_snr(next), h = to - lambda;
    const at::Tensor x0 = call.evaluate(i, x);
    at::Tensor target = x0;
    if (last_x0.defined() && next != 0) {
      const float r = (lambda - half_log_snr(call.sigmas[i - 1])) / h, share = 1 / (2 * r);
      target = x0 * (1 + share) - last_x0 * share;
    }
    x = carry(x, target, lambda, to, h);
    last_x0 = x0;
  }
  return x;
}

at::Tensor dpmpp_2m_cfg_pp(const SamplerCall& call) {
  at::Tensor x = call.x, last_negative;
  for (std::int64_t i = 0; i < call.steps(); ++i) {
    const float lambda = half_log_snr(call.sigmas[i]), h = half_log_snr(call.sigmas[i + 1]) - lambda;
    const auto [x0, negative] = call.evaluate_guided(i, x);
    at::Tensor change = negative * -scalar::exp(-h);
    if (last_negative.defined() && call.sigmas[i + 1] != 0) {
      const float r = (lambda - half_log_snr(call.sigmas[i - 1])) / h;
      change = change - (x0 - last_negative) * (scalar::expm1(-h) * (1 / (2 * r)));
    }
    x = x0 + change + x * scalar::exp(-h);
    last_negative = negative;
  }
  return x;
}

/// DPM-Solver++(2S) with ancestral noise: a second evaluation halfway in lambda.
at::Tensor dpmpp_2s_ancestral(const SamplerCall& call, const StepNoiseSettings& settings) {
  StepNoise noise = step_noise(call);
  const auto scale = static_cast<float>(settings.scale);
  at::Tensor x = call.x;
  for (std::int64_t i = 0; i < call.steps(); ++i) {
    const float sigma = call.sigmas[i];
    const at::Tensor x0 = call.evaluate(i, x);
    const AncestralStep step = ancestral_step(sigma, call.sigmas[i + 1], settings.eta);
    if (step.down == 0) {
      x = x + derivative(x, sigma, x0) * (step.down - sigma);
    } else {
      const float lambda = half_log_snr(sigma), to = half_log_snr(step.down), h = to - lambda;
      const float middle = lambda + 0.5f * h;
      const at::Tensor ahead = call.denoise(carry(x, x0, lambda, middle, 0.5f * h), sigma_at(middle));
      x = carry(x, ahead, lambda, to, h);
    }
    if (step.up > 0) x = x + noise() * (scale * step.up);
  }
  return x;
}

at::Tensor dpmpp_2s_ancestral(const SamplerCall& call) { return dpmpp_2s_ancestral(call, StepNoiseSettings{}); }

at::Tensor dpmpp_2s_ancestral_cfg_pp(const SamplerCall& call) {
  StepNoise noise = step_noise(call);
  at::Tensor x = call.x;
  for (std::int64_t i = 0; i < call.steps(); ++i) {
    const float sigma = call.sigmas[i];
    const auto [x0, negative] = call.evaluate_guided(i, x);
    const AncestralStep step = ancestral_step(sigma, call.sigmas[i + 1]);
    if (step.down == 0) {
      x = x0 + derivative(x, sigma, negative) * step.down;
    } else {
      const float lambda = half_log_snr(sigma), to = half_log_snr(step.down), h = to - lambda;
      const float middle = lambda + 0.5f * h;
      const at::Tensor x_middle = carry(x + (x0 - negative), x0, lambda, middle, 0.5f * h);
      const Guided ahead = call.denoise_guided(x_middle, sigma_at(middle));
      x = carry(x + (x0 - ahead.x0_negative), ahead.x0, lambda, to, h);
    }
    if (step.up > 0) x = x + noise() * step.up;
  }
  return x;
}

}  // namespace weft::sd
