// model.pag: Perturbed-Attention Guidance (Ahn et al. 2024, arXiv:2403.17377): the positive side is asked once more, with
// each place of the middle block attending to itself alone, and the result led away from what that gives.
#include <ATen/ATen.h>
#include <fmt/format.h>

#include "nodes/sd/values/values.h"
#include "plugins/sdk.h"

namespace weft::model {
namespace {

class PerturbedAttentionGuidance final : public Node {
  Input<Model> model_{*this, "model", {.tip = "the U-Net to guide"}};
  Param<double> scale_{
      *this, "scale", {.init = 3, .min = 0, .max = 100, .step = 0.01, .tip = "how far to lead away; 0: not at all"}};
  Output<Model> patched_{*this, "model", {.tip = "the same U-Net with this guidance, for samplers"}};

  void run(RunContext& ctx) const override {
    const double scale = ctx[scale_];
    const std::string key = fmt::format("pag {}", scale);
    const auto to_itself = [](const sd::AttentionCall& call, const sd::Attend& next) {
      return call.self && call.name.starts_with("mid_block.") ? call.v : next(call);
    };
    const auto perturbing = std::make_shared<const sd::Patch>(sd::Patch{.key = key, .attention = to_itself});
    const auto lead_away = [=](const sd::GuidanceCall& call) {
      const at::Tensor perturbed = call.ask(
          sd::GuidanceSide::Positive, call.x, [&](sd::NetworkCall& again) { again.patches.push_back(perturbing); });
      return call.guided + scale * (call.positive - perturbed);
    };
    ctx.set(patched_, scale == 0 ? ctx[model_] : ctx[model_].with({.key = key, .guidance = lead_away}));
  }
};

}  // namespace

void add_pag(Registry& registry) {
  registry.add<PerturbedAttentionGuidance>("model.pag",
      {.title = "Perturbed-Attention Guidance",
          .menu = "Sampling/Guidance",
          .doc =
              "Leads away from what the model makes when places do not see each other. Asks the U-Net once more a step.",
          .foreign = {{.program = "comfyui",
              .name = "PerturbedAttentionGuidance",
              .inputs = {"model", "scale"},
              .outputs = {"model"}}}});
}

}  // namespace weft::model
