// image.resize, image.resize_by: pictures in another size.
#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "nodes/image/nodes.h"
#include "nodes/sd/tensors/finite.h"
#include "nodes/sd/tensors/resize.h"

namespace weft::image {
namespace {

const std::vector<std::string> kMethods{"nearest-exact", "bilinear", "area", "bicubic", "lanczos"};

constexpr std::int64_t kLargestSide = 16384;

torch::Tensor resized(
    const torch::Tensor& pixels, std::int64_t width, std::int64_t height, const std::string& method, sd::Crop crop) {
  if (std::max(width, height) > kLargestSide)
    throw NodeError(fmt::format("the picture would become {} x {} pixels", width, height),
        fmt::format("give sizes that make no side larger than {}", kLargestSide));
  // Some methods go through 8 bits, where such a pixel would become a colour.
  sd::require_finite(pixels, "the picture holds", "look at the node that made it");
  const torch::Tensor channels_first = pixels.permute({0, 3, 1, 2});
  return sd::resize(channels_first, width, height, sd::resize_method(method), crop).permute({0, 2, 3, 1}).contiguous();
}

class ResizeImage final : public Node {
  Input<Image> image_{*this, "image", {.tip = "a picture, or a batch"}};
  Param<std::int64_t> width_{
      *this, "width", {.init = 512, .min = 0, .max = kLargestSide, .tip = "0 keeps the shape; both 0 change nothing"}};
  Param<std::int64_t> height_{
      *this, "height", {.init = 512, .min = 0, .max = kLargestSide, .tip = "0 keeps the shape; both 0 change nothing"}};
  Param<std::string> method_{*this, "method",
      {.init = "lanczos",
          .choices = kMethods,
          .tip = "lanczos is sharpest; nearest-exact keeps hard edges; area is best for shrinking"}};
  Param<std::string> crop_{*this, "crop",
      {.init = "none",
          .choices = {"none", "center"},
          .tip = "center crops to the new aspect ratio first; none stretches"}};
  Output<Image> result_{*this, "image", {.tip = "in the new size"}};

  void run(RunContext& ctx) const override {
    const Image& image = ctx[image_];
    if (ctx[width_] == 0 && ctx[height_] == 0) return ctx.forward(image_, result_);
    const auto [width, height] = sd::keep_shape(image.width(), image.height(), ctx[width_], ctx[height_], /*least=*/1);
    const sd::Crop crop = ctx[crop_] == "center" ? sd::Crop::Center : sd::Crop::Disabled;
    ctx.set(result_, Image(resized(image.pixels(), width, height, ctx[method_], crop)));
  }
};

class ResizeImageBy final : public Node {
  Input<Image> image_{*this, "image", {.tip = "a picture, or a batch"}};
  Param<double> factor_{
      *this, "factor", {.init = 2, .min = 0.01, .max = 16, .step = 0.05, .tip = "2 doubles each side, 0.5 halves it"}};
  Param<std::string> method_{*this, "method",
      {.init = "lanczos",
          .choices = kMethods,
          .tip = "lanczos is sharpest; nearest-exact keeps hard edges; area is best for shrinking"}};
  Output<Image> result_{*this, "image", {.tip = "in the new size"}};

  void run(RunContext& ctx) const override {
    const Image& image = ctx[image_];
    const auto scaled = [&](std::int64_t side) {
      return std::max<std::int64_t>(1, std::llrint(static_cast<double>(side) * ctx[factor_]));  // a half to even
    };
    ctx.set(result_,
        Image(
            resized(image.pixels(), scaled(image.width()), scaled(image.height()), ctx[method_], sd::Crop::Disabled)));
  }
};

}  // namespace

void add_resize(Registry& registry) {
  registry.add<ResizeImage>("image.resize",
      {.title = "Resize Image",
          .menu = "Image/Transform",
          .doc = "Scales to a size in pixels.",
          .revision = 2,
          .foreign = {{.program = "comfyui",
              .name = "ImageScale",
              .inputs = {"image", {"upscale_method", "method"}, "width", "height",
                  {"crop", "crop", {{"disabled", "none"}}}},
              .outputs = {"image"}}}});
  registry.add<ResizeImageBy>("image.resize_by",
      {.title = "Resize Image By",
          .menu = "Image/Transform",
          .doc = "Scales by a factor.",
          .revision = 2,
          .foreign = {{.program = "comfyui",
              .name = "ImageScaleBy",
              .inputs = {"image", {"upscale_method", "method"}, {"scale_by", "factor"}},
              .outputs = {"image"}}}});
}

}  // namespace weft::image
