// UniPC (Zhao et al. 2023, arXiv:2302.04867): a predictor, and a corrector that reuses the evaluation at the
// new point, both of third order in lambda. It works on x / sqrt(1 + sigma^2), the variance preserving form.
#include <ATen/ATen.h>

#include <span>
#include <utility>
#include <vector>

#include "nodes/sd/sampling/samplers/families.h"

namespace weft::sd {
namespace {

/// B(h), the paper's free function.
enum class Basis { Bh1, Bh2 };

/// Signal and noise at a sigma, in the variance preserving form. At small sigmas the deviation is the
/// difference of nearly equal float32 numbers; computed in these steps, it loses its digits in the same way as
/// the implementation that users compare with.
struct Marginal {
  float alpha, deviation, lambda;

  explicit Marginal(float sigma) {
    const float log_alpha = scalar::log(1 / (sigma * sigma + 1)) * 0.5f;
    const float variance = 1 - scalar::exp(log_alpha * 2);
    alpha = scalar::exp(log_alpha);
    deviation = std::sqrt(variance);
    lambda = log_alpha - scalar::log(variance) * 0.5f;
  }
};

/// An evaluation: where, and what it gave.
struct Point {
  float sigma;
  at::Tensor x0;
};

/// The solution of r x = b by elimination, in double: r [n][n] is well-conditioned for n <= 3 unknowns, and
/// LAPACK's bits depend on the processor.
std::vector<double> solve(std::vector<std::vector<double>> r, std::vector<double> b) {
  const std::size_t n = b.size();
  for (std::size_t i = 0; i < n; ++i) {
    std::size_t pivot = i;
    for (std::size_t k = i + 1; k < n; ++k) {
      if (std::abs(r[k][i]) > std::abs(r[pivot][i])) pivot = k;
    }
    std::swap(r[i], r[pivot]);
    std::swap(b[i], b[pivot]);
    for (std::size_t k = i + 1; k < n; ++k) {
      const double factor = r[k][i] / r[i][i];
      for (std::size_t column = i; column < n; ++column) r[k][column] -= factor * r[i][column];
      b[k] -= factor * b[i];
    }
  }
  for (std::size_t i = n; i-- > 0;) {
    for (std::size_t k = i + 1; k < n; ++k) b[i] -= r[i][k] * b[k];
    b[i] /= r[i][i];
  }
  return b;
}

/// Weights of the differences at `shares` of the step: the solution of R rho = b (the paper's eq. 5), row k of R being
/// the shares' powers of k.
std::vector<double> weights(std::span<const float> shares, std::span<const float> b) {
  std::vector<std::vector<double>> rows;
  std::vector<float> powers(shares.size(), 1);
  for (std::size_t k = 0; k < shares.size(); ++k) {
    rows.emplace_back(powers.begin(), powers.end());
    for (std::size_t j = 0; j < shares.size(); ++j) powers[j] *= shares[j];
  }
  return solve(std::move(rows), {b.begin(), b.end()});
}

class UniPC {
 public:
  UniPC(const SamplerCall& call, Basis basis) : call_(call), basis_(basis) {}

  Point evaluate(const at::Tensor& x, float sigma) const {
    return {sigma, call_.denoise(x * std::sqrt(sigma * sigma + 1), sigma)};
  }

  /// Takes x from the newest of `points` (newest last) to sigma, by `order` points. With `correct` it
  /// evaluates there, corrects x, and appends the new point; without, this was the last step.
  at::Tensor step(
      const at::Tensor& x, std::vector<Point>& points, float sigma, std::int64_t order, bool correct) const {
    const Point& newest = points.back();
    const Marginal from(newest.sigma), to(sigma);
    const float h = to.lambda - from.lambda, hh = -h, phi_1 = scalar::expm1(hh);
    const float basis = basis_ == Basis::Bh1 ? hh : phi_1;

    std::vector<float> shares;  // of the step, at which the differences stand
    std::vector<at::Tensor> differences;
    for (std::int64_t k = 1; k < order; ++k) {
      const Point& point = points[points.size() - 1 - k];
      shares.push_back((Marginal(point.sigma).lambda - from.lambda) / h);
      differences.push_back((point.x0 - newest.x0) / shares.back());
    }
    shares.push_back(1);

    std::vector<float> b;
    float phi = phi_1 / hh - 1, factorial = 1;
    for (std::int64_t k = 1; k <= order; ++k) {
      b.push_back(phi * factorial / basis);
      factorial *= static_cast<float>(k + 1);
      phi = phi / hh - 1 / factorial;
    }

    // Where there is one unknown too few to matter, the paper takes 1/2.
    const std::vector<double> half{0.5};
    const auto before = static_cast<std::size_t>(order - 1);
    const at::Tensor base = x * (to.deviation / from.deviation) - newest.x0 * (to.alpha * phi_1);
    const std::vector<double> predictor =
        order == 2 ? half : weights(std::span(shares).first(before), std::span(b).first(before));
    const at::Tensor predicted = add(base, differences, predictor, to.alpha * basis);
    if (!correct) return predicted;

    Point next = evaluate(predicted, sigma);
    differences.push_back(next.x0 - newest.x0);
    const at::Tensor corrected = add(base, differences, order == 1 ? half : weights(shares, b), to.alpha * basis);
    points.push_back(std::move(next));
    return corrected;
  }

 private:
  static at::Tensor add(
      const at::Tensor& base, std::span<const at::Tensor> differences, std::span<const double> weights, float scale) {
    if (differences.empty()) return base;
    at::Tensor sum = differences[0] * weights[0];
    for (std::size_t k = 1; k < differences.size(); ++k) sum = sum + differences[k] * weights[k];
    return base - sum * scale;
  }

  const SamplerCall& call_;
  Basis basis_;
};

at::Tensor sample(const SamplerCall& call, Basis basis) {
  std::vector<float> sigmas = call.sigmas;
  if (sigmas.back() == 0) sigmas.back() = 0.001f;  // lambda is infinite at 0
  const std::int64_t steps = call.steps(), highest = std::max<std::int64_t>(std::min<std::int64_t>(3, steps - 1), 1);
  const UniPC uni_pc(call, basis);
  at::Tensor x = call.x / std::sqrt(1 + sigmas[0] * sigmas[0]);
  std::vector<Point> points{uni_pc.evaluate(x, sigmas[0])};
  for (std::int64_t i = 1; i <= steps; ++i) {
    call.report(i - 1, points.back().sigma, x, points.back().x0);
    const std::int64_t order = i < highest ? i : std::min(highest, steps + 1 - i);
    x = uni_pc.step(x, points, sigmas[i], order, /*correct=*/i < steps);
  }
  return x / Marginal(sigmas.back()).alpha;
}

}  // namespace

at::Tensor uni_pc(const SamplerCall& call) { return sample(call, Basis::Bh1); }
at::Tensor uni_pc_bh2(const SamplerCall& call) { return sample(call, Basis::Bh2); }

}  // namespace weft::sd
