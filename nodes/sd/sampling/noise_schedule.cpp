#include "nodes/sd/sampling/noise_schedule.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <numbers>
#include <stdexcept>

#include "nodes/sd/sampling/own_schedules.h"
#include "nodes/sd/sampling/scalar_math.h"

namespace weft::sd {
namespace {

/// f of n values from a to b, in float32: the last bits of sigmas matter to SDE samplers, whose noise is a path over
/// them.
template <class Function>
std::vector<float> spread(double a, double b, std::int64_t n, Function f) {
  std::vector<float> values = scalar::linspace(static_cast<float>(a), static_cast<float>(b), n);
  std::ranges::transform(values, values.begin(), f);
  return values;
}

std::vector<float> with_zero(std::vector<float> sigmas) {
  sigmas.push_back(0);
  return sigmas;
}

bool is_zero(float sigma) { return std::abs(sigma) <= 1e-5f; }

/// Every k-th entry of the table, from the noisiest.
std::vector<float> simple(const NoiseTable& table, std::int64_t steps) {
  const auto sigmas = table.sigmas();
  const double stride = static_cast<double>(sigmas.size()) / steps;
  std::vector<float> chosen;
  for (std::int64_t i = 0; i < steps; ++i) {
    chosen.push_back(sigmas[sigmas.size() - 1 - static_cast<std::int64_t>(i * stride)]);
  }
  return with_zero(chosen);
}

/// Timesteps evenly spaced from the noisiest to the cleanest, `count` of them.
std::vector<float> even_timesteps(const NoiseTable& table, std::int64_t count) {
  return scalar::linspace(table.timestep(table.sigma_max()), table.timestep(table.sigma_min()), count);
}

std::vector<float> at_timesteps(const NoiseTable& table, std::span<const float> timesteps) {
  std::vector<float> sigmas;
  for (float t : timesteps) sigmas.push_back(table.sigma(t));
  return sigmas;
}

std::vector<float> normal(const NoiseTable& table, std::int64_t steps) {
  if (is_zero(table.sigma_min())) return at_timesteps(table, even_timesteps(table, steps + 1));
  return with_zero(at_timesteps(table, even_timesteps(table, steps)));
}

std::vector<float> sgm_uniform(const NoiseTable& table, std::int64_t steps) {
  std::vector<float> timesteps = even_timesteps(table, steps + 1);
  timesteps.pop_back();
  return with_zero(at_timesteps(table, timesteps));
}

std::vector<float> karras(const NoiseTable& table, std::int64_t steps) {
  return karras_sigmas({table.sigma_max(), table.sigma_min()}, steps, 7);
}

std::vector<float> exponential(const NoiseTable& table, std::int64_t steps) {
  const double high = std::log(double{table.sigma_max()}), low = std::log(double{table.sigma_min()});
  return with_zero(spread(high, low, steps, scalar::exp));
}

/// Every k-th entry from the cleanest but one, as DDIM's uniform spacing (Song et al. 2021). The whole stride
/// decides, so there can be more steps than asked for, and the noisiest sigma need not be among them.
std::vector<float> ddim_uniform(const NoiseTable& table, std::int64_t steps) {
  const auto sigmas = table.sigmas();
  const auto size = static_cast<std::int64_t>(sigmas.size());
  const bool has_zero = is_zero(sigmas[1]);
  const std::int64_t stride = std::max<std::int64_t>(size / (has_zero ? steps + 1 : steps), 1);
  std::vector<float> chosen;
  if (!has_zero) chosen.push_back(0);
  for (std::int64_t i = 1; i < size; i += stride) chosen.push_back(sigmas[i]);
  std::ranges::reverse(chosen);
  return chosen;
}

std::vector<float> beta(const NoiseTable& table, std::int64_t steps) { return beta_sigmas(table, steps, 0.6, 0.6); }

/// Half of the steps remove 1/40 of the noise evenly, the rest follow a parabola of the same slope to the
/// end.
std::vector<float> linear_quadratic(const NoiseTable& table, std::int64_t steps) {
  if (steps == 1) return {table.sigma_max(), 0};
  const double threshold = 0.025;
  const auto n = static_cast<double>(steps), linear = static_cast<double>(steps / 2), rest = n - linear;
  const double slope = threshold / linear;
  const double curve = (1 - threshold - slope * rest) / (rest * rest);
  std::vector<float> sigmas;
  for (std::int64_t i = 0; i <= steps; ++i) {
    const double past = std::max(i - linear, 0.0);
    sigmas.push_back(static_cast<float>(1 - (slope * i + curve * past * past)) * table.sigma_max());
  }
  sigmas.back() = 0;
  return sigmas;
}

/// Angles evenly spaced: sigma = tan(angle) (Sabour et al. 2024, "Align Your Steps", eq. 11).
std::vector<float> kl_optimal(const NoiseTable& table, std::int64_t steps) {
  if (steps == 1) return {table.sigma_max(), 0};
  const double low = std::atan(double{table.sigma_min()}), high = std::atan(double{table.sigma_max()});
  const auto from = static_cast<float>(high), to = static_cast<float>(low);
  std::vector<float> sigmas;
  for (std::int64_t i = 0; i < steps; ++i) {
    const float share = static_cast<float>(i) / static_cast<float>(steps - 1);
    sigmas.push_back(scalar::tan(share * to + (1 - share) * from));
  }
  return with_zero(sigmas);
}

constexpr auto kSchedules = std::to_array<ScheduleInfo>({
    {"simple", "Entries of the training table at equal distances", simple},
    {"sgm_uniform", "Timesteps at equal distances, without the cleanest", sgm_uniform},
    {"karras", "More steps at low noise (Karras 2022, rho 7)", karras},
    {"exponential", "Equal ratios between noise levels", exponential},
    {"ddim_uniform", "DDIM's spacing; can give a step more than asked for", ddim_uniform},
    {"beta", "More steps at both ends (Beta distribution, 0.6)", beta},
    {"normal", "Timesteps at equal distances, with both ends", normal},
    {"linear_quadratic", "Small even steps first, then growing ones", linear_quadratic},
    {"kl_optimal", "Equal angles of arctan(sigma) (Align Your Steps)", kl_optimal},
});

}  // namespace

std::vector<double> linear_betas(double start, double end, std::int64_t timesteps) {
  return scalar::linspace(start, end, timesteps);
}

std::vector<double> scaled_linear_betas(double start, double end, std::int64_t timesteps) {
  std::vector<double> betas = linear_betas(std::sqrt(start), std::sqrt(end), timesteps);
  for (double& beta : betas) beta *= beta;
  return betas;
}

NoiseTable::NoiseTable(std::span<const double> alphas_cumprod)
    : trained_(alphas_cumprod.begin(), alphas_cumprod.end()) {
  for (double alpha : alphas_cumprod) {
    const double sigma = std::sqrt((1 - alpha) / alpha);
    sigmas_.push_back(static_cast<float>(sigma));
    log_sigmas_.push_back(static_cast<float>(std::log(sigma)));
  }
}

NoiseTable NoiseTable::from_betas(std::span<const double> betas, bool zero_terminal_snr) {
  std::vector<double> alphas;
  for (double product = 1; const double beta : betas) alphas.push_back(product *= 1 - beta);
  return NoiseTable(alphas).with_zero_terminal_snr(zero_terminal_snr);
}

NoiseTable NoiseTable::with_zero_terminal_snr(bool rescaled) const {
  if (time_ != Time::Index) return stable_diffusion(rescaled);
  if (!rescaled) return NoiseTable(trained_);
  std::vector<double> alphas = trained_;
  const double first = std::sqrt(alphas.front()), last = std::sqrt(alphas.back());
  for (double& alpha : alphas) {
    const double root = (std::sqrt(alpha) - last) * first / (first - last);
    alpha = root * root;
  }
  alphas.back() = 4.8973451890853435e-08;  // as others do: exactly zero would be an infinite sigma
  NoiseTable table(alphas);
  table.trained_ = trained_;
  return table;
}

NoiseTable NoiseTable::distilled(std::int64_t count) const {
  if (time_ != Time::Index) return *this;
  const auto size = static_cast<std::int64_t>(sigmas_.size());
  NoiseTable table = *this;
  table.stride_ = std::max<std::int64_t>(size / count, 1);
  table.sigmas_.clear();
  for (std::int64_t i = (size - 1) % table.stride_; i < size; i += table.stride_) table.sigmas_.push_back(sigmas_[i]);
  if (static_cast<std::int64_t>(table.sigmas_.size()) > count)
    table.sigmas_.erase(table.sigmas_.begin(), table.sigmas_.end() - count);
  table.log_sigmas_.resize(table.sigmas_.size());
  std::ranges::transform(table.sigmas_, table.log_sigmas_.begin(), scalar::log);
  return table;
}

NoiseTable NoiseTable::continuous(double sigma_min, double sigma_max, Time time) {
  NoiseTable table;
  table.time_ = time;
  table.sigmas_ = spread(std::log(sigma_min), std::log(sigma_max), 1000, scalar::exp);
  table.log_sigmas_.resize(table.sigmas_.size());
  std::ranges::transform(table.sigmas_, table.log_sigmas_.begin(), scalar::log);
  return table;
}

NoiseTable NoiseTable::continuous_edm(double sigma_min, double sigma_max) {
  return continuous(sigma_min, sigma_max, Time::LogSigma);
}

NoiseTable NoiseTable::continuous_v(double sigma_min, double sigma_max) {
  return continuous(sigma_min, sigma_max, Time::Arctan);
}

NoiseTable NoiseTable::stable_diffusion(bool zero_terminal_snr) {
  return from_betas(scaled_linear_betas(0.00085, 0.012, 1000), zero_terminal_snr);
}

float NoiseTable::sigma(float timestep) const {
  if (time_ == Time::LogSigma) return scalar::exp(timestep * 4);
  if (time_ == Time::Arctan) return scalar::tan(timestep * std::numbers::pi_v<float> / 2);
  const auto stride = static_cast<float>(stride_);
  const float t = std::clamp((timestep - (stride - 1)) / stride, 0.0f, static_cast<float>(sigmas_.size() - 1));
  const float low = std::floor(t), weight = t - low;
  const float log_low = log_sigmas_[static_cast<std::size_t>(low)];
  const float log_high = log_sigmas_[static_cast<std::size_t>(std::ceil(t))];
  return scalar::exp((1 - weight) * log_low + weight * log_high);
}

float NoiseTable::timestep(float sigma) const {
  if (time_ == Time::LogSigma) return scalar::log(sigma) * 0.25f;
  if (time_ == Time::Arctan) return static_cast<float>(std::atan(double{sigma})) / std::numbers::pi_v<float> * 2;
  return static_cast<float>(nearest(sigma) * stride_ + stride_ - 1);
}

std::int64_t NoiseTable::nearest(float sigma) const {
  const float log_sigma = scalar::log(sigma);
  const auto above = std::ranges::lower_bound(log_sigmas_, log_sigma);
  if (above == log_sigmas_.begin()) return 0;
  const std::int64_t high = above - log_sigmas_.begin();
  if (above == log_sigmas_.end() || log_sigma - log_sigmas_[high - 1] <= *above - log_sigma) return high - 1;
  return high;
}

double NoiseTable::percent_to_sigma(double percent) const {
  if (percent <= 0) return 999999999.9;
  if (percent >= 1) return 0;
  if (time_ != Time::Index) {
    const double low = std::log(double{sigma_min()}), high = std::log(double{sigma_max()});
    return std::exp((high - low) * (1 - percent) + low);
  }
  return sigma(static_cast<float>((1 - percent) * static_cast<double>(trained_.size() - 1)));
}

std::span<const ScheduleInfo> schedules() { return kSchedules; }

std::vector<float> schedule_sigmas(const NoiseTable& table, std::string_view schedule, std::int64_t steps) {
  if (steps < 1) throw std::invalid_argument(fmt::format("{} steps: at least 1 is needed", steps));
  const auto found = std::ranges::find(kSchedules, schedule, &ScheduleInfo::name);
  if (found != kSchedules.end()) return found->sigmas(table, steps);
  std::string names;
  for (const ScheduleInfo& info : kSchedules) names += (names.empty() ? "" : ", ") + std::string(info.name);
  throw std::invalid_argument(fmt::format("there is no schedule \"{}\": choose one of {}", schedule, names));
}

std::vector<float> sampling_sigmas(
    const NoiseTable& table, std::string_view schedule, std::int64_t steps, double denoise, bool drop_penultimate) {
  if (denoise <= 0) return {};
  const bool whole = denoise > 0.9999;
  const std::int64_t total = whole ? steps : static_cast<std::int64_t>(static_cast<double>(steps) / denoise);
  std::vector<float> sigmas = schedule_sigmas(table, schedule, drop_penultimate ? total + 1 : total);
  if (drop_penultimate) sigmas.erase(sigmas.end() - 2);
  const auto wanted = static_cast<std::size_t>(steps + 1);
  if (!whole && sigmas.size() > wanted) sigmas.erase(sigmas.begin(), sigmas.end() - wanted);
  return sigmas;
}

std::vector<float> cut_steps(std::vector<float> sigmas, std::int64_t start, std::int64_t end, bool leave_noise) {
  if (end < static_cast<std::int64_t>(sigmas.size()) - 1) {
    sigmas.resize(std::max<std::int64_t>(end, 0) + 1);
    if (!leave_noise) sigmas.back() = 0;
  }
  if (start >= static_cast<std::int64_t>(sigmas.size()) - 1) return {};
  sigmas.erase(sigmas.begin(), sigmas.begin() + std::max<std::int64_t>(start, 0));
  return sigmas;
}

}  // namespace weft::sd
