// model.fresca: FreSca (Huang et al. 2025, arXiv:2504.02154): the low and the high frequencies of guidance are scaled apart.
#include <ATen/ATen.h>
#include <fmt/format.h>

#include "nodes/sd/tensors/frequencies.h"
#include "nodes/sd/values/values.h"
#include "plugins/sdk.h"

namespace weft::model {
namespace {

class FreSca final : public Node {
  Input<Model> model_{*this, "model", {.tip = "the U-Net to guide"}};
  Param<double> low_{
      *this, "scale_low", {.init = 1, .min = 0, .max = 10, .step = 0.01, .tip = "how much the layout is guided"}};
  Param<double> high_{
      *this, "scale_high", {.init = 1.25, .min = 0, .max = 10, .step = 0.01, .tip = "how much details are guided"}};
  Param<std::int64_t> cutoff_{*this, "freq_cutoff",
      {.init = 20, .min = 1, .max = 10000, .tip = "up to how many waves across the latent a frequency is low"}};
  Output<Model> patched_{*this, "model", {.tip = "the same U-Net with this guidance, for samplers"}};

  void run(RunContext& ctx) const override {
    const double low = ctx[low_], high = ctx[high_];
    const std::int64_t cutoff = ctx[cutoff_];
    const auto scale = [=](sd::GuidanceCall& call) {
      if (!call.negative.defined()) return;
      const at::Tensor guidance = call.positive - call.negative;
      call.positive = call.negative + sd::scaled_frequencies(guidance, cutoff, low, high);
    };
    ctx.set(patched_, ctx[model_].with({.key = fmt::format("fresca {} {} {}", low, high, cutoff), .sides = scale}));
  }
};

}  // namespace

void add_fresca(Registry& registry) {
  registry.add<FreSca>("model.fresca",
      {.title = "FreSca",
          .menu = "Sampling/Guidance",
          .doc = "Guides layout and details with different strengths.",
          .foreign = {{.program = "comfyui",
              .name = "FreSca",
              .inputs = {"model", "scale_low", "scale_high", "freq_cutoff"},
              .outputs = {"model"}}}});
}

}  // namespace weft::model
