// What all trainings of U-Nets share: Stable Diffusion's noise schedule, which timesteps are drawn, and how
// errors at them are weighed.
#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>

namespace weft::paper_cut {

struct TimestepOptions {
  // The loss weighs errors of the picture by its signal-to-noise ratio, at most 5 (Hang et al. 2023,
  // arXiv:2303.09556), but never by less than least_weight: what lies where, and at what hour, is decided
  // while there is mostly noise, and as errors of the noise these decisions are all but invisible.
  float least_weight = 0.1f;
  float noisy_share = 0.4f;  ///< that share of a batch is drawn from the timesteps from noisy_from up
  float noisy_from = 550;
};

/// [count] int64, 0 to 999, spread evenly over each part; the seed decides the rest.
at::Tensor draw_timesteps(std::int64_t count, const TimestepOptions& options, std::uint64_t seed);

/// [count, 4, 16, 16] float32.
at::Tensor draw_noise(std::int64_t count, std::uint64_t seed);

class DiffusionLoss {
 public:
  explicit DiffusionLoss(float least_weight);

  /// sqrt(a) x + sqrt(1 - a) noise, where a is the share of signal variance at each timestep.
  at::Tensor noisy(const at::Tensor& latents, const at::Tensor& noise, const at::Tensor& timesteps) const;

  /// The weighted mean square error of the noise that was found.
  at::Tensor loss(const at::Tensor& found, const at::Tensor& noise, const at::Tensor& timesteps) const;

 private:
  at::Tensor signal(const at::Tensor& timesteps) const;

  at::Tensor shares_;  ///< of signal variance, [1000]
  float least_weight_;
};

}  // namespace weft::paper_cut
