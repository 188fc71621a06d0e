// SDE-DPM-Solver++ (Lu et al. 2022, arXiv:2211.01095): DPM-Solver++ of the reverse SDE (eta 1). Its noise is
// one Brownian path over all noise levels, so that more steps refine the same picture.
#include <torch/torch.h>

#include "nodes/sd/brownian_tree.h"
#include "nodes/sd/samplers/families.h"

namespace weft::sd {
namespace {

BrownianNoise brownian_noise(const SamplerCall& call) {
  float low = call.sigmas[0], high = call.sigmas[0];
  for (float sigma : call.sigmas) {
    if (sigma > 0) low = std::min(low, sigma);
    high = std::max(high, sigma);
  }
  return {call.x, low, high, call.seed, call.batch_noise};
}

/// The first-order part of a step, with h in lambda: x shrinks by sigma and by e^-h, x0 fills up.
at::Tensor first_order(const at::Tensor& x, const at::Tensor& x0, float sigma, float next, float h) {
  return x * (next / sigma * std::exp(-h)) + x0 * -std::expm1(-2 * h);
}

float noise_scale(float next, float h) { return next * std::sqrt(-std::expm1(-2 * h)); }

enum class Correction { kMidpoint, kHeun };

at::Tensor two_step(const SamplerCall& call, Correction correction) {
  const BrownianNoise noise = brownian_noise(call);
  at::Tensor x = call.x, last_x0;
  float last_h = 0;
  for (int64_t i = 0; i < call.steps(); ++i) {
    const float sigma = call.sigmas[i], next = call.sigmas[i + 1];
    const at::Tensor x0 = call.evaluate(i, x);
    if (next == 0) return x0;
    const float h = half_log_snr(next) - half_log_snr(sigma), change = -std::expm1(-2 * h);
    x = first_order(x, x0, sigma, next, h);
    if (last_x0.defined()) {
      const float slope = correction == Correction::kHeun ? change / (-2 * h) + 1 : 0.5f * change;
      x = x + (x0 - last_x0) * (slope / (last_h / h));
    }
    x = x + noise(sigma, next) * noise_scale(next, h);
    last_x0 = x0;
    last_h = h;
  }
  return x;
}

}  // namespace

/// Two evaluations a step, the second halfway in lambda; both parts of the step are ancestral.
at::Tensor dpmpp_sde(const SamplerCall& call) {
  const BrownianNoise noise = brownian_noise(call);
  at::Tensor x = call.x;
  for (int64_t i = 0; i < call.steps(); ++i) {
    const float sigma = call.sigmas[i], next = call.sigmas[i + 1];
    const at::Tensor x0 = call.evaluate(i, x);
    if (next == 0) return x0;
    const float lambda = half_log_snr(sigma),
                middle = sigma_at(lambda + 0.5f * (half_log_snr(next) - lambda));
    const auto jump = [&](const at::Tensor& target, float to) {
      const AncestralStep step = ancestral_step(sigma_at(lambda), sigma_at(half_log_snr(to)));
      const float h = half_log_snr(step.down) - lambda;
      return x * std::exp(-h) - target * std::expm1(-h) + noise(sigma, to) * step.up;
    };
    x = jump(call.denoise(jump(x0, middle), middle), next);
  }
  return x;
}

at::Tensor dpmpp_2m_sde(const SamplerCall& call) { return two_step(call, Correction::kMidpoint); }

at::Tensor dpmpp_2m_sde_heun(const SamplerCall& call) { return two_step(call, Correction::kHeun); }

/// Third order: first and second differences of x0 over three steps.
at::Tensor dpmpp_3m_sde(const SamplerCall& call) {
  const BrownianNoise noise = brownian_noise(call);
  at::Tensor x = call.x, x0_1, x0_2;  // of one and two steps ago
  float h_1 = 0, h_2 = 0;
  for (int64_t i = 0; i < call.steps(); ++i) {
    const float sigma = call.sigmas[i], next = call.sigmas[i + 1];
    const at::Tensor x0 = call.evaluate(i, x);
    if (next == 0) return x0;
    const float h = half_log_snr(next) - half_log_snr(sigma), h_eta = 2 * h;
    x = first_order(x, x0, sigma, next, h);
    const float phi_2 = std::expm1(-h_eta) / h_eta + 1, phi_3 = phi_2 / h_eta - 0.5f;
    if (x0_2.defined()) {
      const float r0 = h_1 / h, r1 = h_2 / h;
      const at::Tensor d0 = (x0 - x0_1) / r0, d1 = (x0_1 - x0_2) / r1;
      x = x + (d0 + (d0 - d1) * (r0 / (r0 + r1))) * phi_2 - (d0 - d1) / (r0 + r1) * phi_3;
    } else if (x0_1.defined()) {
      x = x + (x0 - x0_1) / (h_1 / h) * phi_2;
    }
    x = x + noise(sigma, next) * noise_scale(next, h);
    x0_2 = std::exchange(x0_1, x0);
    h_2 = std::exchange(h_1, h);
  }
  return x;
}

}  // namespace weft::sd
