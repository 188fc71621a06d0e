#include "nodes/sd/sampling/forward_diffusion.h"

#include <ATen/ATen.h>
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <numbers>
#include <stdexcept>

#include "nodes/sd/sampling/noise.h"

namespace weft::sd {
namespace {

/// From `first` to `last`, both included.
double between(double first, double last, std::int64_t i, std::int64_t count) {
  return count == 1 ? last : first + (last - first) * static_cast<double>(i) / static_cast<double>(count - 1);
}

/// The published betas are for 1000 steps; fewer steps add more noise each.
double fit_to(std::int64_t steps, double beta) { return std::min(beta * 1000 / static_cast<double>(steps), 0.999); }

std::vector<double> linear(std::int64_t steps) {
  std::vector<double> betas;
  for (std::int64_t i = 0; i < steps; ++i) betas.push_back(fit_to(steps, between(0.0001, 0.02, i, steps)));
  return betas;
}

std::vector<double> scaled_linear(std::int64_t steps) {
  std::vector<double> betas;
  for (std::int64_t i = 0; i < steps; ++i) {
    const double root = between(std::sqrt(0.00085), std::sqrt(0.012), i, steps);
    betas.push_back(fit_to(steps, root * root));
  }
  return betas;
}

/// Defined by alpha_bar = cos^2; a beta is never above 0.999, so that the last steps stay finite.
std::vector<double> cosine(std::int64_t steps) {
  const auto alpha_bar = [&](std::int64_t t) {
    const double share = static_cast<double>(t) / static_cast<double>(steps);
    return std::pow(std::cos((share + 0.008) / 1.008 * std::numbers::pi / 2), 2);
  };
  std::vector<double> betas;
  for (std::int64_t i = 0; i < steps; ++i) betas.push_back(std::min(1 - alpha_bar(i + 1) / alpha_bar(i), 0.999));
  return betas;
}

constexpr auto kSchedules = std::to_array<BetaSchedule>({
    {"linear", "betas from 0.0001 to 0.02 (DDPM)", linear},
    {"scaled-linear", "their square roots from 0.029 to 0.11 (Stable Diffusion)", scaled_linear},
    {"cosine", "the picture's share falls as a squared cosine (Nichol and Dhariwal)", cosine},
});

void check(std::span<const std::int64_t> times, std::int64_t steps) {
  if (times.empty()) throw std::invalid_argument("there are no timesteps: give at least one, such as 0, 500, 1000");
  if (!std::ranges::is_sorted(times) || times.front() < 0 || times.back() > steps)
    throw std::invalid_argument(
        fmt::format("the timesteps {} do not rise, or leave 0 to {}: give rising ones", fmt::join(times, ", "), steps));
}

std::int64_t count(std::span<const double> betas) { return static_cast<std::int64_t>(betas.size()); }

}  // namespace

std::span<const BetaSchedule> beta_schedules() { return kSchedules; }

const BetaSchedule& find_beta_schedule(std::string_view name) {
  const auto found = std::ranges::find(kSchedules, name, &BetaSchedule::name);
  if (found != kSchedules.end()) return *found;
  throw std::invalid_argument(
      fmt::format("there is no beta schedule \"{}\": choose linear, scaled-linear or cosine", name));
}

std::vector<double> alpha_bars(std::span<const double> betas) {
  std::vector<double> bars{1};
  for (double beta : betas) bars.push_back(bars.back() * (1 - beta));
  return bars;
}

std::vector<std::int64_t> parse_times(std::string_view text, std::int64_t steps) {
  constexpr std::string_view kBetween = ", \t\n";
  std::vector<std::int64_t> times;
  while (true) {
    text.remove_prefix(std::min(text.find_first_not_of(kBetween), text.size()));
    if (text.empty()) break;
    const std::string_view word = text.substr(0, text.find_first_of(kBetween));
    std::int64_t time = 0;
    const auto [end, error] = std::from_chars(word.data(), word.data() + word.size(), time);
    if (error != std::errc() || end != word.data() + word.size())
      throw std::invalid_argument(fmt::format("\"{}\" is no timestep: give whole numbers from 0 to {}", word, steps));
    times.push_back(time);
    text.remove_prefix(word.size());
  }
  check(times, steps);
  return times;
}

at::Tensor diffuse_at_once(
    const at::Tensor& x0, std::span<const double> betas, std::span<const std::int64_t> times, std::uint64_t seed) {
  check(times, count(betas));
  const std::vector<double> bars = alpha_bars(betas);
  const at::Tensor noise = initial_noise(x0.sizes(), seed).to(x0.device());
  std::vector<at::Tensor> all;
  for (std::int64_t t : times) {
    const double bar = bars[static_cast<std::size_t>(t)];
    all.push_back(x0 * std::sqrt(bar) + noise * std::sqrt(1 - bar));
  }
  return at::cat(all);
}

at::Tensor diffuse_stepwise(
    const at::Tensor& x0, std::span<const double> betas, std::span<const std::int64_t> times, std::uint64_t seed) {
  check(times, count(betas));
  StepNoise noise(x0, seed, BatchNoise::Together);
  std::vector<at::Tensor> all;
  at::Tensor x = x0;
  std::int64_t now = 0;
  for (std::int64_t t : times) {
    for (; now < t; ++now) {
      const double beta = betas[static_cast<std::size_t>(now)];
      x = x * std::sqrt(1 - beta) + noise() * std::sqrt(beta);
    }
    all.push_back(x);
  }
  return at::cat(all);
}

}  // namespace weft::sd
