// model.sag: Self-Attention Guidance (Hong et al. 2022, arXiv:2210.00939). What the middle block of the negative side looks
// at most is blurred in that side's picture; the model is asked what it makes of that, and the result led away from it.
#include <ATen/ATen.h>
#include <fmt/format.h>

#include "nodes/sd/networks/attention_maps.h"
#include "nodes/sd/values/values.h"
#include "plugins/sdk.h"

namespace weft::model {
namespace {

constexpr const char* kWatched = "mid_block.attentions.0.transformer_blocks.0.attn1";
constexpr std::int64_t kBlurSize = 9;
constexpr double kThreshold = 1;  // of the attention that a place gets from all others together; their mean is 1

at::Tensor blurred(const at::Tensor& picture, double sigma) {
  if (sigma == 0) return picture;
  const std::int64_t pad = kBlurSize / 2, channels = picture.size(1);
  const at::Tensor row = at::exp(-0.5 * (at::arange(-pad, pad + 1, at::kFloat) / sigma).square());
  const at::Tensor kernel = (row / row.sum()).to(picture.options());
  const at::Tensor weight = at::outer(kernel, kernel).expand({channels, 1, kBlurSize, kBlurSize});
  return at::conv2d(
      at::reflection_pad2d(picture, {pad, pad, pad, pad}), weight, {}, 1, at::IntArrayRef{0, 0}, 1, channels);
}

/// How much attention each place gets from all others, the mean over the heads: [B, 1, height, width].
using Attended = std::shared_ptr<at::Tensor>;

/// Notes what the negative side attends to, where it is asked for the whole picture.
sd::Patch watching(const Attended& attended) {
  return {.attention = [=](const sd::AttentionCall& call, const sd::Attend& next) {
    const auto& sides = call.whole->sides;
    const auto negative = std::ranges::find(sides, 1);
    if (call.self && call.name == kWatched && negative != sides.end()) {
      const std::int64_t items = call.q.size(0) / static_cast<std::int64_t>(sides.size());
      const std::int64_t first = items * (negative - sides.begin());
      const at::Tensor received =
          sd::attention_probabilities(call.q.narrow(0, first, items), call.k.narrow(0, first, items), call.heads)
              .sum(1);
      if (received.size(1) == call.height * call.width) *attended = received.view({items, 1, call.height, call.width});
    }
    return next(call);
  }};
}

at::Tensor led_away(const sd::GuidanceCall& call, const at::Tensor& attended, double scale, double sigma) {
  const std::int64_t height = call.x.size(2), width = call.x.size(3);
  const bool too_small = std::min(height, width) <= kBlurSize / 2;
  if (too_small || !attended.defined() || attended.size(0) != call.x.size(0)) return call.guided;
  const at::Tensor looked_at =
      at::upsample_nearest2d(attended.gt(kThreshold).to(call.x.scalar_type()), {height, width});
  const at::Tensor degraded = at::where(looked_at > 0, blurred(call.negative, sigma), call.negative);
  const at::Tensor again = call.ask(sd::GuidanceSide::Negative, degraded + call.x - call.negative, {});
  return call.guided + scale * (degraded - again);
}

class SelfAttentionGuidance final : public Node {
  Input<Model> model_{*this, "model", {.tip = "the U-Net to guide"}};
  Param<double> scale_{
      *this, "scale", {.init = 0.5, .min = -2, .max = 5, .step = 0.01, .tip = "how far to lead away; 0: not at all"}};
  Param<double> blur_{
      *this, "blur_sigma", {.init = 2, .min = 0, .max = 10, .step = 0.1, .tip = "of the blur, in latents"}};
  Output<Model> patched_{*this, "model", {.tip = "the same U-Net with this guidance, for samplers"}};

  void run(RunContext& ctx) const override {
    const double scale = ctx[scale_], sigma = ctx[blur_];
    const auto begin = [=] {
      const auto attended = std::make_shared<at::Tensor>();
      sd::Patch patch = watching(attended);
      patch.needs_negative = true;
      patch.guidance = [=](const sd::GuidanceCall& call) { return led_away(call, *attended, scale, sigma); };
      return patch;
    };
    ctx.set(patched_,
        scale == 0 ? ctx[model_] : ctx[model_].with({.key = fmt::format("sag {} {}", scale, sigma), .begin = begin}));
  }
};

}  // namespace

void add_sag(Registry& registry) {
  registry.add<SelfAttentionGuidance>("model.sag",
      {.title = "Self-Attention Guidance",
          .menu = "Sampling/Guidance",
          .doc =
              "Blurs what the model looks at most, and leads away from what it makes of that. Asks the U-Net once more a "
              "step.",
          .foreign = {{.program = "comfyui",
              .name = "SelfAttentionGuidance",
              .inputs = {"model", "scale", "blur_sigma"},
              .outputs = {"model"}}}});
}

}  // namespace weft::model
