// model.apg: Adaptive Projected Guidance (Sadat et al. 2024, arXiv:2410.02416). The part of guidance that is parallel to the
// positive side, which saturates the picture, is weighed apart; the whole is bounded, and may carry on from step to step.
#include <ATen/ATen.h>
#include <fmt/format.h>

#include <limits>

#include "nodes/sd/values/values.h"
#include "plugins/sdk.h"

namespace weft::model {
namespace {

constexpr std::array<std::int64_t, 3> kPicture{-1, -2, -3};

at::Tensor length(const at::Tensor& x) { return x.norm(2, kPicture, /*keepdim=*/true); }

struct Options {
  double eta, norm_threshold, momentum;
};

sd::Patch projecting(const Options& options) {
  struct Carried {
    at::Tensor guidance;
    float sigma = std::numeric_limits<float>::infinity();
  };
  const auto carried = std::make_shared<Carried>();
  return {.sides = [=](sd::GuidanceCall& call) {
    if (!call.negative.defined()) return;
    at::Tensor guidance = call.positive - call.negative;
    if (call.sigma > carried->sigma) carried->guidance = at::Tensor();
    carried->sigma = call.sigma;
    if (options.momentum != 0) {
      if (carried->guidance.defined()) guidance = options.momentum * carried->guidance + guidance;
      carried->guidance = guidance;
    }
    if (options.norm_threshold > 0) guidance = guidance * (options.norm_threshold / length(guidance)).clamp_max(1);
    const at::Tensor direction = call.positive / length(call.positive).clamp_min(1e-12);
    const at::Tensor parallel = (guidance * direction).sum(kPicture, /*keepdim=*/true) * direction;
    const at::Tensor changed = guidance - parallel + options.eta * parallel;
    // So that cfg 1 of it is the positive side and more is led by `changed`.
    call.positive = call.negative + changed + (call.positive - call.negative) / call.cfg;
  }};
}

class AdaptiveProjectedGuidance final : public Node {
  Input<Model> model_{*this, "model", {.tip = "the U-Net to guide"}};
  Param<double> eta_{*this, "eta",
      {.init = 1,
          .min = -10,
          .max = 10,
          .step = 0.01,
          .tip = "how much the part along the picture counts; 1: as usual"}};
  Param<double> threshold_{*this, "norm_threshold",
      {.init = 5, .min = 0, .max = 50, .step = 0.1, .tip = "how long guidance may be at most; 0: any length"}};
  Param<double> momentum_{*this, "momentum",
      {.init = 0, .min = -5, .max = 1, .step = 0.01, .tip = "how much of it the next step carries on; 0: nothing"}};
  Output<Model> patched_{*this, "model", {.tip = "the same U-Net with this guidance, for samplers"}};

  void run(RunContext& ctx) const override {
    const Options options{ctx[eta_], ctx[threshold_], ctx[momentum_]};
    ctx.set(patched_,
        ctx[model_].with({.key = fmt::format("apg {} {} {}", options.eta, options.norm_threshold, options.momentum),
            .begin = [=] { return projecting(options); }}));
  }
};

}  // namespace

void add_apg(Registry& registry) {
  registry.add<AdaptiveProjectedGuidance>("model.apg",
      {.title = "Adaptive Projected Guidance",
          .menu = "Sampling/Guidance",
          .doc = "Weighs the part of guidance that saturates the picture apart, and bounds the whole: for large cfg.",
          .foreign = {{.program = "comfyui",
              .name = "APG",
              .inputs = {"model", "eta", "norm_threshold", "momentum"},
              .outputs = {"model"}}}});
}

}  // namespace weft::model
