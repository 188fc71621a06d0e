// model.seg: Smoothed Energy Guidance (Hong 2024, arXiv:2408.00760), as its reference implementation has it: the positive
// side is asked once more with blurred queries in the middle block, and the result led away from what that gives.
#include <ATen/ATen.h>
#include <fmt/format.h>

#include "nodes/sd/values/values.h"
#include "plugins/sdk.h"

namespace weft::model {
namespace {

constexpr double kUniform = 9999;  // a larger sigma stands for infinity: every query is the mean of all

/// q [B, height * width, C], its places blurred as pixels of a picture. The kernel is bounded by the picture's sides.
at::Tensor blurred(const at::Tensor& q, double sigma, std::int64_t height, std::int64_t width) {
  if (sigma > kUniform) return q.mean(1, /*keepdim=*/true).expand_as(q).contiguous();
  const auto wanted = static_cast<std::int64_t>(std::ceil(6 * sigma)) / 2 * 2 + 1;
  const std::int64_t size = std::min({wanted, width / 2 * 2 + 1, 2 * height - 1}), channels = q.size(2), pad = size / 2;
  const at::Tensor row = at::exp(-0.5 * (at::arange(-pad, pad + 1, at::kFloat) / sigma).square());
  const at::Tensor kernel = (row / row.sum()).to(q.options());
  const at::Tensor picture = q.transpose(1, 2).unflatten(2, {height, width});  // [B, C, height, width]
  const at::Tensor padded = at::reflection_pad2d(picture, {pad, pad, pad, pad});
  const at::Tensor weight = at::outer(kernel, kernel).expand({channels, 1, size, size});
  return at::conv2d(padded, weight, {}, 1, at::IntArrayRef{0, 0}, 1, channels).flatten(2).transpose(1, 2).contiguous();
}

class SmoothedEnergyGuidance final : public Node {
  Input<Model> model_{*this, "model", {.tip = "the U-Net to guide"}};
  Param<double> scale_{
      *this, "scale", {.init = 3, .min = 0, .max = 100, .step = 0.1, .tip = "how far to lead away; 0: not at all"}};
  Param<double> sigma_{*this, "sigma",
      {.init = 10000, .min = 0.1, .max = 10000, .tip = "how far queries are blurred; above 9999: all the way"}};
  Output<Model> patched_{*this, "model", {.tip = "the same U-Net with this guidance, for samplers"}};

  void run(RunContext& ctx) const override {
    const double scale = ctx[scale_], sigma = ctx[sigma_];
    const std::string key = fmt::format("seg {} {}", scale, sigma);
    const auto smooth = [=](sd::AttentionCall call, const sd::Attend& next) {
      if (call.self && call.name.starts_with("mid_block.")) call.q = blurred(call.q, sigma, call.height, call.width);
      return next(call);
    };
    const auto smoothing = std::make_shared<const sd::Patch>(sd::Patch{.key = key, .attention = smooth});
    const auto lead_away = [=](const sd::GuidanceCall& call) {
      const at::Tensor smoothed = call.ask(
          sd::GuidanceSide::Positive, call.x, [&](sd::NetworkCall& again) { again.patches.push_back(smoothing); });
      return call.guided + scale * (call.positive - smoothed);
    };
    ctx.set(patched_, scale == 0 ? ctx[model_] : ctx[model_].with({.key = key, .guidance = lead_away}));
  }
};

}  // namespace

void add_seg(Registry& registry) {
  registry.add<SmoothedEnergyGuidance>("model.seg",
      {.title = "Smoothed Energy Guidance",
          .menu = "Sampling/Guidance",
          .doc = "Leads away from what the model makes with blurred attention. Asks the U-Net once more a step."});
}

}  // namespace weft::model
