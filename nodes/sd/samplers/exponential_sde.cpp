// Solvers of the reverse SDE that use independent noise for every part of a step.
#include <ATen/ATen.h>

#include "nodes/sd/samplers/families.h"

namespace weft::sd {
namespace {

/// ER-SDE's noise scale, the function of sigma whose ratio says how much of x survives a step.
at::Tensor survival(const at::Tensor& sigma) { return sigma * (sigma.pow(0.3).exp() + 10); }

float survival(float sigma) { return survival(at::scalar_tensor(sigma, at::kFloat)).item<float>(); }

/// The deviation that noise of a share `a` to `b` of a step of length h in lambda has at a later share `at`.
float remaining(float h, float a, float b, float at) {
  return std::sqrt(scalar::expm1(-2 * (at - b) * h) - scalar::expm1(-2 * (at - a) * h));
}

}  // namespace

/// Extended reverse-time SDE solver, third order (Cui et al. 2023, arXiv:2309.06169).
at::Tensor er_sde(const SamplerCall& call) {
  constexpr int64_t kPoints = 200;
  StepNoise noise = step_noise(call);
  at::Tensor x = call.x, last_x0, last_slope;
  const auto scaled_noise = [&](int64_t i) { return sigma_at(half_log_snr(call.sigmas[i])); };
  for (int64_t i = 0; i < call.steps(); ++i) {
    const at::Tensor x0 = call.evaluate(i, x);
    if (call.sigmas[i + 1] == 0) return x0;
    const float sigma = scaled_noise(i), next = scaled_noise(i + 1);
    const float alpha = call.sigmas[i + 1] / next, alpha_ratio = alpha / (call.sigmas[i] / sigma);
    const float ratio = survival(next) / survival(sigma), dt = next - sigma, width = -dt / kPoints;
    x = x * (alpha_ratio * ratio) + x0 * (alpha * (1 - ratio));
    if (last_x0.defined()) {
      const at::Tensor points = at::arange(0, kPoints, at::kFloat) * width + next, scales = survival(points);
      const float integral = (1 / scales).sum().item<float>() * width;
      const at::Tensor slope = (x0 - last_x0) / (sigma - scaled_noise(i - 1));
      x = x + slope * (alpha * (dt + integral * survival(next)));
      if (last_slope.defined()) {
        const float moment = ((points - sigma) / scales).sum().item<float>() * width;
        const at::Tensor curve = (slope - last_slope) / ((sigma - scaled_noise(i - 2)) / 2);
        x = x + curve * (alpha * (dt * dt / 2 + moment * survival(next)));
      }
      last_slope = slope;
    }
    const float variance = next * next - sigma * sigma * (ratio * ratio);
    x = x + noise() * alpha * std::sqrt(std::max(variance, 0.0f));
    last_x0 = x0;
  }
  return x;
}

/// SEEDS-2 (Gonzalez et al. 2023, arXiv:2305.14267): a second evaluation halfway.
at::Tensor seeds_2(const SamplerCall& call) {
  StepNoise noise = step_noise(call);
  at::Tensor x = call.x;
  for (int64_t i = 0; i < call.steps(); ++i) {
    const float sigma = call.sigmas[i], next = call.sigmas[i + 1], r = 0.5f;
    const at::Tensor x0 = call.evaluate(i, x);
    if (next == 0) return x0;
    const float lambda = half_log_snr(sigma), h = half_log_snr(next) - lambda,
                middle = sigma_at(lambda + r * h);
    const at::Tensor noise_1 = noise(), noise_2 = noise();
    const at::Tensor x_2 = x * (middle / sigma * scalar::exp(-r * h)) - x0 * scalar::expm1(-r * 2 * h) +
                           noise_1 * (middle * remaining(h, 0, r, r));
    const at::Tensor x0_2 = call.denoise(x_2, middle);
    x = x * (next / sigma * scalar::exp(-h)) - x0_2 * scalar::expm1(-2 * h) +
        (noise_1 * remaining(h, 0, r, 1) + noise_2 * remaining(h, r, 1, 1)) * next;
  }
  return x;
}

/// SEEDS-3: evaluations after 1/3 and 2/3.
at::Tensor seeds_3(const SamplerCall& call) {
  StepNoise noise = step_noise(call);
  at::Tensor x = call.x;
  for (int64_t i = 0; i < call.steps(); ++i) {
    const float sigma = call.sigmas[i], next = call.sigmas[i + 1], r1 = 1.0f / 3, r2 = 2.0f / 3;
    const at::Tensor x0 = call.evaluate(i, x);
    if (next == 0) return x0;
    const float lambda = half_log_snr(sigma), h = half_log_snr(next) - lambda, h_eta = 2 * h;
    const float sigma_1 = sigma_at(lambda + r1 * h), sigma_2 = sigma_at(lambda + r2 * h);
    const at::Tensor noise_1 = noise(), noise_2 = noise(), noise_3 = noise();
    const auto carry = [&](float to, float share) {
      return x * (to / sigma * scalar::exp(-share * h)) - x0 * scalar::expm1(-share * h_eta);
    };
    const at::Tensor x_1 = carry(sigma_1, r1) + noise_1 * (sigma_1 * remaining(h, 0, r1, r1));
    const at::Tensor x0_1 = call.denoise(x_1, sigma_1);
    const at::Tensor x_2 = carry(sigma_2, r2) +
                           (x0_1 - x0) * (r2 / r1 * (scalar::expm1(-r2 * h_eta) / (r2 * h_eta) + 1)) +
                           (noise_1 * remaining(h, 0, r1, r2) + noise_2 * remaining(h, r1, r2, r2)) * sigma_2;
    const at::Tensor x0_2 = call.denoise(x_2, sigma_2);
    x = carry(next, 1) + (x0_2 - x0) * (1 / r2 * (scalar::expm1(-h_eta) / h_eta + 1)) +
        (noise_1 * remaining(h, 0, r1, 1) + noise_2 * remaining(h, r1, r2, 1) +
         noise_3 * remaining(h, r2, 1, 1)) *
            next;
  }
  return x;
}

}  // namespace weft::sd
