// model.rescale_cfg: guidance whose result has the spread of the positive side (Lin et al. 2023, arXiv:2305.08891, section
// 3.4), which keeps large cfg from burning the picture. It acts on the velocity, whatever the model predicts.
#include <ATen/ATen.h>
#include <fmt/format.h>

#include <cmath>

#include "nodes/sd/values/values.h"
#include "plugins/sdk.h"

namespace weft::model {
namespace {

at::Tensor spread(const at::Tensor& x) { return x.std(at::IntArrayRef{1, 2, 3}, /*unbiased=*/true, /*keepdim=*/true); }

at::Tensor rescaled(const sd::GuidanceCall& call, double multiplier) {
  const double variance = double(call.sigma) * call.sigma + 1, ratio = call.sigma / std::sqrt(variance);
  const at::Tensor x = call.x / variance;
  const auto velocity = [&](const at::Tensor& x0) { return (x - x0) / ratio; };
  const at::Tensor positive = velocity(call.positive), negative = velocity(call.negative);
  const at::Tensor guided = negative + call.cfg * (positive - negative);
  const at::Tensor narrow = guided * (spread(positive) / spread(guided));
  return x - (multiplier * narrow + (1 - multiplier) * guided) * ratio;
}

class RescaleCfg final : public Node {
  Input<Model> model_{*this, "model", {.tip = "the U-Net to guide"}};
  Param<double> multiplier_{*this, "multiplier",
      {.init = 0.7, .min = 0, .max = 1, .step = 0.01, .tip = "the rescaled result's share; 0: plain guidance"}};
  Output<Model> patched_{*this, "model", {.tip = "the same U-Net with this guidance, for samplers"}};

  void run(RunContext& ctx) const override {
    const double multiplier = ctx[multiplier_];
    ctx.set(patched_,
        ctx[model_].with({.key = fmt::format("rescale cfg {}", multiplier),
            .combine = [=](const sd::GuidanceCall& call) { return rescaled(call, multiplier); }}));
  }
};

}  // namespace

void add_rescale_cfg(Registry& registry) {
  registry.add<RescaleCfg>("model.rescale_cfg",
      {.title = "Rescale CFG",
          .menu = "Sampling/Guidance",
          .doc =
              "Gives what guidance makes the contrast of the positive side, so that large cfg burns nothing. For models "
              "that predict v or were trained to zero terminal SNR.",
          .foreign = {
              {.program = "comfyui", .name = "RescaleCFG", .inputs = {"model", "multiplier"}, .outputs = {"model"}}}});
}

}  // namespace weft::model
