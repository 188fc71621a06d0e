// model.tcfg: Tangential Damping CFG (Kwon et al. 2025, arXiv:2503.18137). Of the negative side's noise only the part in the
// direction that both sides have most in common is kept.
#include <ATen/ATen.h>

#include "nodes/sd/values/values.h"
#include "plugins/sdk.h"

namespace weft::model {
namespace {

/// `negative`, projected on the first right singular vector of both; [B, C, h, w] each.
at::Tensor damped(const at::Tensor& positive, const at::Tensor& negative) {
  const at::Tensor flat = negative.flatten(1).unsqueeze(1).to(at::kFloat);  // [B, 1, n]
  const at::Tensor both = at::cat({flat, positive.flatten(1).unsqueeze(1).to(at::kFloat)}, 1);
  const at::Tensor direction = std::get<2>(at::linalg_svd(both, /*full_matrices=*/false)).narrow(1, 0, 1);
  return (flat.matmul(direction.transpose(1, 2)) * direction).view(negative.sizes()).to(negative.scalar_type());
}

class TangentialDamping final : public Node {
  Input<Model> model_{*this, "model", {.tip = "the U-Net to guide"}};
  Output<Model> patched_{*this, "model", {.tip = "the same U-Net with this guidance, for samplers"}};

  void run(RunContext& ctx) const override {
    const auto damp = [](sd::GuidanceCall& call) {
      if (call.negative.defined()) call.negative = call.x - damped(call.x - call.positive, call.x - call.negative);
    };
    ctx.set(patched_, ctx[model_].with({.key = "tcfg", .sides = damp}));
  }
};

}  // namespace

void add_tcfg(Registry& registry) {
  registry.add<TangentialDamping>("model.tcfg",
      {.title = "Tangential Damping CFG",
          .menu = "Sampling/Guidance",
          .doc = "Brings the negative side in line with the positive one, so that guidance leaves the picture less.",
          .foreign = {{.program = "comfyui", .name = "TCFG", .inputs = {"model"}, .outputs = {"model"}}}});
}

}  // namespace weft::model
