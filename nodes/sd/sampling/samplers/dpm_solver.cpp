// DPM-Solver (Lu et al. 2022, arXiv:2206.00927) in lambda = -log sigma, with its own choice of steps: only
// the first sigma, the last above 0 and (for dpm_fast) their number are taken from the schedule.
#include <ATen/ATen.h>

#include <stdexcept>

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

/// A controller of step length from the history of errors (Söderlind 2003), integral part only.
class StepLength {
 public:
  explicit StepLength(float h) : h_(h) {}

  float h() const { return h_; }

  bool accepts(float error) {
    const double factor = std::pow(1 / (error + 1e-8), 1.0 / 3);
    const double limited = 1 + std::atan(factor - 1);
    h_ = static_cast<float>(h_ * limited);
    return limited >= 0.81;
  }

 private:
  float h_;
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

/// Third order with steps as long as the difference to second order allows (rtol 0.05, atol 0.0078).
at::Tensor dpm_adaptive(const SamplerCall& call) {
  if (only_one_step(call)) return call.evaluate(0, call.x);
  const float end = half_log_snr(last_above_zero(call)), r = 1.0f / 3;
  float lambda = half_log_snr(call.sigmas[0]);
  at::Tensor x = call.x, previous = call.x;
  StepLength length(0.05f);
  for (std::int64_t step = 0; lambda < end - 1e-5f;) {
    const float next = std::min(end, lambda + length.h());
    const at::Tensor eps = evaluate_eps(call, x, lambda, step);
    const at::Tensor eps_1 = eps_after(call, x, eps, lambda, next, r);
    const at::Tensor low = second_order(x, eps, eps_1, lambda, next, r);
    const at::Tensor high = third_order(call, x, eps, eps_1, lambda, next);
    const at::Tensor tolerance = at::maximum(low.abs(), previous.abs()).mul(0.05).clamp_min(0.0078);
    const float error = root_mean_square((low - high) / tolerance);
    if (std::isnan(error)) throw std::runtime_error("the model's answer is not a number (NaN): try dtype float32");
    if (!length.accepts(error)) continue;
    previous = low;
    x = high;
    lambda = next;
    ++step;
  }
  return x;
}

}  // namespace weft::sd
