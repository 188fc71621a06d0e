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

/// The noise levels that a discrete-time model was trained with, and the way between them and timesteps.
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

  std::span<const float> sigmas() const { return sigmas_; }  ///< [timesteps], rising
  float sigma_min() const { return sigmas_.front(); }
  float sigma_max() const { return sigmas_.back(); }

  /// The sigma at a timestep, which may be fractional (log sigma is interpolated) and is clamped to the
  /// table.
  float sigma(float timestep) const;

  /// The timestep whose log sigma is nearest.
  std::int64_t timestep(float sigma) const;

  /// The sigma after a share of sampling, 0 to 1, counted in timesteps. At 0 and below it is above every
  /// sigma, at 1 and above it is 0, so that a range of shares that starts at 0 or ends at 1 has no limit
  /// there.
  double percent_to_sigma(double percent) const;

 private:
  std::vector<float> sigmas_, log_sigmas_;
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
