// image.crop: a rectangle of a picture.
#include <fmt/format.h>

#include "nodes/image/nodes.h"

namespace weft::image {
namespace {

class CropImage final : public Node {
  Input<Image> image_{*this, "image", {.tip = "a picture, or a batch"}};
  Param<std::int64_t> x_{
      *this, "x", {.init = 0, .min = 0, .max = 16384, .role = PortRole::RegionX, .tip = "left edge, in pixels"}};
  Param<std::int64_t> y_{
      *this, "y", {.init = 0, .min = 0, .max = 16384, .role = PortRole::RegionY, .tip = "upper edge, in pixels"}};
  Param<std::int64_t> width_{*this, "width",
      {.init = 512,
          .min = 1,
          .max = 16384,
          .role = PortRole::RegionWidth,
          .tip = "in pixels; cut at the picture's edge"}};
  Param<std::int64_t> height_{*this, "height",
      {.init = 512,
          .min = 1,
          .max = 16384,
          .role = PortRole::RegionHeight,
          .tip = "in pixels; cut at the picture's edge"}};
  Output<Image> result_{*this, "image", {.tip = "only the rectangle"}};

  void run(RunContext& ctx) const override {
    const Image& image = ctx[image_];
    const std::int64_t x = ctx[x_], y = ctx[y_];
    if (x >= image.width() || y >= image.height())
      throw NodeError(
          fmt::format("the corner ({}, {}) lies outside the picture of {} x {}", x, y, image.width(), image.height()),
          "move x and y into the picture");
    const std::int64_t width = std::min<std::int64_t>(ctx[width_], image.width() - x);
    const std::int64_t height = std::min<std::int64_t>(ctx[height_], image.height() - y);
    if (width != ctx[width_] || height != ctx[height_])
      ctx.warn(fmt::format("the rectangle reaches over the picture's edge; cut to {} x {}", width, height));
    ctx.set(result_, Image(image.pixels().narrow(1, y, height).narrow(2, x, width).contiguous()));
  }
};

}  // namespace

void add_crop(Registry& registry) {
  registry.add<CropImage>("image.crop",
      {.title = "Crop Image",
          .menu = "Image/Transform",
          .doc = "Cuts a rectangle out of every picture of a batch.",
          .foreign = {{.program = "comfyui",
                          .name = "ImageCrop",
                          .inputs = {"image", "width", "height", "x", "y"},
                          .outputs = {"image"}},
              {.program = "comfyui",
                  .name = "ImageCropV2",
                  .inputs = {"image", {"crop_region", ""}, {"crop_region.x", "x"}, {"crop_region.y", "y"},
                      {"crop_region.width", "width"}, {"crop_region.height", "height"}},
                  .outputs = {"image"}}}});
}

}  // namespace weft::image
