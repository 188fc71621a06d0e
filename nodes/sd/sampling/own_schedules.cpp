#include "nodes/sd/sampling/own_schedules.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <array>
#include <boost/math/special_functions/beta.hpp>
#include <cmath>
#include <stdexcept>

#include "nodes/sd/sampling/scalar_math.h"

namespace weft::sd {
namespace {

/// f of n values from a to b, and 0.
template <class Function>
std::vector<float> spread(double a, double b, std::int64_t n, Function f) {
  std::vector<float> values = scalar::linspace(static_cast<float>(a), static_cast<float>(b), n);
  std::ranges::transform(values, values.begin(), f);
  values.push_back(0);
  return values;
}

struct Aligned {
  std::string_view model;
  std::array<double, 11> levels;
};

constexpr Aligned kAligned[] = {
    {"SD1",
        {14.6146412293, 6.4745760956, 3.8636745985, 2.6946151520, 1.8841921177, 1.3943805092, 0.9642583904,
            0.6523686016, 0.3977456272, 0.1515232662, 0.0291671582}},
    {"SDXL",
        {14.6146412293, 6.3184485287, 3.7681790315, 2.1811480769, 1.3405244945, 0.8620721141, 0.5550693289,
            0.3798540708, 0.2332364134, 0.1114188177, 0.0291671582}},
    {"SVD", {700.00, 54.5, 15.886, 7.977, 4.248, 1.789, 0.981, 0.403, 0.173, 0.034, 0.002}},
};

constexpr auto kAlignedModels = [] {
  std::array<std::string_view, std::size(kAligned)> names;
  std::ranges::transform(kAligned, names.begin(), &Aligned::model);
  return names;
}();

}  // namespace

std::vector<float> karras_sigmas(SigmaRange range, std::int64_t steps, double rho) {
  const double low = std::pow(range.min, 1 / rho), high = std::pow(range.max, 1 / rho);
  const auto span = static_cast<float>(low - high), from = static_cast<float>(high);
  return spread(0, 1, steps, [&](float share) { return scalar::pow(share * span + from, rho); });
}

std::vector<float> polyexponential_sigmas(SigmaRange range, std::int64_t steps, double rho) {
  const auto low = static_cast<float>(std::log(range.min));
  const auto span = static_cast<float>(std::log(range.max) - std::log(range.min));
  return spread(1, 0, steps, [&](float share) { return scalar::exp(scalar::pow(share, rho) * span + low); });
}

std::vector<float> laplace_sigmas(SigmaRange range, std::int64_t steps, double mu, double beta) {
  std::vector<float> sigmas = spread(0, 1, steps, [&](float share) {
    const float off = 0.5f - share, log = scalar::log(1 - 2 * std::abs(off) + 1e-5f);
    const float side = off > 0 ? 1.0f : off < 0 ? -1.0f : 0.0f;
    const float lambda = static_cast<float>(mu) - static_cast<float>(beta) * side * log;
    return std::clamp(scalar::exp(lambda), static_cast<float>(range.min), static_cast<float>(range.max));
  });
  sigmas.pop_back();
  return sigmas;
}

std::vector<float> vp_sigmas(std::int64_t steps, double beta_d, double beta_min, double end) {
  return spread(1, end, steps, [&](float t) {
    return std::sqrt(scalar::expm1(static_cast<float>(beta_d) * (t * t) / 2 + static_cast<float>(beta_min) * t));
  });
}

std::vector<float> beta_sigmas(const NoiseTable& table, std::int64_t steps, double alpha, double beta) {
  const auto sigmas = table.sigmas();
  std::vector<float> chosen;
  double last = -1;
  for (std::int64_t i = 0; i < steps; ++i) {
    const double share = 1 - static_cast<double>(i) * (1.0 / static_cast<double>(steps));
    const double quantile = boost::math::ibeta_inv(alpha, beta, share);
    const double timestep = std::nearbyint(quantile * static_cast<double>(sigmas.size() - 1));
    if (timestep != last) chosen.push_back(sigmas[static_cast<std::size_t>(timestep)]);
    last = timestep;
  }
  chosen.push_back(0);
  return chosen;
}

std::vector<float> turbo_sigmas(const NoiseTable& table, std::int64_t steps, double denoise) {
  const std::int64_t first = 10 - static_cast<std::int64_t>(10 * denoise);
  std::vector<float> sigmas;
  for (std::int64_t i = first; i < std::min<std::int64_t>(first + steps, 10); ++i)
    sigmas.push_back(table.sigma(static_cast<float>(999 - 100 * i)));
  sigmas.push_back(0);
  return sigmas;
}

std::vector<float> consistency_sigmas(
    const NoiseTable& table, std::int64_t steps, std::int64_t original, double denoise) {
  const std::int64_t stride = std::max<std::int64_t>(1000 / original, 1);
  const auto left = static_cast<std::int64_t>(static_cast<double>(original) * denoise);
  if (left < steps)
    throw std::invalid_argument(
        fmt::format("of {} steps with denoise {} there are {}, fewer than {}: give fewer steps or a larger denoise",
            original, denoise, left, steps));
  std::vector<float> sigmas;
  for (std::int64_t i = 0; i < steps; ++i) {
    const double place = std::floor(static_cast<double>(left) / static_cast<double>(steps) * static_cast<double>(i));
    sigmas.push_back(table.sigma(static_cast<float>((left - static_cast<std::int64_t>(place)) * stride - 1)));
  }
  sigmas.push_back(0);
  return sigmas;
}

std::span<const std::string_view> aligned_models() { return kAlignedModels; }

std::vector<float> aligned_sigmas(std::string_view model, std::int64_t steps, double denoise) {
  const auto* found = std::ranges::find(kAligned, model, &Aligned::model);
  if (found == std::end(kAligned))
    throw std::invalid_argument(
        fmt::format("there are no aligned steps for \"{}\": choose one of {}", model, fmt::join(kAlignedModels, ", ")));
  return last_part(loglinear(found->levels, steps + 1), steps, denoise);
}

std::vector<float> loglinear(std::span<const double> levels, std::int64_t count) {
  const auto last = static_cast<std::int64_t>(levels.size()) - 1;
  if (count == last + 1) return {levels.begin(), levels.end()};
  // Interpolated from the low end, as the authors do it: rounding is theirs.
  std::vector<float> chosen(static_cast<std::size_t>(count));
  for (std::int64_t i = 0; i < count; ++i) {
    const double place = count == 1 ? 0 : static_cast<double>(i * last) / static_cast<double>(count - 1);
    const auto low = std::min(static_cast<std::int64_t>(place), last - 1);
    const double from = std::log(levels[last - low]), to = std::log(levels[last - low - 1]);
    chosen[static_cast<std::size_t>(count - 1 - i)] =
        static_cast<float>(std::exp(from + (to - from) * (place - static_cast<double>(low))));
  }
  return chosen;
}

std::vector<float> last_part(std::vector<float> levels, std::int64_t steps, double denoise) {
  if (denoise <= 0) return {};
  const std::int64_t left = denoise < 1 ? std::lrint(static_cast<double>(steps) * denoise) : steps;
  levels.erase(levels.begin(), levels.end() - std::min<std::int64_t>(left + 1, std::ssize(levels)));
  levels.back() = 0;
  return levels;
}

}  // namespace weft::sd
