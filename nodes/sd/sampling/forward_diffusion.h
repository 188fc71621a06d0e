// Forward diffusion: a little Gaussian noise is added to a picture, again and again, until nothing else is left.
//
//   x_{t+1} = sqrt(1 - beta_t) x_t + sqrt(beta_t) noise_t                    one step after another
//   x_t     = sqrt(alpha_bar_t) x_0 + sqrt(1 - alpha_bar_t) noise            all t steps at once (closed form)
//
// with alpha_bar_t = (1 - beta_0) ... (1 - beta_{t-1}) (Ho et al. 2020, arXiv:2006.11239, eq. 2 and 4). Here t counts the
// steps that were taken: x_0 is the picture, x_T all but noise. Models count from 0 what is x_1 here: their timestep is
// t - 1. noise_schedule.h is about what samplers do on the way back.
#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

namespace weft::sd {

/// How much noise each step adds.
struct BetaSchedule {
  std::string_view name;
  std::string_view tip;
  std::vector<double> (*betas)(std::int64_t steps);  ///< [steps], in (0, 1)
};

/// linear (Ho et al. 2020), scaled-linear (Rombach et al. 2022, Stable Diffusion), cosine (Nichol & Dhariwal 2021,
/// arXiv:2102.09672). Other numbers of steps than 1000 end at the same amount of noise.
std::span<const BetaSchedule> beta_schedules();

/// Throws std::invalid_argument, which lists the names, for a name that is none.
const BetaSchedule& find_beta_schedule(std::string_view name);

/// alpha_bar, the share of the picture's variance that is left after t steps: [betas + 1], from 1 down.
std::vector<double> alpha_bars(std::span<const double> betas);

/// "0, 100, 500" as numbers: separated by commas or spaces, rising, from 0 to `steps`. Throws std::invalid_argument.
std::vector<std::int64_t> parse_times(std::string_view text, std::int64_t steps);

/// x_t for each t of `times` (rising, from 0 to the number of betas), in closed form, all with the same noise. x0 of any
/// shape [B, ...]; returns [times * B, ...], the first time's items first.
at::Tensor diffuse_at_once(
    const at::Tensor& x0, std::span<const double> betas, std::span<const std::int64_t> times, std::uint64_t seed);

/// The same step by step, with fresh noise at each. The same distribution at each time, other draws.
at::Tensor diffuse_stepwise(
    const at::Tensor& x0, std::span<const double> betas, std::span<const std::int64_t> times, std::uint64_t seed);

}  // namespace weft::sd
