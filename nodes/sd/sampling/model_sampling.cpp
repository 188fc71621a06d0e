#include "nodes/sd/sampling/model_sampling.h"

#include <ATen/ATen.h>

#include <algorithm>
#include <cmath>

namespace weft::sd {
namespace {

/// The boundary of a consistency model: the share of x that its x0 keeps, which is 1 at timestep 0, and that of the network's
/// (Luo et al. 2023, appendix B; timesteps are scaled by 10).
struct Boundary {
  float skip, out;

  explicit Boundary(float timestep) {
    constexpr float kDeviation = 0.5f;
    const float t = timestep * 10, square = t * t + kDeviation * kDeviation;
    skip = kDeviation * kDeviation / square;
    out = t / std::sqrt(square);
  }
};

}  // namespace

// The colours are ComfyUI's fit.
LatentSpace playground_latents() {
  return {.scale = 0.5,
      .statistics = {.mean = {-1.6574, 1.886, -1.383, 2.5155}, .deviation = {8.4927, 5.9022, 6.5498, 5.2299}},
      .colours = {0.3920, 0.4054, 0.4549, -0.2634, -0.0196, 0.0653, 0.0568, 0.1687, -0.0755, -0.3112, -0.2359, -0.2076,
          0, 0, 0}};
}

at::Tensor ModelSampling::network_input(const at::Tensor& x, float sigma) const {
  if (prediction == Prediction::Picture) return x;
  const auto data = static_cast<float>(data_deviation * data_deviation);
  return x / std::sqrt(sigma * sigma + data);
}

at::Tensor ModelSampling::x0(const at::Tensor& output, const at::Tensor& x, float sigma) const {
  const auto deviation = static_cast<float>(data_deviation), data = deviation * deviation;
  const float variance = sigma * sigma + data, root = std::sqrt(variance);
  switch (prediction) {
    case Prediction::Noise:
      break;
    case Prediction::Velocity:
      return x * data / variance - output * (sigma * deviation) / root;
    case Prediction::Edm:
      return x * data / variance + output * (sigma * deviation) / root;
    case Prediction::Sample:
    case Prediction::Picture:
      return output;
    case Prediction::Consistency: {
      const Boundary boundary(table.timestep(sigma));
      return (x - output * sigma) * boundary.out + x * boundary.skip;
    }
  }
  return x - output * sigma;
}

double ModelSampling::cfg_at(float sigma, double cfg) const {
  for (const CfgRange& range : cfg_ranges)
    if (sigma <= range.from && sigma >= range.to) cfg = range.cfg;
  return cfg;
}

at::Tensor ModelSampling::mask_at(const at::Tensor& mask, float sigma, const std::vector<float>& sigmas) const {
  if (!gradual_mask || !mask.defined()) return mask;
  const float first = table.timestep(sigmas.front()), last = table.timestep(std::max(sigmas.back(), table.sigma_min()));
  const float left = (table.timestep(sigma) - last) / (first - last);
  const at::Tensor open = mask.ge(left).to(mask.scalar_type());
  const double strength = *gradual_mask;
  return strength > 0 && strength < 1 ? open * strength + mask * (1 - strength) : open;
}

}  // namespace weft::sd
