// SDE-DPM-Solver++ (Lu et al. 2022, arXiv:2211.01095): DPM-Solver++ of the reverse SDE (eta 1 where nothing else is said). Its noise is
// one Brownian path over all noise levels, so that more steps refine the same picture.
#include <ATen/ATen.h>

#include <utility>

#include "nodes/sd/sampling/brownian_tree.h"
#include "nodes/sd/sampling/samplers/families.h"

namespace weft::sd {
namespace {

/// The Brownian path of a call, over its sigmas above 0.
BrownianNoise brownian_noise(const SamplerCall& call) {
  float low = call.sigmas[0], high = call.sigmas[0];
  for (float sigma : call.sigmas) {
    if (sigma > 0) low = std::min(low, sigma);
    high = std::max(high, sigma);
  }
  return {call.x, low, high, call.seed, call.batch_noise, call.places};
}

/// One step from sigma to next > 0, of length h in lambda.
struct Step {
  float sigma, next, eta, noise_scale, h, alpha;

  Step(float from, float to, const StepNoiseSettings& noise)
      : sigma(from), next(to), eta(static_cast<float>(noise.eta)), noise_scale(static_cast<float>(noise.scale)) {
    const float lambda = half_log_snr(next);
    h = lambda - half_log_snr(sigma);
    alpha = signal(next, lambda);
  }

  /// The way that x0 goes: noise lengthens it.
  float length() const { return h * (eta + 1); }
  /// The share of x that x0 replaces.
  float change() const { return -scalar::expm1(-length()); }

  at::Tensor first_order(const at::Tensor& x, const at::Tensor& x0) const {
    return x * (next / sigma * scalar::exp(-h * eta)) + x0 * (alpha * change());
  }
  at::Tensor with_noise(const at::Tensor& x, const BrownianNoise& path) const {
    if (eta == 0 || noise_scale == 0) return x;
    return x + path(sigma, next) * next * (std::sqrt(-scalar::expm1(-2 * h * eta)) * noise_scale);
  }
};

}  // namespace

/// Two evaluations a step, the second after a share r of it in lambda; both parts of the step are ancestral.
at::Tensor dpmpp_sde(const SamplerCall& call, const StepNoiseSettings& noise, double r) {
  const bool noisy = noise.eta > 0 && noise.scale > 0;
  const auto scale = static_cast<float>(noise.scale), share = static_cast<float>(1 / (2 * r));
  const BrownianNoise path = brownian_noise(call);
  at::Tensor x = call.x;
  for (std::int64_t i = 0; i < call.steps(); ++i) {
    const float sigma = call.sigmas[i], next = call.sigmas[i + 1];
    const at::Tensor x0 = call.evaluate(i, x);
    if (next == 0) return x0;
    const float lambda = half_log_snr(sigma), to = half_log_snr(next),
                middle = lambda + static_cast<float>(r) * (to - lambda);
    const auto jump = [&](const at::Tensor& target, float new_sigma, float new_lambda) {
      const AncestralStep step = ancestral_step(sigma_at(lambda), sigma_at(new_lambda), noise.eta);
      const float h = half_log_snr(step.down) - lambda, alpha = signal(new_sigma, new_lambda);
      const at::Tensor there =
          x * (alpha / signal(sigma, lambda) * scalar::exp(-h)) - target * (alpha * scalar::expm1(-h));
      return noisy ? there + path(sigma, new_sigma) * alpha * (scale * step.up) : there;
    };
    const float sigma_middle = sigma_at(middle);
    const at::Tensor x0_middle = call.denoise(jump(x0, sigma_middle, middle), sigma_middle);
    x = jump(share == 1 ? x0_middle : x0 * (1 - share) + x0_middle * share, next, to);
  }
  return x;
}

at::Tensor dpmpp_sde(const SamplerCall& call) { return dpmpp_sde(call, StepNoiseSettings{}); }

/// Second order: the difference of x0 over two steps.
at::Tensor dpmpp_2m_sde(const SamplerCall& call, const StepNoiseSettings& noise, SdeCorrection correction) {
  const BrownianNoise path = brownian_noise(call);
  at::Tensor x = call.x, last_x0;
  float last_h = 0;
  for (std::int64_t i = 0; i < call.steps(); ++i) {
    const at::Tensor x0 = call.evaluate(i, x);
    if (call.sigmas[i + 1] == 0) return x0;
    const Step step(call.sigmas[i], call.sigmas[i + 1], noise);
    x = step.first_order(x, x0);
    if (last_x0.defined()) {
      const float r = last_h / step.h;
      const float slope = correction == SdeCorrection::Heun ? step.alpha * (step.change() / -step.length() + 1)
                                                            : 0.5f * step.alpha * step.change();
      x = x + (x0 - last_x0) * (slope * (1 / r));
    }
    x = step.with_noise(x, path);
    last_x0 = x0;
    last_h = step.h;
  }
  return x;
}

at::Tensor dpmpp_2m_sde(const SamplerCall& call) { return dpmpp_2m_sde(call, {}, SdeCorrection::Midpoint); }
at::Tensor dpmpp_2m_sde_heun(const SamplerCall& call) { return dpmpp_2m_sde(call, {}, SdeCorrection::Heun); }

/// Third order: first and second differences of x0 over three steps.
at::Tensor dpmpp_3m_sde(const SamplerCall& call, const StepNoiseSettings& noise) {
  const BrownianNoise path = brownian_noise(call);
  at::Tensor x = call.x, x0_1, x0_2;  // of one and two steps ago
  float h_1 = 0, h_2 = 0;
  for (std::int64_t i = 0; i < call.steps(); ++i) {
    const at::Tensor x0 = call.evaluate(i, x);
    if (call.sigmas[i + 1] == 0) return x0;
    const Step step(call.sigmas[i], call.sigmas[i + 1], noise);
    const float h_eta = step.length(), phi_2 = scalar::expm1(-h_eta) / h_eta + 1, phi_3 = phi_2 / h_eta - 0.5f;
    x = step.first_order(x, x0);
    if (x0_2.defined()) {
      const float r0 = h_1 / step.h, r1 = h_2 / step.h;
      const at::Tensor d0 = (x0 - x0_1) / r0, d1 = (x0_1 - x0_2) / r1;
      const at::Tensor slope = d0 + (d0 - d1) * r0 / (r0 + r1), curve = (d0 - d1) / (r0 + r1);
      x = x + slope * (step.alpha * phi_2) - curve * (step.alpha * phi_3);
    } else if (x0_1.defined()) {
      x = x + (x0 - x0_1) / (h_1 / step.h) * (step.alpha * phi_2);
    }
    x = step.with_noise(x, path);
    x0_2 = std::exchange(x0_1, x0);
    h_2 = std::exchange(h_1, step.h);
  }
  return x;
}

at::Tensor dpmpp_3m_sde(const SamplerCall& call) { return dpmpp_3m_sde(call, StepNoiseSettings{}); }

}  // namespace weft::sd
