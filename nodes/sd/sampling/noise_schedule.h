// How noisy a latent is at each moment: the table that a model was trained with, and the schedules that
// choose which of its noise levels a sampler visits.
//
// A noise level is a sigma: x = x0 + sigma * noise (variance exploding form; Karras et al. 2022,
// arXiv:2206.00364). A timestep is an index of the training table, 0 (clean) to 999 (noise).
#pragma once

#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

namespace weft::sd {

/// The noise levels that a model was trained with, and the way between them and timesteps. Where it was trained on all
/// levels of an interval (continuous_edm, continuous_v), the table holds 1000 of them, and a timestep is a function of sigma
/// instead of an index.
class NoiseTable {
 public:
  /// `alphas_cumprod` [timesteps]: the share of signal variance at each timestep, falling, in (0, 1).
  explicit NoiseTable(std::span<const double> alphas_cumprod);

  /// `betas` [timesteps], in (0, 1): the share of noise that each timestep adds. `zero_terminal_snr` rescales
  /// them so that the last timestep is all noise (Lin et al. 2023, arXiv:2305.08891), but for a last sigma of
  /// 4519.
  static NoiseTable from_betas(std::span<const double> betas, bool zero_terminal_snr = false);

  /// Stable Diffusion's own: sqrt(beta) evenly spaced over 1000 timesteps (Rombach et al. 2022).
  static NoiseTable stable_diffusion(bool zero_terminal_snr = false);

  /// All levels between two above 0, equally likely in log sigma. A timestep is log(sigma) / 4 (Karras et al. 2022).
  static NoiseTable continuous_edm(double sigma_min, double sigma_max);
  /// The same, with the timestep 2 / pi * arctan(sigma).
  static NoiseTable continuous_v(double sigma_min, double sigma_max);

  /// The same discrete table, rescaled or not, whatever it was. Of a continuous one: Stable Diffusion's own.
  NoiseTable with_zero_terminal_snr(bool rescaled) const;
  /// `count` levels at equal distances alone, the noisiest among them: those that a latent consistency model was distilled at.
  /// A continuous table is as it is.
  NoiseTable distilled(std::int64_t count) const;

  std::span<const float> sigmas() const { return sigmas_; }  ///< [timesteps], rising
  float sigma_min() const { return sigmas_.front(); }
  float sigma_max() const { return sigmas_.back(); }

  /// The sigma at a timestep, which may be fractional (log sigma is interpolated) and is clamped to a discrete table.
  float sigma(float timestep) const;

  /// Of a discrete table, the timestep whose log sigma is nearest: a whole number.
  float timestep(float sigma) const;

  /// The sigma after a share of sampling, 0 to 1, counted in timesteps. At 0 and below it is above every
  /// sigma, at 1 and above it is 0, so that a range of shares that starts at 0 or ends at 1 has no limit
  /// there.
  double percent_to_sigma(double percent) const;

 private:
  /// What a timestep is.
  enum class Time { Index, LogSigma, Arctan };

  NoiseTable() = default;
  static NoiseTable continuous(double sigma_min, double sigma_max, Time time);
  std::int64_t nearest(float sigma) const;

  Time time_ = Time::Index;
  std::vector<float> sigmas_, log_sigmas_;
  std::vector<double>
      trained_;  ///< alphas_cumprod that were given, before they were rescaled; none of a continuous table
  std::int64_t stride_ = 1;  ///< timesteps from one level to the next
};

/// `timesteps` betas from `start` to `end` at equal distances.
std::vector<double> linear_betas(double start, double end, std::int64_t timesteps);

/// The same, where the distances of their roots are equal (Rombach et al. 2022).
std::vector<double> scaled_linear_betas(double start, double end, std::int64_t timesteps);

/// A way to choose noise levels. Results are [n + 1] for most: falling sigmas, then 0.
struct ScheduleInfo {
  std::string_view name;
  std::string_view tip;
  std::vector<float> (*sigmas)(const NoiseTable& table, std::int64_t steps);
};

/// All of them, in ComfyUI's order: simple, sgm_uniform, karras, exponential, ddim_uniform, beta, normal,
/// linear_quadratic, kl_optimal.
std::span<const ScheduleInfo> schedules();

/// The schedule of that name for `steps` >= 1 steps. ddim_uniform may give a few steps more, beta fewer.
/// Throws std::invalid_argument, which lists the names, for a name that is none.
std::vector<float> schedule_sigmas(const NoiseTable& table, std::string_view schedule, std::int64_t steps);

/// What a k-sampler visits. `denoise` in (0, 1): the last `steps` steps of a schedule of steps / denoise.
/// Above 0.9999 it is the whole schedule, and at 0 nothing: an empty list. `drop_penultimate`: see
/// SamplerInfo.
std::vector<float> sampling_sigmas(const NoiseTable& table, std::string_view schedule, std::int64_t steps,
    double denoise = 1, bool drop_penultimate = false);

/// Cuts out steps `start` to `end` (counted from 0, `end` not included; either may lie past the last). Where
/// the end is cut and `leave_noise` is false, the last sigma becomes 0, so that the last step removes all
/// noise. Empty if nothing is left to do.
std::vector<float> cut_steps(std::vector<float> sigmas, std::int64_t start, std::int64_t end, bool leave_noise);

}  // namespace weft::sd
