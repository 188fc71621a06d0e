// image.composite: lays one picture over another.
#include <fmt/format.h>

#include "nodes/image/nodes.h"
#include "nodes/sd/pictures/masks.h"
#include "nodes/sd/tensors/resize.h"

namespace weft::image {
namespace {

class CompositeImages final : public Node {
  Input<Image> below_{*this, "below", {.tip = "the picture to change"}};
  Input<Image> above_{*this, "above", {.tip = "what to lay over it; may reach beyond its edges"}};
  Input<Mask> mask_{
      *this, "mask", {.tip = "where 'above' shows: 1 fully, 0 not at all; none = everywhere", .optional = true}};
  Param<std::int64_t> x_{*this, "x",
      {.init = 0, .min = -16384, .max = 16384, .role = PortRole::RegionX, .tip = "of the left edge of 'above'"}};
  Param<std::int64_t> y_{*this, "y",
      {.init = 0, .min = -16384, .max = 16384, .role = PortRole::RegionY, .tip = "of the upper edge of 'above'"}};
  Param<bool> resize_{*this, "resize",
      {.init = false,
          .tip = "makes 'above' as large as 'below' first; x and y then say where its corner comes to lie"}};
  Output<Image> result_{*this, "image", {.tip = "in the size of 'below'"}};

  void run(RunContext& ctx) const override {
    const Image& below = ctx[below_];
    const Image& above = ctx[above_];
    if (above.batch() != 1 && above.batch() != below.batch())
      ctx.warn(fmt::format("'above' holds {} pictures and 'below' {}: it is cut, or repeated from its start",
          above.batch(), below.batch()));
    torch::Tensor source = above.pixels().permute({0, 3, 1, 2});
    if (ctx[resize_]) source = sd::resize(source, below.width(), below.height(), sd::Resize::Bilinear);
    const std::int64_t x = ctx[x_], y = ctx[y_];
    if (x >= below.width() || y >= below.height() || x + source.size(3) <= 0 || y + source.size(2) <= 0)
      ctx.warn("'above' lies wholly outside 'below'; nothing was changed");
    const torch::Tensor mask = ctx.has(mask_) ? ctx[mask_].values() : torch::Tensor();
    const torch::Tensor both = sd::composite_masked(below.pixels().permute({0, 3, 1, 2}), source, x, y, mask);
    ctx.set(result_, Image(both.permute({0, 2, 3, 1}).contiguous()));
  }
};

}  // namespace

void add_composite(Registry& registry) {
  registry.add<CompositeImages>("image.composite",
      {.title = "Composite Images",
          .menu = "Image",
          .doc = "Lays 'above' over 'below' at a place, through a mask. With the mask of an inpainting, everything "
                 "outside "
                 "it stays exactly as it was.",
          .revision = 2,
          .foreign = {{.program = "comfyui",
              .name = "ImageCompositeMasked",
              .inputs = {{"destination", "below"}, {"source", "above"}, "x", "y", {"resize_source", "resize"}, "mask"},
              .outputs = {"image"}}}});
}

}  // namespace weft::image
