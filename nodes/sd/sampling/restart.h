// Restart sampling (Xu et al. 2023, arXiv:2306.14878): on the way down, sampling goes back up by adding noise and down again, a
// few times, which mends the errors of the steps before. Such a way is a list of noise levels with rises in it; a sampler for
// it is any sampler that is run on each falling part, with noise added between them. [any thread]
#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "nodes/sd/sampling/noise_schedule.h"
#include "nodes/sd/sampling/samplers.h"

namespace weft::sd {

/// Once sampling has come down to `min`, it goes back to `max`, `times` times, and down in levels - 1 steps.
struct RestartSegment {
  std::int64_t levels = 0, times = 0;
  double min = 0, max = 0;
};

/// "[3, 2, 0.06, 0.30], [10, 1, -300, 50%]": levels, times, min and max of each; a negative number is a timestep, a percentage
/// the share of sampling that is left. "default": those of the paper for Stable Diffusion. "a1111": what webui does with
/// `sigmas`. Throws std::invalid_argument for a text that is none of these.
std::vector<RestartSegment> parse_restart_segments(
    std::string_view text, const NoiseTable& table, std::span<const float> sigmas);

/// The schedules that restarts may go down by: karras, exponential, normal, sgm_uniform, simple.
std::span<const std::string_view> restart_schedules();

struct RestartPlan {
  std::vector<float> sigmas;  ///< with rises
  std::vector<std::string> left_out;  ///< segments that do not fit, a sentence each
};
/// `sigmas` (falling) with the segments in it; each begins at the level that is nearest to its min. Throws
/// std::invalid_argument for a schedule that is none of the above.
RestartPlan plan_restarts(const NoiseTable& table, const std::vector<float>& sigmas,
    std::span<const RestartSegment> segments, std::string_view schedule);

/// Runs `sampler` on each falling part of call.sigmas, from the noise of the part before up to its own. With `stepwise` it is run
/// on each step alone.
at::Tensor restart(const SamplerCall& call, const SamplerMethod& sampler, bool stepwise);

}  // namespace weft::sd
