// Solvers of the reverse SDE that use independent noise for every part of a step.
#include <torch/torch.h>

#include "nodes/sd/samplers/families.h"

namespace weft::sd {
namespace {

/// ER-SDE's noise scale (its "SDE-5"), the function of sigma whose ratio says how much of x survives a step.
float survival(float sigma) { return sigma * (std::exp(std::pow(sigma, 0.3f)) + 10); }

/// The deviation that noise of a share `a` to `b` of a step of length h in lambda has at a later share `at`.
float remaining(float h, float a, float b, float at) {
  return std::sqrt(std::exp(-2 * h * (at - b)) - std::exp(-2 * h * (at - a)));
}

}  // namespace

/// Extended reverse-time SDE solver, third order (Cui et al. 2023, arXiv:2309.06169).
at::Tensor er_sde(const SamplerCall& call) {
  constexpr int kPoints = 200;
  StepNoise noise = step_noise(call);
  at::Tensor x = call.x, last_x0, last_slope;
  for (int64_t i = 0; i < call.steps(); ++i) {
    const float sigma = call.sigmas[i], next = call.sigmas[i + 1];
    const at::Tensor x0 = call.evaluate(i, x);
    if (next == 0) return x0;
    const float ratio = survival(next) / survival(sigma), dt = next - sigma, width = -dt / kPoints;
    x = x * ratio + x0 * (1 - ratio);
    if (last_x0.defined()) {
      double integral = 0, moment = 0;
      for (int p = 0; p < kPoints; ++p) {
        const float s = next + p * width, inverse = 1 / survival(s);
        integral += inverse;
        moment += (s - sigma) * inverse;
      }
      const auto s = static_cast<float>(integral * width), s_u = static_cast<float>(moment * width);
      const at::Tensor slope = (x0 - last_x0) / (sigma - call.sigmas[i - 1]);
      x = x + slope * (dt + s * survival(next));
      if (last_slope.defined()) {
        const at::Tensor curve = (slope - last_slope) / ((sigma - call.sigmas[i - 2]) / 2);
        x = x + curve * (dt * dt / 2 + s_u * survival(next));
      }
      last_slope = slope;
    }
    x = x + noise() * std::sqrt(std::max(next * next - sigma * sigma * ratio * ratio, 0.0f));
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
    const at::Tensor x_2 = x * (middle / sigma * std::exp(-r * h)) - x0 * std::expm1(-r * 2 * h) +
                           noise_1 * (middle * remaining(h, 0, r, r));
    const at::Tensor x0_2 = call.denoise(x_2, middle);
    x = x * (next / sigma * std::exp(-h)) - x0_2 * std::expm1(-2 * h) +
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
      return x * (to / sigma * std::exp(-share * h)) - x0 * std::expm1(-share * h_eta);
    };
    const at::Tensor x_1 = carry(sigma_1, r1) + noise_1 * (sigma_1 * remaining(h, 0, r1, r1));
    const at::Tensor x0_1 = call.denoise(x_1, sigma_1);
    const at::Tensor x_2 = carry(sigma_2, r2) +
                           (x0_1 - x0) * (r2 / r1 * (std::expm1(-r2 * h_eta) / (r2 * h_eta) + 1)) +
                           (noise_1 * remaining(h, 0, r1, r2) + noise_2 * remaining(h, r1, r2, r2)) * sigma_2;
    const at::Tensor x0_2 = call.denoise(x_2, sigma_2);
    x = carry(next, 1) + (x0_2 - x0) * (1 / r2 * (std::expm1(-h_eta) / h_eta + 1)) +
        (noise_1 * remaining(h, 0, r1, 1) + noise_2 * remaining(h, r1, r2, 1) +
         noise_3 * remaining(h, r2, 1, 1)) *
            next;
  }
  return x;
}

}  // namespace weft::sd
