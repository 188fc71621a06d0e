// SA-Solver (Xue et al. 2023, arXiv:2309.05019): Adams predictor and corrector of the reverse SDE, with noise
// only in the middle of sampling.
#include <ATen/ATen.h>

#include <boost/math/quadrature/gauss.hpp>
#include <stdexcept>
#include <utility>

#include "nodes/sd/sampling/samplers/families.h"

namespace weft::sd {
namespace {

constexpr std::size_t kPredictorOrder = 3, kCorrectorOrder = 4;

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
};

enum class Mode {
  Pec,   ///< predict, evaluate, correct
  Pece,  ///< and evaluate again
};

at::Tensor sa_solver(const SamplerCall& call, Mode mode) {
  if (call.table == nullptr) throw std::logic_error("sa_solver needs SamplerCall::table");
  const auto noisy_from = static_cast<float>(call.table->percent_to_sigma(0.2));
  const auto noisy_to = static_cast<float>(call.table->percent_to_sigma(0.8));
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
    const std::size_t correct =
        i == 0 || (next == 0 && mode == Mode::Pec) ? 0 : std::min({kCorrectorOrder, points.x0s.size(), left});
    if (correct == 0) {
      x = predicted;
    } else {
      const float last = call.sigmas[i - 1];
      x = x * (sigma / last * scalar::exp(-tau * tau * h)) +
          points.contribution(correct, half_log_snr(last), lambda, tau);
      if (noise.defined()) x = x + noise;
      if (mode == Mode::Pece) points.x0s.back() = x0 = call.denoise(x, sigma);
    }
    if (next == 0) return x0;

    const std::size_t predict = std::min({kPredictorOrder, points.x0s.size(), to_zero ? left - 1 : left});
    tau = next <= noisy_from && next >= noisy_to ? 1 : 0;
    h = half_log_snr(next) - lambda;
    predicted = x * (next / sigma * scalar::exp(-tau * tau * h)) +
        points.contribution(predict, lambda, half_log_snr(next), tau);
    noise = tau > 0 ? noise_source() * (next * std::sqrt(-scalar::expm1(-2 * h))) : at::Tensor();
    if (noise.defined()) predicted = predicted + noise;
  }
  return predicted;
}

}  // namespace

at::Tensor sa_solver(const SamplerCall& call) { return sa_solver(call, Mode::Pec); }
at::Tensor sa_solver_pece(const SamplerCall& call) { return sa_solver(call, Mode::Pece); }

}  // namespace weft::sd
