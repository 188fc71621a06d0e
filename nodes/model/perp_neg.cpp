// model.perp_neg: Perp-Neg (nodes/sd/sampling/perp_neg.h).
#include "nodes/sd/sampling/perp_neg.h"

#include "nodes/sd/values/values.h"
#include "plugins/sdk.h"

namespace weft::model {
namespace {

class PerpNeg final : public Node {
  Input<Model> model_{*this, "model", {.tip = "the U-Net to guide"}};
  Input<Conditioning> empty_{*this, "empty", {.tip = "an empty text, from which both others are measured"}};
  Param<double> scale_{
      *this, "neg_scale", {.init = 1, .min = 0, .max = 100, .step = 0.01, .tip = "how much the negative text counts"}};
  Output<Model> patched_{*this, "model", {.tip = "the same U-Net with this guidance, for samplers"}};

  void run(RunContext& ctx) const override {
    ctx.set(patched_, ctx[model_].with(sd::perp_neg(ctx[empty_].entries, ctx[scale_])));
  }
};

}  // namespace

void add_perp_neg(Registry& registry) {
  registry.add<PerpNeg>("model.perp_neg",
      {.title = "Perp-Neg",
          .menu = "Sampling/Guidance",
          .doc =
              "Takes away only that part of the negative text that does not contradict the positive one. Asks the U-Net "
              "for an empty text, too.",
          .foreign = {{.program = "comfyui",
              .name = "PerpNeg",
              .inputs = {"model", {"empty_conditioning", "empty"}, "neg_scale"},
              .outputs = {"model"}}}});
}

}  // namespace weft::model
