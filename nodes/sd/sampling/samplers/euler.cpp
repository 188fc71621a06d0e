// Samplers of first order: one evaluation a step, a straight line to the next noise level.
#include <ATen/ATen.h>

#include "nodes/sd/sampling/samplers/families.h"

namespace weft::sd {
namespace {

/// cfg++: the step goes from the guided x0 along the noise that the negative side sees.
at::Tensor euler_cfg_pp(const SamplerCall& call, bool ancestral) {
  StepNoise noise = step_noise(call);
  at::Tensor x = call.x;
  for (std::int64_t i = 0; i < call.steps(); ++i) {
    const float sigma = call.sigmas[i], next = call.sigmas[i + 1];
    const Guided guided = call.evaluate_guided(i, x);
    if (next == 0) return guided.x0;
    const float alpha = signal(sigma, half_log_snr(sigma)), next_alpha = signal(next, half_log_snr(next));
    const at::Tensor d = derivative(x, sigma, guided.x0_negative * alpha);
    const AncestralStep step =
        ancestral ? ancestral_step(sigma / alpha, next / next_alpha) : AncestralStep{next / next_alpha, 0};
    x = guided.x0 * next_alpha + d * (next_alpha * step.down);
    if (ancestral) x = x + noise() * next_alpha * step.up;
  }
  return x;
}

}  // namespace

/// Karras et al. 2022, algorithm 2, without its churn.
at::Tensor euler(const SamplerCall& call) {
  at::Tensor x = call.x;
  for (std::int64_t i = 0; i < call.steps(); ++i) {
    const float sigma = call.sigmas[i], next = call.sigmas[i + 1];
    x = x + derivative(x, sigma, call.evaluate(i, x)) * (next - sigma);
  }
  return x;
}

at::Tensor euler_cfg_pp(const SamplerCall& call) { return euler_cfg_pp(call, false); }

at::Tensor euler_ancestral(const SamplerCall& call) {
  StepNoise noise = step_noise(call);
  at::Tensor x = call.x;
  for (std::int64_t i = 0; i < call.steps(); ++i) {
    const float sigma = call.sigmas[i], next = call.sigmas[i + 1];
    const at::Tensor x0 = call.evaluate(i, x);
    const AncestralStep step = ancestral_step(sigma, next);
    if (step.down == 0) {  // also for a first sigma thousands of times as large as the next
      x = x0;
      continue;
    }
    x = x + derivative(x, sigma, x0) * (step.down - sigma) + noise() * step.up;
  }
  return x;
}

at::Tensor euler_ancestral_cfg_pp(const SamplerCall& call) { return euler_cfg_pp(call, true); }

/// Ho et al. 2020, arXiv:2006.11239, algorithm 2, on x / sqrt(1 + sigma^2).
at::Tensor ddpm(const SamplerCall& call) {
  StepNoise noise = step_noise(call);
  at::Tensor x = call.x;
  for (std::int64_t i = 0; i < call.steps(); ++i) {
    const float sigma = call.sigmas[i], next = call.sigmas[i + 1];
    const at::Tensor eps = derivative(x, sigma, call.evaluate(i, x));
    const float product = 1 / (sigma * sigma + 1), next_product = 1 / (next * next + 1), alpha = product / next_product;
    x = (x / std::sqrt(1 + sigma * sigma) - eps * (1 - alpha) / std::sqrt(1 - product)) * std::sqrt(1 / alpha);
    if (next == 0) return x;
    x = x + noise() * std::sqrt((1 - alpha) * (1 - next_product) / (1 - product));
    x = x * std::sqrt(1 + next * next);
  }
  return x;
}

/// Latent consistency models (Luo et al. 2023, arXiv:2310.04378): x0, with new noise put on it.
at::Tensor lcm(const SamplerCall& call) {
  StepNoise noise = step_noise(call);
  at::Tensor x = call.x;
  for (std::int64_t i = 0; i < call.steps(); ++i) {
    x = call.evaluate(i, x);
    if (call.sigmas[i + 1] > 0) x = x + noise() * call.sigmas[i + 1];
  }
  return x;
}

}  // namespace weft::sd
