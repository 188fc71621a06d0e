// image.composite: lays one picture over another.
#include <fmt/format.h>

#include "nodes/image/nodes.h"

namespace weft::image {
namespace {

using torch::indexing::Slice;

/// A mask [b, h, w] in the size of a picture, bilinearly, with a channel axis: [b, height, width, 1].
torch::Tensor fit_mask(const torch::Tensor& mask, std::int64_t height, std::int64_t width) {
  torch::Tensor fitted = mask.unsqueeze(1);
  if (mask.size(1) != height || mask.size(2) != width)
    fitted = at::upsample_bilinear2d(fitted, {height, width}, /*align_corners=*/false);
  return fitted.permute({0, 2, 3, 1});
}

class CompositeImages final : public Node {
  Input<Image> below_{*this, "below", {.tip = "the picture to change"}};
  Input<Image> above_{*this, "above", {.tip = "what to lay over it; may reach beyond its edges"}};
  Input<Mask> mask_{
      *this, "mask", {.tip = "where 'above' shows: 1 fully, 0 not at all; none = everywhere", .optional = true}};
  Param<std::int64_t> x_{*this, "x",
      {.init = 0, .min = -16384, .max = 16384, .role = PortRole::RegionX, .tip = "of the left edge of 'above'"}};
  Param<std::int64_t> y_{*this, "y",
      {.init = 0, .min = -16384, .max = 16384, .role = PortRole::RegionY, .tip = "of the upper edge of 'above'"}};
  Output<Image> result_{*this, "image", {.tip = "in the size of 'below'"}};

  void run(RunContext& ctx) const override {
    const Image& below = ctx[below_];
    const Image& above = ctx[above_];
    if (above.batch() != 1 && above.batch() != below.batch())
      throw NodeError(fmt::format("'above' holds {} pictures and 'below' {}", above.batch(), below.batch()),
          "give one picture, or as many as 'below' has");
    const std::int64_t x = ctx[x_], y = ctx[y_];
    const std::int64_t left = std::max<std::int64_t>(x, 0), right = std::min(x + above.width(), below.width());
    const std::int64_t top = std::max<std::int64_t>(y, 0), bottom = std::min(y + above.height(), below.height());
    torch::Tensor result = below.pixels().clone();
    if (left < right && top < bottom) {
      const auto in_above = [&](const torch::Tensor& t) {
        return t.index({Slice(), Slice(top - y, bottom - y), Slice(left - x, right - x)});
      };
      torch::Tensor place = result.index({Slice(), Slice(top, bottom), Slice(left, right)});
      const torch::Tensor weight =
          ctx.has(mask_) ? in_above(fit_mask(ctx[mask_].values(), above.height(), above.width())) : torch::ones({1});
      place.copy_(torch::lerp(place, in_above(above.pixels()), weight.expand_as(place)));
    } else {
      ctx.warn("'above' lies wholly outside 'below'; nothing was changed");
    }
    ctx.set(result_, Image(result));
  }
};

}  // namespace

void add_composite(Registry& registry) {
  registry.add<CompositeImages>("image.composite",
      {.title = "Composite Images",
          .menu = "Image",
          .doc = "Lays 'above' over 'below' at a place, through a mask. With the mask of an inpainting, everything "
                 "outside "
                 "it stays exactly as it was."});
}

}  // namespace weft::image
