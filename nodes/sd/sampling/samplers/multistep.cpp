// Linear multistep (Adams-Bashforth) samplers: one evaluation a step; the derivatives of earlier steps are
// extrapolated over this one.
#include <ATen/ATen.h>

#include <boost/math/quadrature/gauss_kronrod.hpp>
#include <deque>
#include <span>
#include <vector>

#include "nodes/sd/sampling/samplers/families.h"

namespace weft::sd {
namespace {

/// The last `order` derivatives, newest first.
class History {
 public:
  explicit History(std::size_t order) : order_(order) {}

  void push(const at::Tensor& d) {
    derivatives_.push_front(d);
    if (derivatives_.size() > order_) derivatives_.pop_back();
  }
  std::size_t size() const { return derivatives_.size(); }

  template <class Number>
  at::Tensor weighted(const std::vector<Number>& weights) const {
    at::Tensor sum = derivatives_[0] * weights[0];
    for (std::size_t j = 1; j < weights.size(); ++j) sum = sum + derivatives_[j] * weights[j];
    return sum;
  }

 private:
  std::size_t order_;
  std::deque<at::Tensor> derivatives_;
};

/// The sigmas of steps i, i - 1, ...
std::vector<float> recent(const SamplerCall& call, std::int64_t i, std::size_t count) {
  std::vector<float> sigmas;
  for (std::size_t k = 0; k < count; ++k) sigmas.push_back(call.sigmas[i - static_cast<std::int64_t>(k)]);
  return sigmas;
}

/// The Lagrange polynomial that is 1 at times[j] and 0 at the others.
float lagrange(std::span<const float> times, std::size_t j, float t) {
  float product = 1;
  for (std::size_t k = 0; k < times.size(); ++k) {
    if (k != j) product = product * ((t - times[k]) / (times[j] - times[k]));
  }
  return product;
}

/// The integrals of the Lagrange polynomials over the step: exact but for float32's rounding of the
/// integrand.
std::vector<double> adams_weights(std::span<const float> times, float a, float b) {
  std::vector<double> weights;
  for (std::size_t j = 0; j < times.size(); ++j) {
    const auto polynomial = [&](double t) -> double { return lagrange(times, j, static_cast<float>(t)); };
    weights.push_back(
        boost::math::quadrature::gauss_kronrod<double, 21>::integrate(polynomial, double{a}, double{b}, 0));
  }
  return weights;
}

/// The weights of uneven steps up to fourth order, newest first, as published with iPNDM's code: near to
/// those of Adams-Bashforth, but not equal.
std::vector<float> ipndm_v_weights(std::span<const float> times, float next) {
  if (times.size() == 1) return {1};
  const float h = next - times[0], h1 = times[0] - times[1], ratio = h / h1;
  if (times.size() == 2) return {(2 + ratio) / 2, -ratio / 2};
  const float h2 = times[1] - times[2];
  const float third = (1 - h / (3 * (h + h1)) * (h * (h + h1)) / (h1 * (h1 + h2))) / 2;
  std::vector<float> weights{(2 + ratio) / 2 + third, -ratio / 2 - (1 + h1 / h2) * third, third * h1 / h2};
  if (times.size() == 3) return weights;
  const float h3 = times[2] - times[3], skew = h1 * (h1 + h2) / (h2 * (h2 + h3));
  const float fourth = ((1 - h / (3 * (h + h1))) / 2 + (1 - h / (2 * (h + h1))) * h / (6 * (h + h1 + h2))) *
      (h * (h + h1) * (h + h1 + h2)) / (h1 * (h1 + h2) * (h1 + h2 + h3));
  weights[0] += fourth;
  weights[1] -= (1 + h1 / h2 + skew) * fourth;
  weights[2] += (h1 / h2 + skew * (1 + h2 / h3)) * fourth;
  weights.push_back(-fourth * skew * h1 / h2);
  return weights;
}

/// The variance preserving diffusion that DEIS integrates in: time t in [0.001, 1] of a linear beta whose
/// ends have sigma 0.002 and 80.
struct VpTime {
  double slope, beta_min;

  VpTime() {
    const double epsilon = 1e-3, low = std::log(0.002 * 0.002 + 1), high = std::log(80.0 * 80.0 + 1);
    slope = 2 * (low / epsilon - high) / (epsilon - 1);
    beta_min = high - 0.5 * slope;
  }

  float at_sigma(float sigma) const {
    const float log_scale = scalar::log(sigma * sigma + 1);
    return (std::sqrt(log_scale * float(2 * slope) + float(beta_min * beta_min)) - float(beta_min)) / float(slope);
  }

  /// d sigma / dt, in terms of alpha, the share of signal variance.
  float integrand(float t) const {
    const float alpha = scalar::exp(t * t * float(-0.5 * slope) - t * float(beta_min));
    return (t * float(slope) + float(beta_min)) * 0.5f / std::sqrt(alpha * (1 - alpha));
  }
};

/// Zhang & Chen 2023, arXiv:2204.13902 (tAB): Lagrange polynomials in VP time, integrated as a sum of 10,000.
std::vector<float> deis_weights(const VpTime& vp, const std::vector<float>& sigmas, float next) {
  constexpr std::int64_t kPoints = 10000;
  std::vector<float> times;
  for (float sigma : sigmas) times.push_back(vp.at_sigma(sigma));
  const float end = vp.at_sigma(next), width = (end - times[0]) / kPoints;
  std::vector<double> sums(times.size());
  for (float t : scalar::linspace(times[0], end, kPoints)) {
    const float slope = vp.integrand(t);
    for (std::size_t j = 0; j < times.size(); ++j) sums[j] += double{slope * lagrange(times, j, t)};
  }
  std::vector<float> weights;
  for (double sum : sums) weights.push_back(static_cast<float>(sum) * width);
  return weights;
}

}  // namespace

/// Linear multistep (Katherine Crowson's k-diffusion), with the weights of the actual sigmas.
at::Tensor lms(const SamplerCall& call, std::size_t order) {
  at::Tensor x = call.x;
  History history(order);
  for (std::int64_t i = 0; i < call.steps(); ++i) {
    const float sigma = call.sigmas[i], next = call.sigmas[i + 1];
    const at::Tensor x0 = call.evaluate(i, x);
    if (next == 0) return x0;
    history.push(derivative(x, sigma, x0));
    x = x + history.weighted(adams_weights(recent(call, i, history.size()), sigma, next));
  }
  return x;
}

at::Tensor lms(const SamplerCall& call) { return lms(call, 4); }

/// Pseudo linear multistep (Liu et al. 2022, arXiv:2202.09778; Zhang & Chen 2023): the weights of even steps.
at::Tensor ipndm(const SamplerCall& call) {
  const std::vector<double> weights[] = {{1}, {3, -1}, {23, -16, 5}, {55, -59, 37, -9}};
  const double divisors[] = {1, 2, 12, 24};
  at::Tensor x = call.x;
  History history(4);
  for (std::int64_t i = 0; i < call.steps(); ++i) {
    const float sigma = call.sigmas[i], next = call.sigmas[i + 1];
    const at::Tensor x0 = call.evaluate(i, x);
    if (next == 0) return x0;
    history.push(derivative(x, sigma, x0));
    const std::size_t order = history.size() - 1;
    x = x + history.weighted(weights[order]) * (next - sigma) / divisors[order];
  }
  return x;
}

at::Tensor ipndm_v(const SamplerCall& call) {
  at::Tensor x = call.x;
  History history(4);
  for (std::int64_t i = 0; i < call.steps(); ++i) {
    const float sigma = call.sigmas[i], next = call.sigmas[i + 1];
    const at::Tensor x0 = call.evaluate(i, x);
    if (next == 0) return x0;
    history.push(derivative(x, sigma, x0));
    x = x + history.weighted(ipndm_v_weights(recent(call, i, history.size()), next)) * (next - sigma);
  }
  return x;
}

at::Tensor deis(const SamplerCall& call) {
  const VpTime vp;
  at::Tensor x = call.x;
  History history(3);
  for (std::int64_t i = 0; i < call.steps(); ++i) {
    const float sigma = call.sigmas[i], next = call.sigmas[i + 1];
    const at::Tensor d = derivative(x, sigma, call.evaluate(i, x));
    history.push(d);
    if (history.size() == 1 || next == 0) {
      x = x + d * (next - sigma);
    } else {
      x = x + history.weighted(deis_weights(vp, recent(call, i, history.size()), next));
    }
  }
  return x;
}

}  // namespace weft::sd
