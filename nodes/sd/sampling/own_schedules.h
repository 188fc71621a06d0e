// Noise schedules that have numbers of their own, or lists that others have found, beside those of noise_schedule.h. Each gives
// [steps + 1] falling sigmas, the last 0, unless it says otherwise; `steps` >= 1. Levels are above 0. Plain functions.
// [any thread]
#pragma once

#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

#include "nodes/sd/sampling/noise_schedule.h"

namespace weft::sd {

/// The first and the last noise level of a schedule, without the 0 after it.
struct SigmaRange {
  double max, min;
};

/// Karras et al. 2022 (arXiv:2206.00364), eq. 5.
std::vector<float> karras_sigmas(SigmaRange range, std::int64_t steps, double rho);
/// Log sigma along a power of the way: with `rho` 1 equal ratios.
std::vector<float> polyexponential_sigmas(SigmaRange range, std::int64_t steps, double rho);
/// Log sigma at the quantiles of a Laplace distribution (Hang et al. 2024, arXiv:2407.03297), cut off at the range: [steps],
/// without a 0.
std::vector<float> laplace_sigmas(SigmaRange range, std::int64_t steps, double mu, double beta);
/// The variance preserving SDE (Song et al. 2021, arXiv:2011.13456) from time 1 to `end`.
std::vector<float> vp_sigmas(std::int64_t steps, double beta_d, double beta_min, double end);
/// Timesteps at the quantiles of a Beta distribution (Lee et al. 2024, arXiv:2407.12173). Equal neighbours become one step.
std::vector<float> beta_sigmas(const NoiseTable& table, std::int64_t steps, double alpha, double beta);
/// The timesteps that SD-Turbo was distilled at (Sauer et al. 2023, arXiv:2311.17042): 999, 899, ... 99. `steps` of them, after
/// those that `denoise` < 1 skips; fewer where there are no more.
std::vector<float> turbo_sigmas(const NoiseTable& table, std::int64_t steps, double denoise);

/// The timesteps of latent consistency models and of those by trajectory consistency distillation, as diffusers spaces them:
/// `original` of them, of the last `denoise` part of which `steps` are taken. Throws std::invalid_argument where they are
/// fewer than `steps`.
std::vector<float> consistency_sigmas(
    const NoiseTable& table, std::int64_t steps, std::int64_t original, double denoise);

/// The models that Sabour et al. 2024 (Align Your Steps, arXiv:2404.14507) give levels for.
std::span<const std::string_view> aligned_models();
/// Their ten steps, for other numbers interpolated. `denoise` < 1: the last round(steps * denoise) of them; at 0 none.
/// Throws std::invalid_argument for a model that is none of these.
std::vector<float> aligned_sigmas(std::string_view model, std::int64_t steps, double denoise);
/// Chen et al. 2024 (GITS, arXiv:2405.11326): their 2 to 20 steps, for more interpolated, for Stable Diffusion 1. `coefficient`
/// from 0.8 to 1.5, rounded to 0.05. `denoise` as above.
std::vector<float> gits_sigmas(double coefficient, std::int64_t steps, double denoise);

/// `levels` (falling, above 0) at `count` places instead, even on a line through their logarithms.
std::vector<float> loglinear(std::span<const double> levels, std::int64_t count);
/// The last `denoise` part of a schedule of steps + 1 levels, the last of which becomes 0.
std::vector<float> last_part(std::vector<float> levels, std::int64_t steps, double denoise);

}  // namespace weft::sd
