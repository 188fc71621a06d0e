// mask.invert, mask.grow, mask.feather, mask.feather_sides, mask.threshold, mask.combine: masks from masks.
#include <fmt/format.h>

#include "nodes/mask/nodes.h"
#include "nodes/sd/pictures/masks.h"

namespace weft::mask {
namespace {

class InvertMask final : public Node {
  Input<Mask> mask_{*this, "mask", {.tip = "any mask"}};
  Output<Mask> result_{*this, "mask", {.tip = "1 where it was 0"}};

  void run(RunContext& ctx) const override { ctx.set(result_, Mask(1 - ctx[mask_].values())); }
};

class GrowMask final : public Node {
  Input<Mask> mask_{*this, "mask", {.tip = "what to widen"}};
  Param<std::int64_t> pixels_{*this, "pixels", {.init = 8, .min = -16384, .max = 16384, .tip = "negative: shrink"}};
  Param<bool> tapered_{*this, "tapered",
      {.init = false, .tip = "rounds corners off: a single pixel grows into a diamond, not a square"}};
  Output<Mask> result_{*this, "mask", {.tip = "the larger mask, or the smaller"}};

  void run(RunContext& ctx) const override {
    const sd::Corners corners = ctx[tapered_] ? sd::Corners::Tapered : sd::Corners::Square;
    ctx.set(result_, Mask(sd::grown(ctx[mask_].values(), ctx[pixels_], corners)));
  }
};

class FeatherMask final : public Node {
  Input<Mask> mask_{*this, "mask", {.tip = "with hard or soft edges"}};
  Param<double> radius_{*this, "radius",
      {.init = 8, .min = 0, .max = 256, .step = 0.5, .tip = "standard deviation of the blur, in pixels"}};
  Output<Mask> result_{*this, "mask", {.tip = "with soft edges"}};

  void run(RunContext& ctx) const override {
    const double radius = ctx[radius_];
    torch::Tensor out = ctx[mask_].values();
    if (radius > 0) {
      // Pictures may be smaller than the blur: the edge is continued, which any width of padding allows.
      const auto reach = static_cast<std::int64_t>(std::ceil(3 * radius));
      const torch::Tensor x = torch::arange(-reach, reach + 1, torch::kFloat32) / radius;
      torch::Tensor weights = torch::exp(-0.5 * x * x);
      weights = weights / weights.sum();
      torch::Tensor padded = at::replication_pad2d(out.unsqueeze(1), {reach, reach, reach, reach});
      padded = at::conv2d(padded, weights.view({1, 1, 1, -1}));
      out = at::conv2d(padded, weights.view({1, 1, -1, 1})).squeeze(1).clamp(0, 1);
    }
    ctx.set(result_, Mask(out));
  }
};

class FeatherSides final : public Node {
  Input<Mask> mask_{*this, "mask", {.tip = "any mask"}};
  Param<std::int64_t> left_{
      *this, "left", {.init = 0, .min = 0, .max = 16384, .tip = "how far it fades out, in pixels"}};
  Param<std::int64_t> top_{*this, "top", {.init = 0, .min = 0, .max = 16384, .tip = "how far it fades out, in pixels"}};
  Param<std::int64_t> right_{
      *this, "right", {.init = 0, .min = 0, .max = 16384, .tip = "how far it fades out, in pixels"}};
  Param<std::int64_t> bottom_{
      *this, "bottom", {.init = 0, .min = 0, .max = 16384, .tip = "how far it fades out, in pixels"}};
  Output<Mask> result_{*this, "mask", {.tip = "fading out towards its sides"}};

  void run(RunContext& ctx) const override {
    const sd::Border sides{.left = ctx[left_], .top = ctx[top_], .right = ctx[right_], .bottom = ctx[bottom_]};
    ctx.set(result_, Mask(sd::faded_at_sides(ctx[mask_].values(), sides)));
  }
};

class ThresholdMask final : public Node {
  Input<Mask> mask_{*this, "mask", {.tip = "any mask"}};
  Param<double> value_{
      *this, "value", {.init = 0.5, .min = 0, .max = 1, .step = 0.01, .tip = "what is above is selected"}};
  Output<Mask> result_{*this, "mask", {.tip = "1 above the value, 0 elsewhere"}};

  void run(RunContext& ctx) const override {
    ctx.set(result_, Mask((ctx[mask_].values() > ctx[value_]).to(torch::kFloat32)));
  }
};

class CombineMasks final : public Node {
  Input<Mask> a_{*this, "a", {.tip = "gives the size"}};
  Input<Mask> b_{*this, "b", {.tip = "resized to the size of 'a'"}};
  Param<std::string> how_{*this, "how",
      {.init = "either",
          .choices = {"either", "both", "first but not second", "difference"},
          .tip = "what the result selects"}};
  Output<Mask> result_{*this, "mask", {.tip = "in the size of 'a'"}};

  void run(RunContext& ctx) const override {
    const torch::Tensor& a = ctx[a_].values();
    torch::Tensor b = ctx[b_].values();
    if (a.size(1) != b.size(1) || a.size(2) != b.size(2)) {
      ctx.warn(fmt::format("mask 'b' of {} x {} was resized to {} x {}", b.size(2), b.size(1), a.size(2), a.size(1)));
      b = at::upsample_bilinear2d(b.unsqueeze(1), {a.size(1), a.size(2)}, false).squeeze(1);
    }
    const std::string how = ctx[how_];
    ctx.set(result_,
        Mask(how == "either"                    ? torch::maximum(a, b)
                : how == "both"                 ? torch::minimum(a, b)
                : how == "first but not second" ? torch::minimum(a, 1 - b)
                                                : (a - b).abs()));
  }
};

}  // namespace

void add_shape(Registry& registry) {
  registry.add<InvertMask>("mask.invert",
      {.title = "Invert Mask",
          .menu = "Mask/Change",
          .doc = "Selects what was not selected.",
          .foreign = {{.program = "comfyui", .name = "InvertMask", .inputs = {"mask"}, .outputs = {"mask"}}}});
  registry.add<GrowMask>("mask.grow",
      {.title = "Grow Mask",
          .menu = "Mask/Change",
          .doc = "Grows or shrinks the selection by a number of pixels.",
          .revision = 2,
          .foreign = {{.program = "comfyui",
              .name = "GrowMask",
              .inputs = {"mask", {"expand", "pixels"}, {"tapered_corners", "tapered"}},
              .outputs = {"mask"}}}});
  registry.add<FeatherSides>("mask.feather_sides",
      {.title = "Feather Mask Sides",
          .menu = "Mask/Change",
          .doc = "Fades a mask out towards the sides of the picture.",
          .foreign = {{.program = "comfyui",
              .name = "FeatherMask",
              .inputs = {"mask", "left", "top", "right", "bottom"},
              .outputs = {"mask"}}}});
  registry.add<ThresholdMask>("mask.threshold",
      {.title = "Threshold Mask",
          .menu = "Mask/Change",
          .doc = "Makes a soft mask hard.",
          .foreign = {
              {.program = "comfyui", .name = "ThresholdMask", .inputs = {"mask", "value"}, .outputs = {"mask"}}}});
  registry.add<FeatherMask>("mask.feather",
      {.title = "Feather Mask",
          .menu = "Mask/Change",
          .doc = "Blurs a mask, so that pasting through it leaves no hard edge."});
  registry.add<CombineMasks>("mask.combine",
      {.title = "Combine Masks",
          .menu = "Mask/Change",
          .doc = "One mask from two: either, both, the first without the second, or where they differ."});
}

}  // namespace weft::mask
