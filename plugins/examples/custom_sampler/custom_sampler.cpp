// A sampler of one's own: second-order Runge-Kutta methods with a free second point. It goes wherever Weft's
// own samplers go: link it to "sampler" of a Custom Sampling node.
#include <cmath>

#include "nodes/sd/values/values.h"
#include "plugins/sdk.h"

namespace {

using weft::sd::SamplerCall;

/// dx/dsigma, given the model's x0.
at::Tensor slope(const at::Tensor& x, float sigma, const at::Tensor& x0) { return (x - x0) / sigma; }

/// Solves from noise to picture. Each step looks at the slope where it begins, and once more at the noise
/// level that lies `place` of the way to the next one, on a logarithmic scale; the two are weighed so that
/// the error is of second order.
at::Tensor two_point(const SamplerCall& call, double place) {
  at::Tensor x = call.x;
  for (std::int64_t i = 0; i < call.steps(); ++i) {
    const float sigma = call.sigmas[i], next = call.sigmas[i + 1];
    const at::Tensor x0 = call.evaluate(i, x);  // also reports the step: progress, preview, cancel
    if (next == 0) return x0;                   // the slope has no meaning without noise
    const float second = sigma * static_cast<float>(std::pow(next / sigma, place));
    const at::Tensor first_slope = slope(x, sigma, x0);
    const at::Tensor there = x + first_slope * (second - sigma);
    const at::Tensor second_slope = slope(there, second, call.denoise(there, second));
    const float weight = (next - sigma) / (2 * (second - sigma));
    x = x + at::lerp(first_slope, second_slope, weight) * (next - sigma);
  }
  return x;
}

class TwoPointSampler final : public weft::Node {
  weft::Param<double> place_{*this, "place",
      {.init = 0.5,
          .min = 0.1,
          .max = 1,
          .step = 0.05,
          .tip = "of the second look at the slope: 0.5 between, 1 at the end (Heun)"}};
  weft::Output<weft::Sampler> sampler_{*this, "sampler", {.tip = "for a Custom Sampling node"}};

  void run(weft::RunContext& ctx) const override {
    weft::Sampler sampler{.name = "two_point"};
    sampler.method.run = [place = ctx[place_]](const SamplerCall& call) { return two_point(call, place); };
    ctx.set(sampler_, std::move(sampler));
  }
};

}  // namespace

WEFT_PLUGIN("weft.example.custom_sampler", "1.0.0", registry) {
  registry.add<TwoPointSampler>("example.two_point_sampler",
      {.title = "Two-Point Sampler",
          .menu = "Sampling/Samplers",
          .doc = "Second-order Runge-Kutta from noise to picture; two evaluations of the model a step."});
}
