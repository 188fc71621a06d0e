// mask.solid, mask.rectangle, mask.ellipse: masks from numbers.
#include "nodes/mask/nodes.h"

namespace weft::mask {
namespace {

class SolidMask final : public Node {
  Param<std::int64_t> width_{*this, "width", {.init = 512, .min = 1, .max = 16384, .tip = "in pixels"}};
  Param<std::int64_t> height_{*this, "height", {.init = 512, .min = 1, .max = 16384, .tip = "in pixels"}};
  Param<double> value_{*this, "value", {.init = 1, .min = 0, .max = 1, .tip = "1 selects all, 0 nothing"}};
  Output<Mask> mask_{*this, "mask", {.tip = "the same value everywhere"}};

  void run(RunContext& ctx) const override {
    ctx.set(mask_, Mask(torch::full({1, ctx[height_], ctx[width_]}, ctx[value_], torch::kFloat32)));
  }
};

/// What rectangle and ellipse share: a canvas and a box in it.
class BoxNode : public Node {
 protected:
  Param<std::int64_t> width_{
      *this, "width", {.init = 512, .min = 1, .max = 16384, .tip = "of the whole mask, in pixels"}};
  Param<std::int64_t> height_{
      *this, "height", {.init = 512, .min = 1, .max = 16384, .tip = "of the whole mask, in pixels"}};
  Param<double> left_{*this, "left",
      {.init = 0.25,
          .min = 0,
          .max = 1,
          .step = 0.01,
          .role = PortRole::RegionLeft,
          .tip = "edge, as a fraction of the width"}};
  Param<double> top_{*this, "top",
      {.init = 0.25,
          .min = 0,
          .max = 1,
          .step = 0.01,
          .role = PortRole::RegionTop,
          .tip = "edge, as a fraction of the height"}};
  Param<double> right_{*this, "right",
      {.init = 0.75,
          .min = 0,
          .max = 1,
          .step = 0.01,
          .role = PortRole::RegionRight,
          .tip = "edge, as a fraction of the width"}};
  Param<double> bottom_{*this, "bottom",
      {.init = 0.75,
          .min = 0,
          .max = 1,
          .step = 0.01,
          .role = PortRole::RegionBottom,
          .tip = "edge, as a fraction of the height"}};
  Output<Mask> mask_{*this, "mask", {.tip = "1 inside, 0 outside"}};

  /// Centres of the pixels as parts of the width [1, 1, width] and of the height [1, height, 1].
  torch::Tensor across(const RunContext& ctx) const {
    return ((torch::arange(ctx[width_], torch::kFloat32) + 0.5) / ctx[width_]).view({1, 1, -1});
  }
  torch::Tensor down(const RunContext& ctx) const {
    return ((torch::arange(ctx[height_], torch::kFloat32) + 0.5) / ctx[height_]).view({1, -1, 1});
  }
};

class RectangleMask final : public BoxNode {
  void run(RunContext& ctx) const override {
    const torch::Tensor x = across(ctx), y = down(ctx);
    const torch::Tensor inside = (x >= ctx[left_]) & (x < ctx[right_]) & (y >= ctx[top_]) & (y < ctx[bottom_]);
    ctx.set(mask_, Mask(inside.to(torch::kFloat32)));
  }
};

class EllipseMask final : public BoxNode {
  void run(RunContext& ctx) const override {
    const double rx = (ctx[right_] - ctx[left_]) / 2, ry = (ctx[bottom_] - ctx[top_]) / 2;
    if (rx <= 0 || ry <= 0)
      throw NodeError("the ellipse has no extent", "make right larger than left, and bottom than top");
    const torch::Tensor x = (across(ctx) - (ctx[left_] + rx)) / rx, y = (down(ctx) - (ctx[top_] + ry)) / ry;
    ctx.set(mask_, Mask((x * x + y * y <= 1).to(torch::kFloat32)));
  }
};

}  // namespace

void add_make(Registry& registry) {
  registry.add<SolidMask>("mask.solid",
      {.title = "Solid Mask",
          .menu = "Mask",
          .doc = "A mask with the same value everywhere.",
          .foreign = {{.program = "comfyui",
              .name = "SolidMask",
              .inputs = {"value", "width", "height"},
              .outputs = {"mask"}}}});
  registry.add<RectangleMask>("mask.rectangle",
      {.title = "Rectangle Mask",
          .menu = "Mask",
          .doc = "Selects a rectangle, given by its edges as fractions of the width and the height."});
  registry.add<EllipseMask>("mask.ellipse",
      {.title = "Ellipse Mask",
          .menu = "Mask",
          .doc = "Selects the ellipse that fills a box, given by its edges as fractions of the width and the height."});
}

}  // namespace weft::mask
