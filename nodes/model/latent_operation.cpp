// model.apply_latent_operation: an operation on latents, applied to guidance at each step.
#include "nodes/sd/values/latent_operation.h"

#include "nodes/sd/values/values.h"
#include "plugins/sdk.h"

namespace weft::model {
namespace {

class ApplyToGuidance final : public Node {
  Input<Model> model_{*this, "model", {.tip = "the U-Net to guide"}};
  Input<LatentOperation> operation_{*this, "operation", {.tip = "what to do to guidance at each step"}};
  Output<Model> patched_{*this, "model", {.tip = "the same U-Net with this guidance, for samplers"}};

  void run(RunContext& ctx) const override {
    const LatentOperation operation = ctx[operation_];
    const auto change = [apply = operation.apply](sd::GuidanceCall& call) {
      call.positive =
          call.negative.defined() ? apply(call.positive - call.negative) + call.negative : apply(call.positive);
    };
    ctx.set(patched_, ctx[model_].with({.key = "operation " + operation.name, .sides = change}));
  }
};

}  // namespace

void add_latent_operation(Registry& registry) {
  registry.add<ApplyToGuidance>("model.apply_latent_operation",
      {.title = "Apply Latent Operation to Guidance",
          .menu = "Sampling/Guidance",
          .doc = "Applies an operation to the difference of both sides at each step.",
          .foreign = {{.program = "comfyui",
              .name = "LatentApplyOperationCFG",
              .inputs = {"model", "operation"},
              .outputs = {"model"}}}});
}

}  // namespace weft::model
