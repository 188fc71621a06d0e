// Linear multistep (Adams-Bashforth) samplers: one evaluation a step; the derivatives of earlier steps are
// extrapolated over this one.
#include <torch/torch.h>

#include <array>
#include <deque>
#include <span>

#include "nodes/sd/samplers/families.h"

namespace weft::sd {
namespace {

/// The Lagrange polynomial at t that is 1 at times[j] and 0 at the others.
double lagrange(std::span<const double> times, size_t j, double t) {
  double product = 1;
  for (size_t k = 0; k < times.size(); ++k) {
    if (k != j) product *= (t - times[k]) / (times[j] - times[k]);
  }
  return product;
}

/// The integrals of the Lagrange polynomials from a to b: Gauss-Legendre with two points, exact to degree 3.
std::vector<double> adams_weights(std::span<const double> times, double a, double b) {
  const double middle = (a + b) / 2, half = (b - a) / 2, offset = half / std::sqrt(3.0);
  std::vector<double> weights;
  for (size_t j = 0; j < times.size(); ++j) {
    weights.push_back(half * (lagrange(times, j, middle - offset) + lagrange(times, j, middle + offset)));
  }
  return weights;
}

/// The last `order` derivatives, newest first.
class History {
 public:
  explicit History(size_t order) : order_(order) {}

  void push(const at::Tensor& d) {
    derivatives_.push_front(d);
    if (derivatives_.size() > order_) derivatives_.pop_back();
  }
  size_t size() const { return derivatives_.size(); }

  at::Tensor weighted(std::span<const double> weights) const {
    at::Tensor sum = derivatives_[0] * weights[0];
    for (size_t j = 1; j < weights.size(); ++j) sum = sum + derivatives_[j] * weights[j];
    return sum;
  }

 private:
  size_t order_;
  std::deque<at::Tensor> derivatives_;
};

/// The sigmas of steps i, i - 1, ...
std::vector<double> recent(const SamplerCall& call, int64_t i, size_t count) {
  std::vector<double> sigmas;
  for (size_t k = 0; k < count; ++k) sigmas.push_back(call.sigmas[i - static_cast<int64_t>(k)]);
  return sigmas;
}

/// Fourth order with the weights that belong to the actual, uneven sigmas.
at::Tensor variable_adams(const SamplerCall& call) {
  at::Tensor x = call.x;
  History history(4);
  for (int64_t i = 0; i < call.steps(); ++i) {
    const float sigma = call.sigmas[i], next = call.sigmas[i + 1];
    const at::Tensor x0 = call.evaluate(i, x);
    if (next == 0) return x0;
    history.push(derivative(x, sigma, x0));
    x = x + history.weighted(adams_weights(recent(call, i, history.size()), sigma, next));
  }
  return x;
}

/// The variance preserving diffusion that DEIS integrates in: time t in [0.001, 1] of a linear beta whose
/// ends have sigma 0.002 and 80.
struct VpTime {
  double beta_slope, beta_min;

  VpTime() {
    const double epsilon = 1e-3, low = std::log(0.002 * 0.002 + 1), high = std::log(80.0 * 80.0 + 1);
    beta_slope = 2 * (low / epsilon - high) / (epsilon - 1);
    beta_min = high - 0.5 * beta_slope;
  }
  double at_sigma(double sigma) const {
    return (std::sqrt(beta_min * beta_min + 2 * beta_slope * std::log(sigma * sigma + 1)) - beta_min) /
           beta_slope;
  }
  /// d sigma / dt of the exponential integrator, in terms of alpha (the share of signal variance).
  double integrand(double t) const {
    const double log_alpha = -0.5 * t * t * beta_slope - t * beta_min;
    const double alpha = std::exp(log_alpha);
    return 0.5 * (t * beta_slope + beta_min) / std::sqrt(alpha * (1 - alpha));
  }
};

/// Zhang & Chen 2023, arXiv:2204.13902 (tAB): Lagrange polynomials in VP time, integrated as a sum of 10,000.
std::vector<double> deis_weights(const VpTime& vp, std::span<const double> times, double a, double b) {
  constexpr int64_t kPoints = 10000;
  std::vector<double> weights(times.size(), 0);
  for (int64_t p = 0; p < kPoints; ++p) {
    const double t = a + (b - a) * p / (kPoints - 1), slope = vp.integrand(t);
    for (size_t j = 0; j < times.size(); ++j) weights[j] += slope * lagrange(times, j, t);
  }
  for (double& weight : weights) weight *= (b - a) / kPoints;
  return weights;
}

}  // namespace

/// Linear multistep of order 4 (Katherine Crowson's k-diffusion).
at::Tensor lms(const SamplerCall& call) { return variable_adams(call); }

/// Pseudo linear multistep (Liu et al. 2022, arXiv:2202.09778; Zhang & Chen 2023): the weights of even steps.
at::Tensor ipndm(const SamplerCall& call) {
  static constexpr std::array<std::array<double, 4>, 4> kWeights{{
      {1},
      {3 / 2., -1 / 2.},
      {23 / 12., -16 / 12., 5 / 12.},
      {55 / 24., -59 / 24., 37 / 24., -9 / 24.},
  }};
  at::Tensor x = call.x;
  History history(4);
  for (int64_t i = 0; i < call.steps(); ++i) {
    const float sigma = call.sigmas[i], next = call.sigmas[i + 1];
    const at::Tensor x0 = call.evaluate(i, x);
    if (next == 0) return x0;
    history.push(derivative(x, sigma, x0));
    const auto weights = std::span(kWeights[history.size() - 1]).first(history.size());
    x = x + history.weighted(weights) * (next - sigma);
  }
  return x;
}

at::Tensor ipndm_v(const SamplerCall& call) { return variable_adams(call); }

at::Tensor deis(const SamplerCall& call) {
  const VpTime vp;
  at::Tensor x = call.x;
  History history(3);
  for (int64_t i = 0; i < call.steps(); ++i) {
    const float sigma = call.sigmas[i], next = call.sigmas[i + 1];
    history.push(derivative(x, sigma, call.evaluate(i, x)));
    if (history.size() == 1 || next == 0) {
      x = x + history.weighted(std::array{1.0}) * (next - sigma);
      continue;
    }
    std::vector<double> times = recent(call, i, history.size());
    for (double& time : times) time = vp.at_sigma(time);
    x = x + history.weighted(deis_weights(vp, times, times[0], vp.at_sigma(next)));
  }
  return x;
}

}  // namespace weft::sd
