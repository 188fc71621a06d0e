// mask.composite, mask.crop, mask.batch: masks at a place in others, parts of them, and several as a batch.
#include <fmt/format.h>

#include <algorithm>

#include "nodes/mask/nodes.h"
#include "nodes/sd/tensors/resize.h"

namespace weft::mask {
namespace {

class CompositeMasks final : public Node {
  Input<Mask> below_{*this, "below", {.tip = "the mask to change: gives the size"}};
  Input<Mask> above_{*this, "above", {.tip = "laid over it; what lies outside is cut"}};
  Param<std::int64_t> x_{*this, "x",
      {.init = 0, .min = 0, .max = 16384, .role = PortRole::RegionX, .tip = "of the left edge of 'above', in pixels"}};
  Param<std::int64_t> y_{*this, "y",
      {.init = 0, .min = 0, .max = 16384, .role = PortRole::RegionY, .tip = "of the upper edge of 'above', in pixels"}};
  Param<std::string> operation_{*this, "operation",
      {.init = "multiply",
          .choices = {"multiply", "add", "subtract", "and", "or", "xor"},
          .tip = "what becomes of the values there; and, or and xor round both to 0 or 1, a half to 0"}};
  Output<Mask> result_{*this, "mask", {.tip = "in the size of 'below', clamped to 0 and 1"}};

  void run(RunContext& ctx) const override {
    torch::Tensor result = ctx[below_].values().clone();
    const torch::Tensor above = sd::repeat_to_batch(ctx[above_].values(), result.size(0));
    const std::int64_t x = ctx[x_], y = ctx[y_];
    const std::int64_t width = std::min(above.size(2), result.size(2) - x);
    const std::int64_t height = std::min(above.size(1), result.size(1) - y);
    if (width > 0 && height > 0) {
      torch::Tensor place = result.narrow(1, y, height).narrow(2, x, width);
      place.copy_(combined(place, above.slice(1, 0, height).slice(2, 0, width), ctx[operation_]));
    } else {
      ctx.warn("'above' lies wholly outside 'below'; nothing was changed");
    }
    ctx.set(result_, Mask(result.clamp(0, 1)));
  }

  static torch::Tensor combined(const torch::Tensor& a, const torch::Tensor& b, const std::string& operation) {
    if (operation == "multiply") return a * b;
    if (operation == "add") return a + b;
    if (operation == "subtract") return a - b;
    const torch::Tensor in_a = a.round() != 0, in_b = b.round() != 0;
    return (operation == "and" ? in_a & in_b : operation == "or" ? in_a | in_b : in_a ^ in_b).to(a.scalar_type());
  }
};

class CropMask final : public Node {
  Input<Mask> mask_{*this, "mask", {.tip = "a mask, or a batch"}};
  Param<std::int64_t> x_{
      *this, "x", {.init = 0, .min = 0, .max = 16384, .role = PortRole::RegionX, .tip = "left edge, in pixels"}};
  Param<std::int64_t> y_{
      *this, "y", {.init = 0, .min = 0, .max = 16384, .role = PortRole::RegionY, .tip = "upper edge, in pixels"}};
  Param<std::int64_t> width_{*this, "width",
      {.init = 512, .min = 1, .max = 16384, .role = PortRole::RegionWidth, .tip = "in pixels; cut at the mask's edge"}};
  Param<std::int64_t> height_{*this, "height",
      {.init = 512,
          .min = 1,
          .max = 16384,
          .role = PortRole::RegionHeight,
          .tip = "in pixels; cut at the mask's edge"}};
  Output<Mask> result_{*this, "mask", {.tip = "only the rectangle"}};

  void run(RunContext& ctx) const override {
    const torch::Tensor& values = ctx[mask_].values();
    const std::int64_t x = ctx[x_], y = ctx[y_];
    if (x >= values.size(2) || y >= values.size(1))
      throw NodeError(
          fmt::format("the corner ({}, {}) lies outside the mask of {} x {}", x, y, values.size(2), values.size(1)),
          "move x and y into the mask");
    ctx.set(result_, Mask(values.slice(1, y, y + ctx[height_]).slice(2, x, x + ctx[width_]).contiguous()));
  }
};

class BatchMasks final : public Node {
  Inputs<Mask> masks_{*this, "masks", {.tip = "in this order; each may itself be a batch"}};
  Output<Mask> result_{*this, "mask", {.tip = "all of them as one batch"}};

  void run(RunContext& ctx) const override {
    const std::vector<const Mask*> masks = ctx.all(masks_);
    const torch::Tensor& first = masks.front()->values();
    std::vector<torch::Tensor> parts;
    for (const Mask* mask : masks) {
      torch::Tensor values = mask->values();
      if (values.sizes().slice(1) != first.sizes().slice(1)) {
        ctx.warn(fmt::format("a mask of {} x {} was resized to {} x {}, the size of the first", values.size(2),
            values.size(1), first.size(2), first.size(1)));
        values = sd::resize(values.unsqueeze(1), first.size(2), first.size(1), sd::Resize::Bilinear, sd::Crop::Center)
                     .squeeze(1);
      }
      parts.push_back(values);
    }
    ctx.set(result_, Mask(torch::cat(parts)));
  }
};

}  // namespace

void add_place(Registry& registry) {
  registry.add<CompositeMasks>("mask.composite",
      {.title = "Composite Masks",
          .menu = "Mask/Change",
          .doc = "Lays one mask over another at a place, and multiplies, adds, subtracts or combines the two there.",
          .foreign = {{.program = "comfyui",
              .name = "MaskComposite",
              .inputs = {{"destination", "below"}, {"source", "above"}, "x", "y", "operation"},
              .outputs = {"mask"}}}});
  registry.add<CropMask>("mask.crop",
      {.title = "Crop Mask",
          .menu = "Mask/Change",
          .doc = "Cuts a rectangle out of every mask of a batch.",
          .foreign = {{.program = "comfyui",
              .name = "CropMask",
              .inputs = {"mask", "x", "y", "width", "height"},
              .outputs = {"mask"}}}});
  registry.add<BatchMasks>("mask.batch",
      {.title = "Batch Masks",
          .menu = "Mask",
          .doc = "Joins masks into one batch. All are cropped and resized to the size of the first.",
          .foreign = {{.program = "comfyui",
              .name = "BatchMasksNode",
              .inputs = {{"masks.mask*", "masks"}},
              .outputs = {"mask"}}}});
}

}  // namespace weft::mask
