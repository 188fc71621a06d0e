// model.mahiro: "Mahiro" guidance, which leans on the positive side the more, the less the negative one resembles the result.
#include <ATen/ATen.h>

#include "nodes/sd/values/values.h"
#include "plugins/sdk.h"

namespace weft::model {
namespace {

at::Tensor root(const at::Tensor& x) { return x.abs().sqrt() * x.sign(); }

class Mahiro final : public Node {
  Input<Model> model_{*this, "model", {.tip = "the U-Net to guide"}};
  Output<Model> patched_{*this, "model", {.tip = "the same U-Net with this guidance, for samplers"}};

  void run(RunContext& ctx) const override {
    const auto lean = [](const sd::GuidanceCall& call) {
      if (!call.negative.defined()) return call.guided;
      const at::Tensor leap = call.positive * call.cfg;
      const at::Tensor likeness =
          at::cosine_similarity(root(call.negative * call.cfg), root((leap + call.guided) / 2)).mean();
      const at::Tensor share = (likeness + 1) / 2;  // 1: guidance as it is
      return share * call.guided + (1 - share) * leap;
    };
    ctx.set(patched_, ctx[model_].with({.key = "mahiro", .guidance = lean}));
  }
};

}  // namespace

void add_mahiro(Registry& registry) {
  registry.add<Mahiro>("model.mahiro",
      {.title = "Positive-Biased Guidance",
          .menu = "Sampling/Guidance",
          .doc =
              "Also known as Mahiro: leans on the positive text the more, the less the negative one resembles the result.",
          .foreign = {{.program = "comfyui", .name = "Mahiro", .inputs = {"model"}, .outputs = {"model"}}}});
}

}  // namespace weft::model
