// image.solid, image.size: a picture from numbers, and numbers from a picture.
#include "nodes/image/color.h"
#include "nodes/image/nodes.h"

namespace weft::image {
namespace {

class SolidImage final : public Node {
  Param<std::int64_t> width_{*this, "width", {.init = 512, .min = 1, .max = 16384, .tip = "in pixels"}};
  Param<std::int64_t> height_{*this, "height", {.init = 512, .min = 1, .max = 16384, .tip = "in pixels"}};
  Param<std::int64_t> batch_{*this, "batch", {.init = 1, .min = 1, .max = 4096, .tip = "how many pictures"}};
  Param<std::string> color_{*this, "color", {.init = "#000000", .widget = Widget::Color, .tip = "of every pixel"}};
  Output<Image> image_{*this, "image", {.tip = "the same colour everywhere"}};

  void run(RunContext& ctx) const override {
    ctx.set(image_, Image(parse_color(ctx[color_]).expand({ctx[batch_], ctx[height_], ctx[width_], 3}).contiguous()));
  }
};

class ImageSize final : public Node {
  Input<Image> image_{*this, "image", {.tip = "a picture, or a batch"}};
  Output<std::int64_t> width_{*this, "width", {.tip = "in pixels"}};
  Output<std::int64_t> height_{*this, "height", {.tip = "in pixels"}};
  Output<std::int64_t> batch_{*this, "batch", {.tip = "how many pictures"}};

  void run(RunContext& ctx) const override {
    ctx.set(width_, ctx[image_].width());
    ctx.set(height_, ctx[image_].height());
    ctx.set(batch_, ctx[image_].batch());
  }
};

}  // namespace

void add_make(Registry& registry) {
  registry.add<SolidImage>("image.solid",
      {.title = "Solid Image",
          .menu = "Image",
          .doc = "A picture of one colour.",
          .foreign = {{.program = "comfyui",
              .name = "EmptyImage",
              .inputs = {"width", "height", {"batch_size", "batch"}, "color"},
              .outputs = {"image"}}}});
  registry.add<ImageSize>("image.size",
      {.title = "Image Size",
          .menu = "Image",
          .doc = "Width and height of a picture, for the params of other nodes.",
          .foreign = {{.program = "comfyui",
              .name = "GetImageSize",
              .inputs = {"image"},
              .outputs = {"width", "height", "batch"}}}});
}

}  // namespace weft::image
