// DPM-Solver (Lu et al. 2022, arXiv:2206.00927) in lambda = -log sigma, with its own choice of steps: only
// the first sigma, the last above 0 and (for dpm_fast) their number are taken from the schedule.
#include <ATen/ATen.h>

#include <fmt/format.h>

#include <array>
#include <stdexcept>

#include "base/error.h"
#include "nodes/sd/sampling/samplers/families.h"

namespace weft::sd {
namespace {

at::Tensor eps_at(const SamplerCall& call, const at::Tensor& x, float lambda) {
  return (x - call.denoise(x, sigma_at(lambda))) / sigma_at(lambda);
}

/// A step of h to the lambda `next`. Where that is lambda + h rounded, next - lambda would be h with fewer digits.
at::Tensor first_order(const at::Tensor& x, const at::Tensor& eps, float next, float h) {
  return x - eps * (sigma_at(next) * scalar::expm1(h));
}

/// Second order, with an intermediate evaluation after a share r of the step; `eps_r` is what it saw.
at::Tensor second_order(
    const at::Tensor& x, const at::Tensor& eps, const at::Tensor& eps_r, float lambda, float next, float r) {
  const float sigma = sigma_at(next), change = scalar::expm1(next - lambda);
  return x - eps * (sigma * change) - (eps_r - eps) * (sigma / (2 * r) * change);
}

at::Tensor eps_after(
    const SamplerCall& call, const at::Tensor& x, const at::Tensor& eps, float lambda, float next, float r) {
  const float h = r * (next - lambda), middle = lambda + h;
  return eps_at(call, first_order(x, eps, middle, h), middle);
}

/// Third order with evaluations after 1/3 (given: `eps_1`) and 2/3 of the step.
at::Tensor third_order(const SamplerCall& call, const at::Tensor& x, const at::Tensor& eps, const at::Tensor& eps_1,
    float lambda, float next) {
  const float r1 = 1.0f / 3, r2 = 2.0f / 3, h = next - lambda, s2 = lambda + r2 * h;
  const at::Tensor u2 = x - eps * (sigma_at(s2) * scalar::expm1(r2 * h)) -
      (eps_1 - eps) * (sigma_at(s2) * (r2 / r1) * (scalar::expm1(r2 * h) / (r2 * h) - 1));
  const at::Tensor eps_2 = eps_at(call, u2, s2);
  return x - eps * (sigma_at(next) * scalar::expm1(h)) -
      (eps_2 - eps) * (sigma_at(next) / r2 * (scalar::expm1(h) / h - 1));
}

constexpr int kMostRejections = 100;  // in a row: such steps have become too short to matter

/// With a single step there is nothing between the first sigma and the last above 0.
bool only_one_step(const SamplerCall& call) { return call.steps() == 1 && call.sigmas.back() == 0; }

float last_above_zero(const SamplerCall& call) {
  return call.sigmas.back() == 0 ? call.sigmas[call.sigmas.size() - 2] : call.sigmas.back();
}

at::Tensor evaluate_eps(const SamplerCall& call, const at::Tensor& x, float lambda, std::int64_t step) {
  const float sigma = sigma_at(lambda);
  const at::Tensor x0 = call.denoise(x, sigma);
  call.report(std::min(step, call.steps() - 1), sigma, x, x0);
  return (x - x0) / sigma;
}

/// In one order on every processor.
float root_mean_square(const at::Tensor& x) {
  const at::Tensor values = x.to(at::kCPU, at::kFloat).contiguous();
  double sum = 0;
  for (std::int64_t i = 0; i < values.numel(); ++i) {
    const double value{values.const_data_ptr<float>()[i]};
    sum += value * value;
  }
  return static_cast<float>(std::sqrt(sum / static_cast<double>(values.numel())));
}

/// A controller of step length from the history of errors (Söderlind 2003).
class StepLength {
 public:
  StepLength(const AdaptiveSettings& settings, bool forward)
      : safety_(settings.accept_safety), h_(static_cast<float>(std::abs(settings.first_step) * (forward ? 1 : -1))) {
    const double order = settings.noise.eta > 0 ? 1.5 : settings.order;
    powers_[0] = (settings.proportional + settings.integral + settings.derivative) / order;
    powers_[1] = -(settings.proportional + 2 * settings.derivative) / order;
    powers_[2] = settings.derivative / order;
  }

  float h() const { return h_; }

  bool accepts(float error) {
    const double inverse = 1 / (error + 1e-8);
    if (inverses_[0] == 0) inverses_.fill(inverse);
    inverses_[0] = inverse;
    double factor = 1;
    for (std::size_t i = 0; i < inverses_.size(); ++i) factor *= std::pow(inverses_[i], powers_[i]);
    const double limited = 1 + std::atan(factor - 1);
    h_ = static_cast<float>(h_ * limited);
    const bool accepted = limited >= safety_;
    if (accepted) {
      inverses_[2] = inverses_[1];
      inverses_[1] = inverses_[0];
    }
    return accepted;
  }

 private:
  double safety_;
  float h_;
  std::array<double, 3> powers_, inverses_{};  ///< of this step's error and of the two accepted before
};

}  // namespace

/// As many evaluations as the schedule has steps, in even steps of third order and a rest of lower order.
at::Tensor dpm_fast(const SamplerCall& call) {
  if (only_one_step(call)) return call.evaluate(0, call.x);
  const std::int64_t evaluations = call.steps(), rest = evaluations % 3;
  std::vector<std::int64_t> orders(evaluations / 3 - (rest == 0 ? 1 : 0), 3);
  if (rest == 0) {
    orders.insert(orders.end(), {2, 1});
  } else {
    orders.push_back(rest);
  }
  const std::vector<float> lambdas = scalar::linspace(
      half_log_snr(call.sigmas[0]), half_log_snr(last_above_zero(call)), static_cast<std::int64_t>(orders.size()) + 1);
  at::Tensor x = call.x;
  for (std::size_t i = 0; i < orders.size(); ++i) {
    const float lambda = lambdas[i], next = lambdas[i + 1];
    const at::Tensor eps = evaluate_eps(call, x, lambda, i);
    if (orders[i] == 1) {
      x = first_order(x, eps, next, next - lambda);
    } else if (orders[i] == 2) {
      x = second_order(x, eps, eps_after(call, x, eps, lambda, next, 0.5f), lambda, next, 0.5f);
    } else {
      x = third_order(call, x, eps, eps_after(call, x, eps, lambda, next, 1.0f / 3), lambda, next);
    }
  }
  return x;
}

/// Steps as long as the difference between two orders allows.
at::Tensor dpm_adaptive(const SamplerCall& call, const AdaptiveSettings& settings) {
  if (only_one_step(call)) return call.evaluate(0, call.x);
  if (settings.rtol <= 0 && settings.atol <= 0)
    throw NodeError("dpm_adaptive is allowed no error at all", "give an rtol or an atol above 0");
  const float end = half_log_snr(last_above_zero(call)), r = settings.order == 2 ? 0.5f : 1.0f / 3;
  const auto scale = static_cast<float>(settings.noise.scale);
  float lambda = half_log_snr(call.sigmas[0]);
  const bool forward = end > lambda;
  if (!forward && settings.noise.eta > 0)
    throw NodeError("dpm_adaptive cannot add noise on a way to more noise", "set eta to 0");
  StepNoise noise = step_noise(call);
  at::Tensor x = call.x, previous = call.x;
  StepLength length(settings, forward);
  int rejected = 0;
  for (std::int64_t step = 0; forward ? lambda < end - 1e-5f : lambda > end + 1e-5f;) {
    const float next = forward ? std::min(end, lambda + length.h()) : std::max(end, lambda + length.h());
    float down = next, up = 0;
    if (settings.noise.eta > 0) {
      down = std::min(end, half_log_snr(ancestral_step(sigma_at(lambda), sigma_at(next), settings.noise.eta).down));
      up = std::sqrt(sigma_at(next) * sigma_at(next) - sigma_at(down) * sigma_at(down));
    }
    const at::Tensor eps = evaluate_eps(call, x, lambda, step);
    const at::Tensor eps_1 = eps_after(call, x, eps, lambda, down, r);
    at::Tensor low, high;
    if (settings.order == 2) {
      low = first_order(x, eps, down, down - lambda);
      high = second_order(x, eps, eps_1, lambda, down, r);
    } else {
      low = second_order(x, eps, eps_1, lambda, down, r);
      high = third_order(call, x, eps, eps_1, lambda, down);
    }
    const at::Tensor tolerance =
        at::maximum(low.abs(), previous.abs()).mul(settings.rtol).clamp_min(static_cast<float>(settings.atol));
    const float error = root_mean_square((low - high) / tolerance);
    if (std::isnan(error)) throw std::runtime_error("the model's answer is not a number (NaN): try dtype float32");
    if (!length.accepts(error)) {
      if (++rejected <= kMostRejections) continue;
      throw NodeError(fmt::format("dpm_adaptive has rejected {} steps one after another", kMostRejections),
          "give larger rtol and atol, or an accept_safety below 1");
    }
    rejected = 0;
    previous = low;
    x = up > 0 ? high + noise() * (up * scale) : high;
    lambda = next;
    ++step;
  }
  return x;
}

at::Tensor dpm_adaptive(const SamplerCall& call) { return dpm_adaptive(call, AdaptiveSettings{}); }

}  // namespace weft::sd
