// model.cfg_norm: guidance that makes the vector at no place longer than the positive side has it.
#include <ATen/ATen.h>
#include <fmt/format.h>

#include "nodes/sd/values/values.h"
#include "plugins/sdk.h"

namespace weft::model {
namespace {

at::Tensor length(const at::Tensor& x) { return x.norm(2, {1}, /*keepdim=*/true); }

/// Of the noise, in place of plain guidance: exactly as long as the positive side's, so it may also grow.
at::Tensor as_long(const sd::GuidanceCall& call, double strength) {
  const at::Tensor positive = call.x - call.positive, negative = call.x - call.negative;
  const at::Tensor guided = negative + call.cfg * (positive - negative), size = length(guided);
  const at::Tensor factor = at::where(size > 0, length(positive) / size.clamp_min(1e-12), at::ones_like(size));
  return call.x - guided * (strength * factor + (1 - strength));
}

at::Tensor no_longer(const sd::GuidanceCall& call, double strength) {
  return call.guided * (length(call.positive) / (length(call.guided) + 1e-8)).clamp(0, 1) * strength;
}

class CfgNorm final : public Node {
  Input<Model> model_{*this, "model", {.tip = "the U-Net to guide"}};
  Param<double> strength_{*this, "strength",
      {.init = 1,
          .min = 0,
          .max = 100,
          .step = 0.01,
          .tip = "the result is multiplied by it; before cfg: the share of it"}};
  Param<bool> before_{*this, "pre_cfg",
      {.init = false, .tip = "on the noise and in place of guidance: the length is matched, not just bounded"}};
  Output<Model> patched_{*this, "model", {.tip = "the same U-Net with this guidance, for samplers"}};

  void run(RunContext& ctx) const override {
    const double strength = ctx[strength_];
    sd::Patch patch{.key = fmt::format("cfg norm {} {}", strength, ctx[before_])};
    if (ctx[before_])
      patch.combine = [=](const sd::GuidanceCall& call) { return as_long(call, strength); };
    else
      patch.guidance = [=](const sd::GuidanceCall& call) { return no_longer(call, strength); };
    ctx.set(patched_, ctx[model_].with(std::move(patch)));
  }
};

}  // namespace

void add_cfg_norm(Registry& registry) {
  registry.add<CfgNorm>("model.cfg_norm",
      {.title = "CFG Norm",
          .menu = "Sampling/Guidance",
          .doc = "Keeps guidance from making the latent's vectors longer than the positive side has them.",
          .foreign = {{.program = "comfyui",
              .name = "CFGNorm",
              .inputs = {"model", "strength", "pre_cfg"},
              .outputs = {"model"}}}});
}

}  // namespace weft::model
