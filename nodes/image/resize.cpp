// image.resize, image.resize_by, image.resize_to_pixels, image.resize_to_side, image.fit: pictures in another size.
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

class ResizeToPixels final : public Node {
  Input<Image> image_{*this, "image", {.tip = "a picture, or a batch"}};
  Param<std::string> method_{*this, "method",
      {.init = "lanczos",
          .choices = kMethods,
          .tip = "lanczos is sharpest; nearest-exact keeps hard edges; area is best for shrinking"}};
  Param<double> megapixels_{*this, "megapixels",
      {.init = 1,
          .min = 0.01,
          .max = 16,
          .step = 0.01,
          .tip = "of the result, each of 1024 x 1024 pixels; its shape is kept"}};
  Param<std::int64_t> multiple_{
      *this, "multiple", {.init = 1, .min = 1, .max = 256, .tip = "both sides are rounded to multiples of this"}};
  Output<Image> result_{*this, "image", {.tip = "in the new size"}};

  void run(RunContext& ctx) const override {
    const Image& image = ctx[image_];
    const auto old_width = static_cast<double>(image.width()), old_height = static_cast<double>(image.height());
    const double factor = std::sqrt(ctx[megapixels_] * 1024 * 1024 / (old_width * old_height));
    const auto scaled = [&](double side) {
      const auto multiple = static_cast<double>(ctx[multiple_]);
      return std::max<std::int64_t>(1, std::llrint(side * factor / multiple)) * ctx[multiple_];
    };
    ctx.set(result_,
        Image(resized(image.pixels(), scaled(old_width), scaled(old_height), ctx[method_], sd::Crop::Disabled)));
  }
};

class ResizeToSide final : public Node {
  Input<Image> image_{*this, "image", {.tip = "a picture, or a batch"}};
  Param<std::string> method_{*this, "method",
      {.init = "area",
          .choices = kMethods,
          .tip = "lanczos is sharpest; nearest-exact keeps hard edges; area is best for shrinking"}};
  Param<std::int64_t> side_{
      *this, "side", {.init = 512, .min = 1, .max = kLargestSide, .tip = "the longer side of the result, in pixels"}};
  Output<Image> result_{*this, "image", {.tip = "in the new size, with the same shape"}};

  void run(RunContext& ctx) const override {
    const Image& image = ctx[image_];
    const auto [width, height] = sd::keep_side(image.width(), image.height(), ctx[side_], sd::Side::Longer);
    ctx.set(result_, Image(resized(image.pixels(), width, height, ctx[method_], sd::Crop::Disabled)));
  }
};

class FitImage final : public Node {
  Input<Image> image_{*this, "image", {.tip = "a picture, or a batch"}};
  Param<std::int64_t> width_{
      *this, "width", {.init = 512, .min = 1, .max = kLargestSide, .tip = "of the result, in pixels"}};
  Param<std::int64_t> height_{
      *this, "height", {.init = 512, .min = 1, .max = kLargestSide, .tip = "of the result, in pixels"}};
  Param<std::string> color_{
      *this, "color", {.init = "white", .choices = {"white", "black"}, .tip = "of what the picture does not fill"}};
  Param<std::string> method_{*this, "method",
      {.init = "area",
          .choices = kMethods,
          .tip = "lanczos is sharpest; nearest-exact keeps hard edges; area is best for shrinking"}};
  Output<Image> result_{*this, "image", {.tip = "the whole picture, in the middle"}};

  void run(RunContext& ctx) const override {
    const Image& image = ctx[image_];
    const std::int64_t width = ctx[width_], height = ctx[height_];
    const double scale = std::min(static_cast<double>(width) / static_cast<double>(image.width()),
        static_cast<double>(height) / static_cast<double>(image.height()));
    const auto scaled = [&](std::int64_t side) {
      return std::max<std::int64_t>(1, static_cast<std::int64_t>(static_cast<double>(side) * scale));
    };
    const torch::Tensor inner =
        resized(image.pixels(), scaled(image.width()), scaled(image.height()), ctx[method_], sd::Crop::Disabled);
    torch::Tensor sheet =
        torch::full({image.batch(), height, width, 3}, ctx[color_] == "white" ? 1.0 : 0.0, torch::kFloat32);
    sheet.narrow(1, (height - inner.size(1)) / 2, inner.size(1))
        .narrow(2, (width - inner.size(2)) / 2, inner.size(2))
        .copy_(inner);
    ctx.set(result_, Image(sheet));
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
  registry.add<ResizeToPixels>("image.resize_to_pixels",
      {.title = "Resize Image to Megapixels",
          .menu = "Image/Transform",
          .doc = "Scales to a number of pixels, whatever the shape.",
          .foreign = {{.program = "comfyui",
              .name = "ImageScaleToTotalPixels",
              .inputs = {"image", {"upscale_method", "method"}, "megapixels", {"resolution_steps", "multiple"}},
              .outputs = {"image"}}}});
  registry.add<ResizeToSide>("image.resize_to_side",
      {.title = "Resize Image to Longer Side",
          .menu = "Image/Transform",
          .doc = "Scales so that the longer side has a size in pixels.",
          .foreign = {{.program = "comfyui",
              .name = "ImageScaleToMaxDimension",
              .inputs = {"image", {"upscale_method", "method"}, {"largest_size", "side"}},
              .outputs = {"image"}}}});
  registry.add<FitImage>("image.fit",
      {.title = "Fit Image",
          .menu = "Image/Transform",
          .doc = "Scales a picture so that it fits into a size as a whole, and fills the rest with white or black.",
          .foreign = {{.program = "comfyui",
              .name = "ResizeAndPadImage",
              .inputs = {"image", {"target_width", "width"}, {"target_height", "height"}, {"padding_color", "color"},
                  {"interpolation", "method"}},
              .outputs = {"image"}}}});
}

}  // namespace weft::image
