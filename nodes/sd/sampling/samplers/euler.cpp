// Samplers of first order: one evaluation a step, a straight line to the next noise level.
#include <ATen/ATen.h>

#include <span>
#include <stdexcept>

#include "nodes/sd/sampling/samplers/families.h"

namespace weft::sd {
namespace {

/// cfg++: the step goes from the guided x0 along the noise that the negative side sees.
at::Tensor euler_cfg_pp(const SamplerCall& call, const StepNoiseSettings& settings) {
  StepNoise noise = step_noise(call);
  const auto scale = static_cast<float>(settings.scale);
  at::Tensor x = call.x;
  for (std::int64_t i = 0; i < call.steps(); ++i) {
    const float sigma = call.sigmas[i], next = call.sigmas[i + 1];
    const Guided guided = call.evaluate_guided(i, x);
    if (next == 0) return guided.x0;
    const float alpha = signal(sigma, half_log_snr(sigma)), next_alpha = signal(next, half_log_snr(next));
    const at::Tensor d = derivative(x, sigma, guided.x0_negative * alpha);
    const AncestralStep step = ancestral_step(sigma / alpha, next / next_alpha, settings.eta);
    x = guided.x0 * next_alpha + d * (next_alpha * step.down);
    if (settings.eta > 0 && scale > 0) x = x + noise() * next_alpha * (scale * step.up);
  }
  return x;
}

/// The standard deviation of all numbers, summed in one order on every processor.
double deviation(const at::Tensor& x) {
  const at::Tensor values = x.to(at::kCPU, at::kFloat).contiguous();
  const std::span<const float> all(values.const_data_ptr<float>(), static_cast<std::size_t>(values.numel()));
  double sum = 0, squares = 0;
  for (const float value : all) sum += value;
  const double mean = sum / static_cast<double>(all.size());
  for (const float value : all) squares += (value - mean) * (value - mean);
  return std::sqrt(squares / static_cast<double>(std::max<std::size_t>(all.size() - 1, 1)));
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

at::Tensor euler_cfg_pp(const SamplerCall& call) { return euler_cfg_pp(call, {.eta = 0}); }

at::Tensor euler_ancestral(const SamplerCall& call, const StepNoiseSettings& settings) {
  StepNoise noise = step_noise(call);
  const auto scale = static_cast<float>(settings.scale);
  at::Tensor x = call.x;
  for (std::int64_t i = 0; i < call.steps(); ++i) {
    const float sigma = call.sigmas[i], next = call.sigmas[i + 1];
    const at::Tensor x0 = call.evaluate(i, x);
    const AncestralStep step = ancestral_step(sigma, next, settings.eta);
    if (step.down == 0) {  // also for a first sigma thousands of times as large as the next
      x = x0;
      continue;
    }
    x = x + derivative(x, sigma, x0) * (step.down - sigma) + noise() * (scale * step.up);
  }
  return x;
}

at::Tensor euler_ancestral(const SamplerCall& call) { return euler_ancestral(call, StepNoiseSettings{}); }

at::Tensor euler_ancestral_cfg_pp(const SamplerCall& call, const StepNoiseSettings& noise) {
  return euler_cfg_pp(call, noise);
}
at::Tensor euler_ancestral_cfg_pp(const SamplerCall& call) { return euler_cfg_pp(call, StepNoiseSettings{}); }

at::Tensor euler_cfg_pp_alternative(const SamplerCall& call) {
  at::Tensor x = call.x;
  for (std::int64_t i = 0; i < call.steps(); ++i) {
    const float sigma = call.sigmas[i], next = call.sigmas[i + 1];
    const Guided guided = call.evaluate_guided(i, x);
    x = x + derivative(x - guided.x0 + guided.x0_negative, sigma, guided.x0) * (next - sigma);
  }
  return x;
}

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
at::Tensor lcm(const SamplerCall& call, const LcmSettings& settings) {
  StepNoise noise = step_noise(call);
  at::Tensor x = call.x;
  for (std::int64_t i = 0; i < call.steps(); ++i) {
    x = call.evaluate(i, x);
    if (call.sigmas[i + 1] == 0) continue;
    const double share = call.steps() > 1 ? static_cast<double>(i) / static_cast<double>(call.steps() - 1) : 0;
    const double scale = settings.noise_scale + (settings.last_noise_scale - settings.noise_scale) * share;
    at::Tensor fresh = noise();
    if (settings.clip_deviations > 0) {
      const double most = settings.clip_deviations * deviation(fresh);
      fresh = fresh.clamp(-most, most);
    }
    x = x + fresh * static_cast<float>(scale) * call.sigmas[i + 1];
  }
  return x;
}

at::Tensor lcm(const SamplerCall& call) { return lcm(call, LcmSettings{}); }

at::Tensor tcd(const SamplerCall& call, double eta) {
  if (call.table == nullptr) throw std::logic_error("tcd needs SamplerCall::table");
  StepNoise noise = step_noise(call);
  at::Tensor x = call.x;
  for (std::int64_t i = 0; i < call.steps(); ++i) {
    const float sigma = call.sigmas[i], next = call.sigmas[i + 1];
    const at::Tensor x0 = call.evaluate(i, x);
    if (next == 0) return x0;
    const double time = std::floor((1 - eta) * double{call.table->timestep(next)});
    const float down = std::min(call.table->sigma(static_cast<float>(time)), next);
    x = x0 + derivative(x, sigma, x0) * down;
    if (down < next) x = x + noise() * std::sqrt(next * next - down * down);
  }
  return x;
}

}  // namespace weft::sd
