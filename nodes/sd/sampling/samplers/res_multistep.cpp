// Samplers that correct a first-order step by the one before it: in x0 (RES) or in the derivative (gradient
// estimation). Each has a cfg++ form.
#include <ATen/ATen.h>

#include "nodes/sd/sampling/samplers/families.h"

namespace weft::sd {
namespace {

struct Form {
  bool cfg_pp, ancestral;
};

/// x0 and, for cfg++, the negative side's; else x0 twice.
Guided evaluate(const SamplerCall& call, std::int64_t i, const at::Tensor& x, bool cfg_pp) {
  if (cfg_pp) return call.evaluate_guided(i, x);
  const at::Tensor x0 = call.evaluate(i, x);
  return {x0, x0};
}

/// Refined exponential solver, second order multistep (Zhang et al. 2023, arXiv:2308.02157).
at::Tensor refined_exponential(const SamplerCall& call, Form form) {
  StepNoise noise = step_noise(call);
  at::Tensor x = call.x, last;
  float last_down = 0;
  for (std::int64_t i = 0; i < call.steps(); ++i) {
    const float sigma = call.sigmas[i], next = call.sigmas[i + 1];
    const auto [x0, base] = evaluate(call, i, x, form.cfg_pp);
    const AncestralStep step = form.ancestral ? ancestral_step(sigma, next) : AncestralStep{next, 0};
    if (step.down == 0 || !last.defined()) {
      const at::Tensor d = derivative(x, sigma, base);
      x = form.cfg_pp ? x0 + d * step.down : x + d * (step.down - sigma);
    } else {
      const float t = half_log_snr(sigma), h = half_log_snr(step.down) - t;
      const float c2 = (half_log_snr(call.sigmas[i - 1]) - half_log_snr(last_down)) / h;
      const float phi_1 = scalar::expm1(-h) / -h, phi_2 = (phi_1 - 1) / -h;
      const float b2 = c2 == 0 ? 0 : phi_2 / c2, b1 = c2 == 0 ? 0 : phi_1 - b2;
      if (form.cfg_pp) x = x + (x0 - base);
      x = x * scalar::exp(-h) + (base * b1 + last * b2) * h;
    }
    if (form.ancestral && next > 0) x = x + noise() * step.up;
    last = base;
    last_down = step.down;
  }
  return x;
}

/// Permenter & Yuan 2023, arXiv:2306.04848: Euler with the derivative moved on by its last change.
at::Tensor gradient_estimation(const SamplerCall& call, bool cfg_pp) {
  at::Tensor x = call.x, last_d;
  for (std::int64_t i = 0; i < call.steps(); ++i) {
    const float sigma = call.sigmas[i], next = call.sigmas[i + 1], dt = next - sigma;
    const auto [x0, base] = evaluate(call, i, x, cfg_pp);
    if (next == 0) return x0;
    const at::Tensor d = derivative(x, sigma, base);
    x = cfg_pp ? x0 + d * next : x + d * dt;
    if (last_d.defined()) x = x + (d - last_d) * dt;
    last_d = d;
  }
  return x;
}

}  // namespace

at::Tensor res_multistep(const SamplerCall& call) { return refined_exponential(call, {}); }
at::Tensor res_multistep_cfg_pp(const SamplerCall& call) { return refined_exponential(call, {.cfg_pp = true}); }
at::Tensor res_multistep_ancestral(const SamplerCall& call) { return refined_exponential(call, {.ancestral = true}); }
at::Tensor res_multistep_ancestral_cfg_pp(const SamplerCall& call) {
  return refined_exponential(call, {.cfg_pp = true, .ancestral = true});
}

at::Tensor gradient_estimation(const SamplerCall& call) { return gradient_estimation(call, false); }
at::Tensor gradient_estimation_cfg_pp(const SamplerCall& call) { return gradient_estimation(call, true); }

}  // namespace weft::sd
