// Samplers that look ahead: two or three evaluations a step, whose derivatives are combined.
#include <ATen/ATen.h>

#include "nodes/sd/sampling/samplers/families.h"

namespace weft::sd {
namespace {

/// DPM-Solver-2 (Lu et al. 2022, arXiv:2206.00927, in Karras' algorithm 2): x at `to`, by the derivative
/// halfway.
at::Tensor midpoint_step(const SamplerCall& call, const at::Tensor& x, const at::Tensor& x0, float sigma, float to) {
  const at::Tensor d = derivative(x, sigma, x0);
  if (to == 0) return x + d * (to - sigma);
  const float middle = scalar::exp(between(scalar::log(sigma), scalar::log(to), 0.5f));
  const at::Tensor x_middle = x + d * (middle - sigma);
  return x + derivative(x_middle, middle, call.denoise(x_middle, middle)) * (to - sigma);
}

}  // namespace

/// Karras et al. 2022, algorithm 1.
at::Tensor heun(const SamplerCall& call) {
  at::Tensor x = call.x;
  for (std::int64_t i = 0; i < call.steps(); ++i) {
    const float sigma = call.sigmas[i], next = call.sigmas[i + 1], dt = next - sigma;
    at::Tensor d = derivative(x, sigma, call.evaluate(i, x));
    if (next != 0) {
      const at::Tensor ahead = x + d * dt;
      d = (d + derivative(ahead, next, call.denoise(ahead, next))) / 2;
    }
    x = x + d * dt;
  }
  return x;
}

/// Heun with one to three evaluations a step, weighted by sigma: three while two further steps are left.
at::Tensor heunpp2(const SamplerCall& call) {
  const std::vector<float>& sigmas = call.sigmas;
  at::Tensor x = call.x;
  for (std::int64_t i = 0; i < call.steps(); ++i) {
    const float next = sigmas[i + 1], dt = next - sigmas[i];
    at::Tensor d = derivative(x, sigmas[i], call.evaluate(i, x));
    if (next != sigmas.back()) {
      const at::Tensor x2 = x + d * dt;
      const at::Tensor d2 = derivative(x2, next, call.denoise(x2, next));
      const float after = sigmas[i + 2];
      if (after == sigmas.back()) {
        const float w2 = next / (2 * sigmas[0]);
        d = d * (1 - w2) + d2 * w2;
      } else {
        const at::Tensor x3 = x2 + d2 * (after - next);
        const at::Tensor d3 = derivative(x3, after, call.denoise(x3, after));
        const float w2 = next / (3 * sigmas[0]), w3 = after / (3 * sigmas[0]);
        d = d * (1 - w2 - w3) + d2 * w2 + d3 * w3;
      }
    }
    x = x + d * dt;
  }
  return x;
}

at::Tensor dpm_2(const SamplerCall& call) {
  at::Tensor x = call.x;
  for (std::int64_t i = 0; i < call.steps(); ++i) {
    x = midpoint_step(call, x, call.evaluate(i, x), call.sigmas[i], call.sigmas[i + 1]);
  }
  return x;
}

at::Tensor dpm_2_ancestral(const SamplerCall& call) {
  StepNoise noise = step_noise(call);
  at::Tensor x = call.x;
  for (std::int64_t i = 0; i < call.steps(); ++i) {
    const AncestralStep step = ancestral_step(call.sigmas[i], call.sigmas[i + 1]);
    x = midpoint_step(call, x, call.evaluate(i, x), call.sigmas[i], step.down);
    if (step.down != 0) x = x + noise() * step.up;
  }
  return x;
}

}  // namespace weft::sd
