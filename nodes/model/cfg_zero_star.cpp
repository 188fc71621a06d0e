// model.cfg_zero_star: CFG-Zero* (Fan et al. 2025, arXiv:2503.18886): the negative side's noise is scaled to come as near to
// the positive one's as it can before guidance leads away from it. (Its zero first steps are for flow models.)
#include <ATen/ATen.h>

#include "nodes/sd/values/values.h"
#include "plugins/sdk.h"

namespace weft::model {
namespace {

/// What `negative` has to be multiplied by: [B, 1, 1, 1].
at::Tensor best_scale(const at::Tensor& positive, const at::Tensor& negative) {
  const auto sum = [](const at::Tensor& x) { return x.sum({1, 2, 3}, /*keepdim=*/true); };
  return sum(positive * negative) / (sum(negative.square()) + 1e-8);
}

class CfgZeroStar final : public Node {
  Input<Model> model_{*this, "model", {.tip = "the U-Net to guide"}};
  Output<Model> patched_{*this, "model", {.tip = "the same U-Net with this guidance, for samplers"}};

  void run(RunContext& ctx) const override {
    const auto correct = [](const sd::GuidanceCall& call) {
      if (!call.negative.defined()) return call.guided;
      const at::Tensor scale = best_scale(call.x - call.positive, call.x - call.negative);
      return call.guided + call.negative * (scale - 1) * (1 - call.cfg);
    };
    ctx.set(patched_, ctx[model_].with({.key = "cfg zero star", .guidance = correct}));
  }
};

}  // namespace

void add_cfg_zero_star(Registry& registry) {
  registry.add<CfgZeroStar>("model.cfg_zero_star",
      {.title = "CFG-Zero*",
          .menu = "Sampling/Guidance",
          .doc = "Scales the negative side to fit the positive one before guidance leads away from it.",
          .foreign = {{.program = "comfyui", .name = "CFGZeroStar", .inputs = {"model"}, .outputs = {"model"}}}});
}

}  // namespace weft::model
