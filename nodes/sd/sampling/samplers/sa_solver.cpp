// SA-Solver (Xue et al. 2023, arXiv:2309.05019): Adams predictor and corrector of the reverse SDE, with noise
// only in the middle of sampling.
#include <ATen/ATen.h>

#include <boost/math/quadrature/gauss.hpp>
#include <stdexcept>
#include <utility>

#include "nodes/sd/sampling/samplers/families.h"

namespace weft::sd {
namespace {

/// Evaluated points, oldest first.
struct Points {
  std::vector<double> lambdas;
  std::vector<at::Tensor> x0s;

  void push(double lambda, const at::Tensor& x0) {
    lambdas.push_back(lambda);
    x0s.push_back(x0);
  }

  /// The x0 that the newest `count` points contribute between two lambdas: the integral of
  /// (1 + tau^2) e^((1 + tau^2) (l - to)) times their Lagrange polynomial (the paper's eq. 14).
  at::Tensor contribution(std::size_t count, double from, double to, double tau) const {
    const double rate = 1 + tau * tau;
    const std::size_t first = lambdas.size() - count;
    at::Tensor sum;
    for (std::size_t j = first; j < lambdas.size(); ++j) {
      const auto integrand = [&](double l) {
        double product = rate * std::exp(rate * (l - to));
        for (std::size_t k = first; k < lambdas.size(); ++k) {
          if (k != j) product *= (l - lambdas[k]) / (lambdas[j] - lambdas[k]);
        }
        return product;
      };
      const at::Tensor term = x0s[j] * boost::math::quadrature::gauss<double, 20>::integrate(integrand, from, to);
      sum = sum.defined() ? sum + term : term;
    }
    return sum;
  }

  /// The two newest points over a step of h from the newest, in the paper's appendix D.
  at::Tensor simple_prediction(double h, double tau) const {
    const double rate = 1 + tau * tau, to_older = lambdas[lambdas.size() - 2] - lambdas.back();
    return weighted(0.5 * rate * h * h / to_older, -std::expm1(-h * rate));
  }
  /// The same over the step of h that ends at the newest.
  at::Tensor simple_correction(double h, double tau) const {
    const double rate = 1 + tau * tau, whole = -std::expm1(-h * rate);
    return weighted(whole - 0.5 * rate * h, whole);
  }

 private:
  /// The older of the two newest points with its weight, the newer with the rest of `whole`.
  at::Tensor weighted(double older, double whole) const {
    return x0s[x0s.size() - 2] * older + x0s.back() * (whole - older);
  }
};

/// Noise in the middle three fifths of sampling.
SaSolverSettings usual(const SamplerCall& call, bool evaluate_twice) {
  if (call.table == nullptr) throw std::logic_error("sa_solver needs SamplerCall::table");
  return {.noisy_from = call.table->percent_to_sigma(0.2),
      .noisy_to = call.table->percent_to_sigma(0.8),
      .evaluate_twice = evaluate_twice};
}

}  // namespace

at::Tensor sa_solver(const SamplerCall& call, const SaSolverSettings& settings) {
  const auto noisy_from = static_cast<float>(settings.noisy_from), noisy_to = static_cast<float>(settings.noisy_to);
  const auto eta = static_cast<float>(settings.noise.eta), scale = static_cast<float>(settings.noise.scale);
  const bool to_zero = call.sigmas.back() == 0;
  StepNoise noise_source = step_noise(call);
  Points points;
  at::Tensor x = call.x, predicted = call.x, noise;
  float h = 0, tau = 0;
  for (std::int64_t i = 0; i < call.steps(); ++i) {
    const float sigma = call.sigmas[i], next = call.sigmas[i + 1], lambda = half_log_snr(sigma);
    at::Tensor x0 = call.evaluate(i, predicted);
    points.push(lambda, x0);
    // Towards 0 the order falls: the last steps are too long for high ones.
    const std::size_t left = to_zero ? static_cast<std::size_t>(call.steps() - i) : points.x0s.size();
    const std::size_t correct = i == 0 || (next == 0 && !settings.evaluate_twice)
        ? 0
        : std::min({settings.corrector_order, points.x0s.size(), left});
    if (correct == 0) {
      x = predicted;
    } else {
      const float last = call.sigmas[i - 1];
      x = x * (sigma / last * scalar::exp(-tau * tau * h)) +
          (settings.simple_order_2 && correct == 2 ? points.simple_correction(h, tau)
                                                   : points.contribution(correct, half_log_snr(last), lambda, tau));
      if (noise.defined()) x = x + noise;
      if (settings.evaluate_twice) points.x0s.back() = x0 = call.denoise(x, sigma);
    }
    if (next == 0) return x0;

    const std::size_t predict = std::min({settings.predictor_order, points.x0s.size(), to_zero ? left - 1 : left});
    tau = next <= noisy_from && next >= noisy_to ? eta : 0;
    h = half_log_snr(next) - lambda;
    predicted = x * (next / sigma * scalar::exp(-tau * tau * h)) +
        (settings.simple_order_2 && predict == 2 ? points.simple_prediction(h, tau)
                                                 : points.contribution(predict, lambda, half_log_snr(next), tau));
    noise = tau > 0 && scale > 0 ? noise_source() * (next * std::sqrt(-scalar::expm1(-2 * tau * tau * h)) * scale)
                                 : at::Tensor();
    if (noise.defined()) predicted = predicted + noise;
  }
  return predicted;
}

at::Tensor sa_solver(const SamplerCall& call) { return sa_solver(call, usual(call, /*evaluate_twice=*/false)); }
at::Tensor sa_solver_pece(const SamplerCall& call) { return sa_solver(call, usual(call, /*evaluate_twice=*/true)); }

}  // namespace weft::sd
