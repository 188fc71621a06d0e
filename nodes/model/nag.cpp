// model.nag: Normalized Attention Guidance (Chen et al. 2025, arXiv:2505.21179): the output of self-attention is led away
// from the negative side's, within bounds. It works at cfg 1, too, so a negative text counts with distilled models.
#include <ATen/ATen.h>
#include <fmt/format.h>

#include <algorithm>

#include "nodes/sd/values/values.h"
#include "plugins/sdk.h"

namespace weft::model {
namespace {

struct Options {
  double scale, alpha, tau;
};

at::Tensor size_of(const at::Tensor& z) { return z.norm(1, {-1}, /*keepdim=*/true).clamp_min(1e-6); }

/// Both [B, places, C].
at::Tensor led_away(const at::Tensor& positive, const at::Tensor& negative, const Options& options) {
  const at::Tensor guided = options.scale * positive - (options.scale - 1) * negative;
  const at::Tensor growth = size_of(guided) / size_of(positive);
  const at::Tensor bounded = guided * (growth.clamp_max(options.tau) / growth);
  return options.alpha * bounded + (1 - options.alpha) * positive;
}

class NormalizedAttentionGuidance final : public Node {
  Input<Model> model_{*this, "model", {.tip = "the U-Net to guide"}};
  Param<double> scale_{*this, "scale",
      {.init = 5, .min = 0, .max = 50, .step = 0.1, .tip = "how far from the negative text; 1: not at all"}};
  Param<double> alpha_{
      *this, "alpha", {.init = 0.5, .min = 0, .max = 1, .step = 0.01, .tip = "the share of what is guided; 0: none"}};
  Param<double> tau_{
      *this, "tau", {.init = 1.5, .min = 1, .max = 10, .step = 0.01, .tip = "how much larger attention may become"}};
  Output<Model> patched_{*this, "model", {.tip = "the same U-Net with this guidance, for samplers"}};

  void run(RunContext& ctx) const override {
    const Options options{ctx[scale_], ctx[alpha_], ctx[tau_]};
    const auto guide = [=](const sd::AttentionLayerCall& call, const sd::AttendLayer& next) {
      const at::Tensor out = next(call);
      const auto& sides = call.whole.sides;
      const auto positive = std::ranges::find(sides, 0), negative = std::ranges::find(sides, 1);
      if (!call.self || positive == sides.end() || negative == sides.end()) return out;
      std::vector<at::Tensor> parts = out.chunk(std::ssize(sides));
      at::Tensor& changed = parts[static_cast<std::size_t>(positive - sides.begin())];
      changed = led_away(changed, parts[static_cast<std::size_t>(negative - sides.begin())], options);
      return at::cat(parts);
    };
    ctx.set(patched_,
        ctx[model_].with({.key = fmt::format("nag {} {} {}", options.scale, options.alpha, options.tau),
            .attention_layer = guide,
            .needs_negative = true}));
  }
};

}  // namespace

void add_nag(Registry& registry) {
  registry.add<NormalizedAttentionGuidance>("model.nag",
      {.title = "Normalized Attention Guidance",
          .menu = "Sampling/Guidance",
          .doc = "Leads the picture's attention to itself away from that of the negative text, also with cfg 1: for "
                 "distilled models.",
          .foreign = {{.program = "comfyui",
              .name = "NAGuidance",
              .inputs = {"model", {"nag_scale", "scale"}, {"nag_alpha", "alpha"}, {"nag_tau", "tau"}},
              .outputs = {"model"}}}});
}

}  // namespace weft::model
