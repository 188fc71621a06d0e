// image.resize_to: a picture in another size, by one of several rules.
#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "nodes/image/nodes.h"
#include "nodes/sd/tensors/finite.h"
#include "nodes/sd/tensors/resize.h"

namespace weft::image {
namespace {

constexpr std::int64_t kLargestSide = 16384;

/// A half is rounded to even, as everywhere in ComfyUI.
std::int64_t rounded(double side) { return std::max<std::int64_t>(1, std::llrint(side)); }

class ResizeImageTo final : public Node {
  Input<Image> image_{*this, "image", {.tip = "a picture, or a batch"}};
  Param<std::string> rule_{*this, "rule",
      {.init = "dimensions",
          .choices = {"dimensions", "factor", "longer side", "shorter side", "width", "height", "megapixels",
              "size of another", "multiple"},
          .tip = "what says the new size; of the params below, those that it names count"}};
  Param<std::int64_t> width_{*this, "width",
      {.init = 512, .min = 0, .max = kLargestSide, .tip = "in pixels; with 'dimensions', 0 keeps the shape"}};
  Param<std::int64_t> height_{*this, "height",
      {.init = 512, .min = 0, .max = kLargestSide, .tip = "in pixels; with 'dimensions', 0 keeps the shape"}};
  Param<std::string> crop_{*this, "crop",
      {.init = "center",
          .choices = {"none", "center"},
          .tip =
              "with 'dimensions' and 'size of another': center crops to the new aspect ratio first, none stretches"}};
  Param<double> factor_{
      *this, "factor", {.init = 1, .min = 0.01, .max = 8, .step = 0.01, .tip = "2 doubles each side, 0.5 halves it"}};
  Param<std::int64_t> side_{
      *this, "side", {.init = 512, .min = 1, .max = kLargestSide, .tip = "the longer or the shorter side, in pixels"}};
  Param<double> megapixels_{
      *this, "megapixels", {.init = 1, .min = 0.01, .max = 16, .step = 0.01, .tip = "each of 1024 x 1024 pixels"}};
  Input<Image> other_{*this, "other", {.tip = "what has the size, with 'size of another'", .optional = true}};
  Param<std::int64_t> multiple_{*this, "multiple",
      {.init = 8,
          .min = 1,
          .max = kLargestSide,
          .tip = "with 'multiple', both sides become multiples of this: a little is scaled and cropped away"}};
  Param<std::string> method_{*this, "method",
      {.init = "area",
          .choices = {"nearest-exact", "bilinear", "area", "bicubic", "lanczos"},
          .tip = "lanczos is sharpest; nearest-exact keeps hard edges; area is best for shrinking"}};
  Output<Image> result_{*this, "image", {.tip = "in the new size"}};

  void run(RunContext& ctx) const override {
    const Image& image = ctx[image_];
    const std::string rule = ctx[rule_];
    if (rule == "multiple") return ctx.set(result_, Image(cut_to_multiple(ctx, image)));
    if (rule == "dimensions" && ctx[width_] == 0 && ctx[height_] == 0) return ctx.forward(image_, result_);
    const bool may_crop = rule == "dimensions" || rule == "size of another";
    const sd::Crop crop = may_crop && ctx[crop_] == "center" ? sd::Crop::Center : sd::Crop::Disabled;
    const sd::TargetSize size = target(ctx, image, rule);
    ctx.set(result_, Image(resized(ctx, image.pixels(), size, crop)));
  }

  sd::TargetSize target(RunContext& ctx, const Image& image, const std::string& rule) const {
    const std::int64_t width = image.width(), height = image.height();
    const auto scaled = [&](double factor) {
      return sd::TargetSize{
          rounded(static_cast<double>(width) * factor), rounded(static_cast<double>(height) * factor)};
    };
    if (rule == "factor") return scaled(ctx[factor_]);
    if (rule == "longer side") return sd::keep_side(width, height, ctx[side_], sd::Side::Longer);
    if (rule == "shorter side") return sd::keep_side(width, height, ctx[side_], sd::Side::Shorter);
    if (rule == "megapixels") {
      const double pixels = std::floor(ctx[megapixels_] * 1024 * 1024);
      return scaled(std::sqrt(pixels / static_cast<double>(width * height)));
    }
    if (rule == "size of another") {
      if (!ctx.has(other_))
        throw NodeError("there is no other picture that has the size", "connect 'other', or choose another rule");
      return {ctx[other_].width(), ctx[other_].height()};
    }
    const std::int64_t wanted_width = rule == "height" ? 0 : ctx[width_],
                       wanted_height = rule == "width" ? 0 : ctx[height_];
    if (wanted_width == 0 && wanted_height == 0)
      throw NodeError(fmt::format("the {} shall be 0", rule), "give a number of pixels");
    return sd::keep_shape(width, height, wanted_width, wanted_height, /*least=*/1);
  }

  torch::Tensor resized(RunContext& ctx, const torch::Tensor& pixels, sd::TargetSize size, sd::Crop crop) const {
    if (std::max(size.width, size.height) > kLargestSide)
      throw NodeError(fmt::format("the picture would become {} x {} pixels", size.width, size.height),
          fmt::format("give sizes that make no side larger than {}", kLargestSide));
    sd::require_finite(pixels, "the picture holds", "look at the node that made it");
    return sd::resize(pixels.permute({0, 3, 1, 2}), size.width, size.height, sd::resize_method(ctx[method_]), crop)
        .permute({0, 2, 3, 1})
        .contiguous();
  }

  /// Scaled down just so far that one side is a multiple, and of the other one what is too much cut off at both ends.
  torch::Tensor cut_to_multiple(RunContext& ctx, const Image& image) const {
    const std::int64_t multiple = ctx[multiple_];
    const std::int64_t width = image.width() / multiple * multiple, height = image.height() / multiple * multiple;
    if (width == 0 || height == 0 || (width == image.width() && height == image.height())) return image.pixels();
    const double across = static_cast<double>(width) / static_cast<double>(image.width());
    const double down = static_cast<double>(height) / static_cast<double>(image.height());
    const auto reach = [](std::int64_t side, double scale, std::int64_t least) {
      return std::max(least, static_cast<std::int64_t>(std::ceil(static_cast<double>(side) * scale)));
    };
    const sd::TargetSize size = across >= down ? sd::TargetSize{width, reach(image.height(), across, height)}
                                               : sd::TargetSize{reach(image.width(), down, width), height};
    return resized(ctx, image.pixels(), size, sd::Crop::Disabled)
        .narrow(1, (size.height - height) / 2, height)
        .narrow(2, (size.width - width) / 2, width)
        .contiguous();
  }
};

}  // namespace

void add_resize_to(Registry& registry) {
  // An input of a choice names the choices with which it is there.
  const auto with = [](const char* theirs, const char* ours, const std::vector<std::string>& choices) {
    std::map<std::string, nlohmann::json> values;
    for (const std::string& choice : choices) values[choice] = nlohmann::json();
    return ForeignInput(theirs, ours, std::move(values));
  };
  ForeignInput crop = with("resize_type.crop", "crop", {"scale dimensions", "match size"});
  crop.values["disabled"] = "none";
  registry.add<ResizeImageTo>("image.resize_to",
      {.title = "Resize Image by Rule",
          .menu = "Image/Transform",
          .doc = "Scales a picture by the rule that is chosen: to a size, by a factor, to the size of another ...",
          .foreign = {{.program = "comfyui",
              .name = "ResizeImageMaskNode",
              .inputs = {{"input", "image"},
                  {"resize_type", "rule",
                      {{"scale dimensions", "dimensions"}, {"scale by multiplier", "factor"},
                          {"scale longer dimension", "longer side"}, {"scale shorter dimension", "shorter side"},
                          {"scale width", "width"}, {"scale height", "height"}, {"scale total pixels", "megapixels"},
                          {"match size", "size of another"}, {"scale to multiple", "multiple"}}},
                  with("resize_type.width", "width", {"scale dimensions", "scale width"}),
                  with("resize_type.height", "height", {"scale dimensions", "scale height"}), crop,
                  with("resize_type.multiplier", "factor", {"scale by multiplier"}),
                  with("resize_type.longer_size", "side", {"scale longer dimension"}),
                  with("resize_type.shorter_size", "side", {"scale shorter dimension"}),
                  with("resize_type.megapixels", "megapixels", {"scale total pixels"}), {"resize_type.match", "other"},
                  with("resize_type.multiple", "multiple", {"scale to multiple"}), {"scale_method", "method"}},
              .outputs = {"image"}}}});
}

}  // namespace weft::image
