// image.flip, image.rotate, image.stitch, image.pad: pixels at another place.
#include <fmt/format.h>

#include <array>
#include <map>

#include "nodes/image/nodes.h"
#include "nodes/sd/pictures/masks.h"
#include "nodes/sd/tensors/resize.h"

namespace weft::image {
namespace {

constexpr std::int64_t kLargestSide = 16384;
constexpr std::int64_t kRows = 1, kColumns = 2;  ///< axes of [B, H, W, C]

class FlipImage final : public Node {
  Input<Image> image_{*this, "image", {.tip = "a picture, or a batch"}};
  Param<std::string> direction_{*this, "direction",
      {.init = "vertical",
          .choices = {"vertical", "horizontal"},
          .tip = "vertical: upside down; horizontal: as in a mirror"}};
  Output<Image> result_{*this, "image", {.tip = "flipped"}};

  void run(RunContext& ctx) const override {
    ctx.set(result_, Image(ctx[image_].pixels().flip({ctx[direction_] == "vertical" ? kRows : kColumns})));
  }
};

class RotateImage final : public Node {
  Input<Image> image_{*this, "image", {.tip = "a picture, or a batch"}};
  Param<std::string> angle_{*this, "angle",
      {.init = "none", .choices = {"none", "90 degrees", "180 degrees", "270 degrees"}, .tip = "clockwise"}};
  Output<Image> result_{*this, "image", {.tip = "turned; by 90 and 270 degrees, width and height change places"}};

  void run(RunContext& ctx) const override {
    const std::string angle = ctx[angle_];
    const std::int64_t quarters = angle == "90 degrees" ? 1
        : angle == "180 degrees"                        ? 2
        : angle == "270 degrees"                        ? 3
                                                        : 0;
    ctx.set(result_, Image(ctx[image_].pixels().rot90(quarters, {kColumns, kRows}).contiguous()));
  }
};

/// The last picture of a batch again, until there are `count`.
torch::Tensor with_last_repeated(const torch::Tensor& pixels, std::int64_t count) {
  if (pixels.size(0) >= count) return pixels;
  return torch::cat({pixels, pixels.slice(0, -1).repeat({count - pixels.size(0), 1, 1, 1})});
}

class StitchImages final : public Node {
  Input<Image> image_{*this, "image", {.tip = "the picture that stays where it is"}};
  Param<std::string> side_{
      *this, "side", {.init = "right", .choices = {"right", "down", "left", "up"}, .tip = "where 'other' is put"}};
  Param<bool> match_size_{*this, "match_size",
      {.init = true,
          .tip = "resizes 'other' so that the sides that meet are of one length; else the shorter one is padded"}};
  Param<std::int64_t> gap_{*this, "gap",
      {.init = 0, .min = 0, .max = 1024, .step = 2, .tip = "pixels between the two; odd ones are rounded up"}};
  Param<std::string> color_{*this, "color",
      {.init = "white",
          .choices = {"white", "black", "red", "green", "blue"},
          .tip = "of the gap; padding is white or black"}};
  Input<Image> other_{*this, "other", {.tip = "none: nothing changes", .optional = true}};
  Output<Image> result_{*this, "image", {.tip = "both as one; of two batches, the shorter one's last is repeated"}};

  void run(RunContext& ctx) const override {
    if (!ctx.has(other_)) return ctx.forward(image_, result_);
    const std::int64_t count = std::max(ctx[image_].batch(), ctx[other_].batch());
    torch::Tensor one = with_last_repeated(ctx[image_].pixels(), count);
    torch::Tensor other = with_last_repeated(ctx[other_].pixels(), count);
    const std::string side = ctx[side_];
    const bool beside = side == "right" || side == "left";
    const std::int64_t shared = beside ? kRows : kColumns;  // the axis along which they meet
    if (ctx[match_size_]) {
      other = resized_to(other, beside, one.size(shared));
    } else {
      const double fill = ctx[color_] == "white" ? 1 : 0;
      const std::int64_t length = std::max(one.size(shared), other.size(shared));
      one = padded(one, shared, length, fill);
      other = padded(other, shared, length, fill);
    }
    std::vector<torch::Tensor> parts{one, other};
    if (side == "left" || side == "up") std::swap(parts[0], parts[1]);
    if (const std::int64_t gap = ctx[gap_] + ctx[gap_] % 2; gap > 0) {
      std::vector<std::int64_t> size = one.sizes().vec();
      size[beside ? kColumns : kRows] = gap;
      parts.insert(parts.begin() + 1, colour(ctx[color_]).expand(size));
    }
    ctx.set(result_, Image(torch::cat(parts, beside ? kColumns : kRows)));
  }

  static torch::Tensor resized_to(const torch::Tensor& pixels, bool beside, std::int64_t length) {
    const double aspect = static_cast<double>(pixels.size(2)) / static_cast<double>(pixels.size(1));
    const auto other_side = static_cast<std::int64_t>(static_cast<double>(length) * (beside ? aspect : 1 / aspect));
    if (other_side < 1 || other_side > kLargestSide)
      throw NodeError(
          fmt::format("'other' of {} x {} would become {} pixels long", pixels.size(2), pixels.size(1), other_side),
          "set match_size to false, or give a picture of another shape");
    return sd::resize(
        pixels.permute({0, 3, 1, 2}), beside ? other_side : length, beside ? length : other_side, sd::Resize::Lanczos)
        .permute({0, 2, 3, 1});
  }

  static torch::Tensor padded(const torch::Tensor& pixels, std::int64_t axis, std::int64_t length, double fill) {
    const std::int64_t missing = length - pixels.size(axis), before = missing / 2;
    if (missing == 0) return pixels;
    return axis == kRows ? at::constant_pad_nd(pixels, {0, 0, 0, 0, before, missing - before}, fill)
                         : at::constant_pad_nd(pixels, {0, 0, before, missing - before}, fill);
  }

  static torch::Tensor colour(const std::string& name) {
    static const std::map<std::string, std::array<float, 3>> kColours{
        {"white", {1, 1, 1}}, {"black", {0, 0, 0}}, {"red", {1, 0, 0}}, {"green", {0, 1, 0}}, {"blue", {0, 0, 1}}};
    const std::array<float, 3>& rgb = kColours.at(name);
    return torch::tensor({rgb[0], rgb[1], rgb[2]});
  }
};

class PadForOutpainting final : public Node {
  Input<Image> image_{*this, "image", {.tip = "what shall go on beyond its edges"}};
  Param<std::int64_t> left_{
      *this, "left", {.init = 0, .min = 0, .max = kLargestSide, .step = 8, .tip = "pixels to add"}};
  Param<std::int64_t> top_{*this, "top", {.init = 0, .min = 0, .max = kLargestSide, .step = 8, .tip = "pixels to add"}};
  Param<std::int64_t> right_{
      *this, "right", {.init = 0, .min = 0, .max = kLargestSide, .step = 8, .tip = "pixels to add"}};
  Param<std::int64_t> bottom_{
      *this, "bottom", {.init = 0, .min = 0, .max = kLargestSide, .step = 8, .tip = "pixels to add"}};
  Param<std::int64_t> feather_{*this, "feather",
      {.init = 40,
          .min = 0,
          .max = kLargestSide,
          .tip =
              "how far the mask reaches into the picture, fading; it does not where the picture is less than twice as "
              "large"}};
  Output<Image> padded_{*this, "image", {.tip = "with a grey border"}};
  Output<Mask> mask_{*this, "mask", {.tip = "1 on the border: what to paint"}};

  void run(RunContext& ctx) const override {
    const Image& image = ctx[image_];
    const sd::Border border{.left = ctx[left_], .top = ctx[top_], .right = ctx[right_], .bottom = ctx[bottom_]};
    const std::int64_t width = image.width() + border.left + border.right;
    const std::int64_t height = image.height() + border.top + border.bottom;
    if (std::max(width, height) > kLargestSide)
      throw NodeError(fmt::format("the picture would become {} x {} pixels", width, height),
          fmt::format("give sizes that make no side larger than {}", kLargestSide));
    const sd::PaddedImage padded = sd::pad_for_outpainting(image.pixels(), border, ctx[feather_]);
    ctx.set(padded_, Image(padded.image));
    ctx.set(mask_, Mask(padded.mask));
  }
};

}  // namespace

void add_arrange(Registry& registry) {
  registry.add<FlipImage>("image.flip",
      {.title = "Flip Image",
          .menu = "Image/Transform",
          .doc = "Turns a picture upside down, or shows it as in a mirror.",
          .foreign = {{.program = "comfyui",
              .name = "ImageFlip",
              .inputs = {"image",
                  {"flip_method", "direction",
                      {{"x-axis: vertically", "vertical"}, {"y-axis: horizontally", "horizontal"}}}},
              .outputs = {"image"}}}});
  registry.add<RotateImage>("image.rotate",
      {.title = "Rotate Image",
          .menu = "Image/Transform",
          .doc = "Turns a picture by quarters of a circle.",
          .foreign = {{.program = "comfyui",
              .name = "ImageRotate",
              .inputs = {"image", {"rotation", "angle"}},
              .outputs = {"image"}}}});
  registry.add<StitchImages>("image.stitch",
      {.title = "Stitch Images",
          .menu = "Image/Combine",
          .doc = "Puts a second picture at one side of the first.",
          .foreign = {{.program = "comfyui",
              .name = "ImageStitch",
              .inputs = {{"image1", "image"}, {"direction", "side"}, {"match_image_size", "match_size"},
                  {"spacing_width", "gap"}, {"spacing_color", "color"}, {"image2", "other"}},
              .outputs = {"image"}}}});
  registry.add<PadForOutpainting>("image.pad",
      {.title = "Pad Image for Outpainting",
          .menu = "Image/Transform",
          .doc = "Adds a border to a picture and a mask of it, so that inpainting goes on beyond the edges.",
          .foreign = {{.program = "comfyui",
              .name = "ImagePadForOutpaint",
              .inputs = {"image", "left", "top", "right", "bottom", {"feathering", "feather"}},
              .outputs = {"image", "mask"}}}});
}

}  // namespace weft::image
