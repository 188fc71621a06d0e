// image.resize, image.resize_by: pictures in another size.
#include <cmath>

#include "nodes/image/nodes.h"
#include "nodes/sd/resize.h"

namespace weft::image {
namespace {

const std::vector<std::string> kMethods{"nearest-exact", "bilinear", "area", "bicubic", "lanczos"};

torch::Tensor resized(const torch::Tensor& pixels, std::int64_t width, std::int64_t height, const std::string& method,
                      sd::Crop crop) {
  const torch::Tensor channels_first = pixels.permute({0, 3, 1, 2});
  return sd::resize(channels_first, width, height, sd::resize_method(method), crop).permute({0, 2, 3, 1}).contiguous();
}

class ResizeImage final : public Node {
  Input<Image> image_{*this, "image", {.tip = "a picture, or a batch"}};
  Param<std::int64_t> width_{*this, "width", {.init = 512, .min = 0, .max = 16384, .tip = "0 keeps the aspect ratio"}};
  Param<std::int64_t> height_{*this, "height", {.init = 512, .min = 0, .max = 16384, .tip = "0 keeps the aspect ratio"}};
  Param<std::string> method_{*this, "method", {.init = "lanczos", .choices = kMethods,
      .tip = "lanczos is sharpest; nearest-exact keeps hard edges; area is best for making small"}};
  Param<std::string> crop_{*this, "crop", {.init = "none", .choices = {"none", "center"},
      .tip = "center cuts to the new aspect ratio first; none stretches"}};
  Output<Image> result_{*this, "image", {.tip = "in the new size"}};

  void run(RunContext& ctx) const override {
    const Image& image = ctx[image_];
    std::int64_t width = ctx[width_], height = ctx[height_];
    if (width == 0 && height == 0) throw NodeError("width and height are both 0", "give at least one of them");
    const double aspect = static_cast<double>(image.width()) / static_cast<double>(image.height());
    if (width == 0) width = std::max<std::int64_t>(1, std::llround(static_cast<double>(height) * aspect));
    if (height == 0) height = std::max<std::int64_t>(1, std::llround(static_cast<double>(width) / aspect));
    const sd::Crop crop = ctx[crop_] == "center" ? sd::Crop::kCenter : sd::Crop::kDisabled;
    ctx.set(result_, Image(resized(image.pixels(), width, height, ctx[method_], crop)));
  }
};

class ResizeImageBy final : public Node {
  Input<Image> image_{*this, "image", {.tip = "a picture, or a batch"}};
  Param<double> factor_{*this, "factor", {.init = 2, .min = 0.01, .max = 16, .step = 0.05,
      .tip = "2 doubles each side, 0.5 halves it"}};
  Param<std::string> method_{*this, "method", {.init = "lanczos", .choices = kMethods,
      .tip = "lanczos is sharpest; nearest-exact keeps hard edges; area is best for making small"}};
  Output<Image> result_{*this, "image", {.tip = "in the new size"}};

  void run(RunContext& ctx) const override {
    const Image& image = ctx[image_];
    const auto scaled = [&](std::int64_t side) {
      return std::max<std::int64_t>(1, std::llround(static_cast<double>(side) * ctx[factor_]));
    };
    ctx.set(result_, Image(resized(image.pixels(), scaled(image.width()), scaled(image.height()), ctx[method_],
                                   sd::Crop::kDisabled)));
  }
};

}  // namespace

void add_resize(Registry& registry) {
  registry.add<ResizeImage>("image.resize", {.title = "Resize Image", .menu = "Image/Transform",
      .doc = "Scales to a size in pixels."});
  registry.add<ResizeImageBy>("image.resize_by", {.title = "Resize Image By", .menu = "Image/Transform",
      .doc = "Scales by a factor."});
}

}  // namespace weft::image
