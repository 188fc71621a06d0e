// model.epsilon_scaling, model.temporal_score_rescaling: the noise that guidance found is scaled before a sampler takes it
// away. The first by one number against exposure bias (Ning et al. 2023, arXiv:2308.15321), the second the more, the less
// noise there is (Xu et al. 2025, arXiv:2510.01184, equation 6).
#include <ATen/ATen.h>
#include <fmt/format.h>

#include "nodes/sd/values/values.h"
#include "plugins/sdk.h"

namespace weft::model {
namespace {

at::Tensor with_noise_times(const sd::GuidanceCall& call, double factor) {
  return call.x - (call.x - call.guided) * factor;
}

class EpsilonScaling final : public Node {
  Input<Model> model_{*this, "model", {.tip = "the U-Net to guide"}};
  Param<double> factor_{*this, "scaling_factor",
      {.init = 1.005,
          .min = 0.5,
          .max = 1.5,
          .step = 0.001,
          .tip = "what the noise is divided by; 1: nothing changes"}};
  Output<Model> patched_{*this, "model", {.tip = "the same U-Net, for samplers"}};

  void run(RunContext& ctx) const override {
    const double factor = ctx[factor_];
    ctx.set(patched_,
        ctx[model_].with({.key = fmt::format("epsilon scaling {}", factor),
            .guidance = [=](const sd::GuidanceCall& call) { return with_noise_times(call, 1 / factor); }}));
  }
};

class TemporalScoreRescaling final : public Node {
  Input<Model> model_{*this, "model", {.tip = "the U-Net to guide"}};
  Param<double> k_{*this, "tsr_k",
      {.init = 0.95,
          .min = 0.01,
          .max = 100,
          .step = 0.001,
          .tip = "below 1: more detail; above: smoother; 1: as it is"}};
  Param<double> sigma_{*this, "tsr_sigma",
      {.init = 1,
          .min = 0.01,
          .max = 100,
          .step = 0.001,
          .tip = "how early in sampling it sets in: larger is earlier"}};
  Output<Model> patched_{*this, "model", {.tip = "the same U-Net, for samplers"}};

  void run(RunContext& ctx) const override {
    const double k = ctx[k_], variance = ctx[sigma_] * ctx[sigma_];
    const auto rescale = [=](const sd::GuidanceCall& call) {
      if (call.sigma <= 0) return call.guided;
      const double signal = variance / (double(call.sigma) * call.sigma);
      return with_noise_times(call, (signal + 1) / (signal / k + 1));
    };
    ctx.set(patched_,
        k == 1 ? ctx[model_] : ctx[model_].with({.key = fmt::format("tsr {} {}", k, variance), .guidance = rescale}));
  }
};

}  // namespace

void add_rescale_noise(Registry& registry) {
  registry.add<EpsilonScaling>("model.epsilon_scaling",
      {.title = "Epsilon Scaling",
          .menu = "Sampling/Guidance",
          .doc = "Makes the predicted noise a little smaller, against errors that add up from step to step.",
          .foreign = {{.program = "comfyui",
              .name = "Epsilon Scaling",
              .inputs = {"model", "scaling_factor"},
              .outputs = {"model"}}}});
  registry.add<TemporalScoreRescaling>("model.temporal_score_rescaling",
      {.title = "Temporal Score Rescaling",
          .menu = "Sampling/Guidance",
          .doc = "Scales the predicted noise late in sampling: more detail, or a smoother picture.",
          .foreign = {{.program = "comfyui",
              .name = "TemporalScoreRescaling",
              .inputs = {"model", "tsr_k", "tsr_sigma"},
              .outputs = {"model"}}}});
}

}  // namespace weft::model
