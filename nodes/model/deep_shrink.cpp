// model.deep_shrink: pictures larger than the model was trained on, composed as if they were small: early in sampling the
// U-Net works on less pixels from some block on (Kohya's deep shrink; Weng et al. 2023 "HiDiffusion", arXiv:2311.17528, do
// alike).
#include <ATen/ATen.h>
#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "nodes/sd/tensors/resize.h"
#include "nodes/sd/values/values.h"
#include "plugins/sdk.h"

namespace weft::model {
namespace {

std::vector<std::string> method_names() {
  std::vector<std::string> names;
  for (const char* name : {"bicubic", "nearest-exact", "bilinear", "area", "bislerp"}) names.emplace_back(name);
  return names;
}

at::Tensor resized(const at::Tensor& h, std::int64_t width, std::int64_t height, sd::Resize method) {
  return sd::resize(h, width, height, method).to(h.scalar_type());
}

class DeepShrink final : public Node {
  Input<Model> model_{*this, "model", {.tip = "the U-Net to change"}};
  Param<std::int64_t> block_{*this, "block_number",
      {.init = 3, .min = 1, .max = 32, .tip = "after which step down to shrink: 3 is where the first level ends"}};
  Param<double> factor_{*this, "downscale_factor",
      {.init = 2, .min = 0.1, .max = 9, .step = 0.001, .tip = "how much smaller each side is"}};
  Param<double> start_{*this, "start_percent",
      {.init = 0, .min = 0, .max = 1, .step = 0.001, .tip = "the share of sampling where it begins"}};
  Param<double> end_{*this, "end_percent",
      {.init = 0.35, .min = 0, .max = 1, .step = 0.001, .tip = "where it ends: details need the whole picture"}};
  Param<bool> after_skip_{*this, "downscale_after_skip",
      {.init = true, .tip = "the skip that goes up again from there stays as large as it was"}};
  Param<std::string> down_method_{
      *this, "downscale_method", {.init = "bicubic", .choices = method_names(), .tip = "how to make it smaller"}};
  Param<std::string> up_method_{
      *this, "upscale_method", {.init = "bicubic", .choices = method_names(), .tip = "how to make it as large again"}};
  Output<Model> patched_{*this, "model", {.tip = "the same U-Net, for samplers"}};

  void run(RunContext& ctx) const override {
    const std::int64_t block = ctx[block_];
    const double factor = ctx[factor_], start = ctx[model_].table().percent_to_sigma(ctx[start_]),
                 end = ctx[model_].table().percent_to_sigma(ctx[end_]);
    const bool after_skip = ctx[after_skip_];
    const sd::Resize down = sd::resize_method(ctx[down_method_]), up = sd::resize_method(ctx[up_method_]);
    const auto side = [=](std::int64_t size) {
      return std::max<std::int64_t>(1, std::lrint(static_cast<double>(size) * (1 / factor)));
    };
    const auto shrink = [=](std::int64_t step, const sd::NetworkCall& whole, at::Tensor& h, at::Tensor& skip) {
      if (step != block || whole.sigma > start || whole.sigma < end) return;
      h = resized(h, side(h.size(3)), side(h.size(2)), down);
      if (!after_skip) skip = h;
    };
    const auto grow = [=](const std::string&, const sd::NetworkCall&, at::Tensor& h, at::Tensor& skip) {
      if (h.size(2) != skip.size(2) || h.size(3) != skip.size(3)) h = resized(h, skip.size(3), skip.size(2), up);
    };
    ctx.set(patched_,
        ctx[model_].with({.key = fmt::format("deep shrink {} {} {} {} {} {} {}", block, factor, start, end, after_skip,
                              ctx[down_method_], ctx[up_method_]),
            .down = shrink,
            .up = grow}));
  }
};

}  // namespace

void add_deep_shrink(Registry& registry) {
  registry.add<DeepShrink>("model.deep_shrink",
      {.title = "Deep Shrink",
          .menu = "Model/Patches",
          .doc =
              "Lets the U-Net compose a large picture as a small one: early in sampling its deeper blocks see it smaller. "
              "For pictures above the size that the model was trained on.",
          .foreign = {{.program = "comfyui",
              .name = "PatchModelAddDownscale",
              .inputs = {"model", "block_number", "downscale_factor", "start_percent", "end_percent",
                  "downscale_after_skip", "downscale_method", "upscale_method"},
              .outputs = {"model"}}}});
}

}  // namespace weft::model
