// Solvers of the reverse SDE that use independent noise for every part of a step.
#include <ATen/ATen.h>

#include "nodes/sd/sampling/samplers/families.h"

namespace weft::sd {
namespace {

/// The noise scale, the function of sigma whose ratio says how much of x survives a step.
struct Survival {
  ErSdeKind kind;
  double eta;

  float operator()(float sigma) const {
    if (kind == ErSdeKind::ReverseTime) return scalar::pow(sigma, eta + 1);
    return sigma * (scalar::exp(scalar::pow(sigma, 0.3)) + 10);
  }
};

/// What er_sde integrates from `next` to `sigma`, as sums of 200 points: 1 / survival, and with it the distance to
/// sigma.
struct SurvivalIntegrals {
  float inverse, moment;

  SurvivalIntegrals(const Survival& survival, float sigma, float next) {
    constexpr int kPoints = 200;
    const float width = (sigma - next) / kPoints;
    double inverses = 0, moments = 0;
    for (int i = 0; i < kPoints; ++i) {
      const float point = static_cast<float>(i) * width + next, scale = survival(point);
      inverses += double{1 / scale};
      moments += double{(point - sigma) / scale};
    }
    inverse = static_cast<float>(inverses) * width;
    moment = static_cast<float>(moments) * width;
  }
};

/// The noise of a step's parts so far, moved on by -exponent in lambda: what there is fades, fresh noise
/// fills its variance up. Undefined: none yet.
at::Tensor gather(const at::Tensor& gathered, StepNoise& noise, float exponent) {
  const at::Tensor fresh = noise() * std::sqrt(-scalar::expm1(2 * exponent));
  return gathered.defined() ? gathered * scalar::exp(exponent) + fresh : fresh;
}

/// The exponential integrator's functions of a step, both times it.
float h_phi_1(float h) { return scalar::expm1(h); }
float h_phi_2(float h) { return (scalar::expm1(h) - h) / h; }

}  // namespace

/// Extended reverse-time SDE solver (Cui et al. 2023, arXiv:2309.06169).
at::Tensor er_sde(const SamplerCall& call, const ErSdeSettings& settings) {
  StepNoise noise = step_noise(call);
  const bool ode = settings.kind == ErSdeKind::ReverseTime && settings.noise.eta == 0;
  const float noise_scale = ode ? 0 : static_cast<float>(settings.noise.scale);
  const Survival survival{settings.kind, settings.noise.eta};
  at::Tensor x = call.x, last_x0, last_slope;
  const auto scaled_noise = [&](std::int64_t i) { return sigma_at(half_log_snr(call.sigmas[i])); };
  for (std::int64_t i = 0; i < call.steps(); ++i) {
    const at::Tensor x0 = call.evaluate(i, x);
    if (call.sigmas[i + 1] == 0) return x0;
    const float sigma = scaled_noise(i), next = scaled_noise(i + 1);
    const float alpha = call.sigmas[i + 1] / next, alpha_ratio = alpha / (call.sigmas[i] / sigma);
    const float ratio = survival(next) / survival(sigma), dt = next - sigma;
    x = x * (alpha_ratio * ratio) + x0 * (alpha * (1 - ratio));
    if (last_x0.defined() && settings.order >= 2) {
      const SurvivalIntegrals integrals(survival, sigma, next);
      const at::Tensor slope = (x0 - last_x0) / (sigma - scaled_noise(i - 1));
      x = x + slope * (alpha * (dt + integrals.inverse * survival(next)));
      if (last_slope.defined() && settings.order >= 3) {
        const at::Tensor curve = (slope - last_slope) / ((sigma - scaled_noise(i - 2)) / 2);
        x = x + curve * (alpha * (dt * dt / 2 + integrals.moment * survival(next)));
      }
      last_slope = slope;
    }
    const float variance = next * next - sigma * sigma * (ratio * ratio);
    if (noise_scale > 0) x = x + noise() * alpha * (noise_scale * std::sqrt(std::max(variance, 0.0f)));
    last_x0 = x0;
  }
  return x;
}

at::Tensor er_sde(const SamplerCall& call) { return er_sde(call, ErSdeSettings{}); }

/// SEEDS-2 (Gonzalez et al. 2023, arXiv:2305.14267): a second evaluation within the step.
at::Tensor seeds_2(const SamplerCall& call, const Seeds2Settings& settings) {
  StepNoise noise = step_noise(call);
  const bool noisy = settings.noise.eta > 0 && settings.noise.scale > 0;
  const auto eta = static_cast<float>(settings.noise.eta), scale = static_cast<float>(settings.noise.scale);
  const auto r = static_cast<float>(settings.r), share = static_cast<float>(1 / (2 * settings.r));
  at::Tensor x = call.x;
  for (std::int64_t i = 0; i < call.steps(); ++i) {
    const float sigma = call.sigmas[i], next = call.sigmas[i + 1];
    const at::Tensor x0 = call.evaluate(i, x);
    if (next == 0) return x0;
    const float lambda = half_log_snr(sigma), to = half_log_snr(next), h = to - lambda, h_eta = h * (eta + 1);
    const float lambda_1 = between(lambda, to, r), sigma_1 = sigma_at(lambda_1);

    at::Tensor gathered = noisy ? gather({}, noise, -r * h * eta) : at::Tensor();
    at::Tensor x_1 =
        x * (sigma_1 / sigma * scalar::exp(-r * h * eta)) - x0 * (signal(sigma_1, lambda_1) * h_phi_1(-r * h_eta));
    if (noisy) x_1 = x_1 + gathered * (sigma_1 * scale);
    const at::Tensor x0_1 = call.denoise(x_1, sigma_1);

    at::Tensor change;
    if (settings.second_order) {
      const float late = h_phi_2(-h_eta) / r, early = h_phi_1(-h_eta) - late;
      change = (x0 * early + x0_1 * late) * signal(next, to);
    } else {
      change = (share == 1 ? x0_1 : x0 + (x0_1 - x0) * share) * (signal(next, to) * h_phi_1(-h_eta));
    }
    x = x * (next / sigma * scalar::exp(-h * eta)) - change;
    if (noisy) x = x + gather(gathered, noise, (r - 1) * h * eta) * (next * scale);
  }
  return x;
}

at::Tensor seeds_2(const SamplerCall& call) { return seeds_2(call, Seeds2Settings{}); }

/// Heun's method for the exponential integrator, in x0 and lambda: SEEDS-2 whose second evaluation is at the step's end.
at::Tensor exp_heun_2_x0(const SamplerCall& call) {
  return seeds_2(call, {.second_order = true, .r = 1, .noise = {.eta = 0, .scale = 0}});
}
at::Tensor exp_heun_2_x0_sde(const SamplerCall& call) { return seeds_2(call, {.second_order = true, .r = 1}); }

/// SEEDS-3: evaluations after 1/3 and 2/3.
at::Tensor seeds_3(const SamplerCall& call) {
  const float r1 = 1 / 3.0f, r2 = 2 / 3.0f, third = r1;  // 1 - r2 would be a bit less than a third
  StepNoise noise = step_noise(call);
  at::Tensor x = call.x;
  for (std::int64_t i = 0; i < call.steps(); ++i) {
    const float sigma = call.sigmas[i], next = call.sigmas[i + 1];
    const at::Tensor x0 = call.evaluate(i, x);
    if (next == 0) return x0;
    const float lambda = half_log_snr(sigma), to = half_log_snr(next), h = to - lambda, h_eta = 2 * h;
    const float lambda_1 = between(lambda, to, r1), sigma_1 = sigma_at(lambda_1);
    const float lambda_2 = between(lambda, to, r2), sigma_2 = sigma_at(lambda_2);

    at::Tensor gathered = gather({}, noise, -r1 * h);
    const at::Tensor x_1 = x * (sigma_1 / sigma * scalar::exp(-r1 * h)) -
        x0 * (signal(sigma_1, lambda_1) * h_phi_1(-r1 * h_eta)) + gathered * sigma_1;
    const at::Tensor x0_1 = call.denoise(x_1, sigma_1);

    gathered = gather(gathered, noise, -third * h);
    const float share_1 = r2 / r1 * h_phi_2(-r2 * h_eta), rest_1 = h_phi_1(-r2 * h_eta) - share_1;
    const at::Tensor x_2 = x * (sigma_2 / sigma * scalar::exp(-r2 * h)) -
        (x0 * rest_1 + x0_1 * share_1) * signal(sigma_2, lambda_2) + gathered * sigma_2;
    const at::Tensor x0_2 = call.denoise(x_2, sigma_2);

    gathered = gather(gathered, noise, -third * h);
    const float share_2 = h_phi_2(-h_eta) / r2, rest_2 = h_phi_1(-h_eta) - share_2;
    x = x * (next / sigma * scalar::exp(-h)) - (x0 * rest_2 + x0_2 * share_2) * signal(next, to) + gathered * next;
  }
  return x;
}

}  // namespace weft::sd
