// mask.from_image, mask.from_color, mask.to_image, mask.preview: between pictures and masks.
#include <fmt/format.h>

#include <optional>

#include "base/colour.h"
#include "nodes/mask/nodes.h"

namespace weft::mask {
namespace {

class MaskFromImage final : public Node {
  Input<Image> image_{*this, "image", {.tip = "a picture, or a batch"}};
  Param<std::string> channel_{*this, "channel",
      {.init = "brightness",
          .choices = {"brightness", "red", "green", "blue"},
          .tip = "what becomes the mask's value"}};
  Output<Mask> mask_{*this, "mask", {.tip = "of the picture's size; 1 where the channel is brightest"}};

  void run(RunContext& ctx) const override {
    const torch::Tensor& pixels = ctx[image_].pixels();
    const std::string channel = ctx[channel_];
    if (channel == "brightness") {  // ITU-R BT.601
      ctx.set(mask_, Mask(torch::matmul(pixels, torch::tensor({0.299f, 0.587f, 0.114f}))));
    } else {
      ctx.set(mask_, Mask(pixels.select(3, channel == "red" ? 0 : channel == "green" ? 1 : 2).contiguous()));
    }
  }
};

class MaskFromColor final : public Node {
  Input<Image> image_{*this, "image", {.tip = "a picture, or a batch"}};
  Param<std::string> color_{*this, "color",
      {.init = "#000000", .widget = Widget::Color, .tip = "what is selected, exact to the 8-bit value"}};
  Output<Mask> mask_{*this, "mask", {.tip = "1 where the picture has that colour, 0 elsewhere"}};

  void run(RunContext& ctx) const override {
    const std::optional<Rgb8> rgb = read_colour(ctx[color_]);
    if (!rgb) throw NodeError(fmt::format("'{}' is no colour", ctx[color_]), "write it as #rrggbb, such as #ff8800");
    const torch::Tensor levels = (ctx[image_].pixels().clamp(0, 1) * 255).round();
    const torch::Tensor wanted =
        torch::tensor({static_cast<float>((*rgb)[0]), static_cast<float>((*rgb)[1]), static_cast<float>((*rgb)[2])});
    ctx.set(mask_, Mask((levels == wanted).all(3).to(torch::kFloat32)));
  }
};

class MaskToImage final : public Node {
  Input<Mask> mask_{*this, "mask", {.tip = "any mask"}};
  Output<Image> image_{*this, "image", {.tip = "white where the mask selects"}};

  void run(RunContext& ctx) const override {
    ctx.set(image_, Image(ctx[mask_].values().unsqueeze(3).repeat({1, 1, 1, 3})));
  }
};

class PreviewMask final : public Node {
  Input<Mask> mask_{*this, "mask", {.tip = "what to show"}};
  Output<Mask> result_{*this, "mask", {.tip = "the same mask, so that a preview can sit in the middle of a chain"}};

  void run(RunContext& ctx) const override {
    const torch::Tensor& values = ctx[mask_].values();
    if (ctx.wants_preview() && values.size(0) > 0) {
      const torch::Tensor grey = (values[0].nan_to_num().clamp(0, 1) * 255).to(torch::kUInt8).contiguous();
      Picture picture{.width = static_cast<int>(values.size(2)), .height = static_cast<int>(values.size(1)), .rgb = {}};
      const torch::Tensor rgb = grey.unsqueeze(2).repeat({1, 1, 3});
      picture.rgb.assign(rgb.const_data_ptr<std::uint8_t>(), rgb.const_data_ptr<std::uint8_t>() + rgb.numel());
      ctx.preview(std::move(picture));
    }
    ctx.forward(mask_, result_);
  }
};

}  // namespace

void add_convert(Registry& registry) {
  registry.add<MaskFromImage>("mask.from_image",
      {.title = "Mask from Image",
          .menu = "Mask",
          .doc = "Uses a picture's brightness, or one of its channels, as a mask.",
          .foreign = {
              {.program = "comfyui", .name = "ImageToMask", .inputs = {"image", "channel"}, .outputs = {"mask"}}}});
  registry.add<MaskFromColor>("mask.from_color",
      {.title = "Mask from Colour",
          .menu = "Mask",
          .doc = "Selects the pixels of a picture that have one colour.",
          .foreign = {
              {.program = "comfyui", .name = "ImageColorToMask", .inputs = {"image", "color"}, .outputs = {"mask"}}}});
  registry.add<MaskToImage>("mask.to_image",
      {.title = "Mask to Image",
          .menu = "Mask",
          .doc = "Shows a mask as a grey picture.",
          .foreign = {{.program = "comfyui", .name = "MaskToImage", .inputs = {"mask"}, .outputs = {"image"}}}});
  registry.add<PreviewMask>("mask.preview",
      {.title = "Preview Mask",
          .menu = "Mask",
          .doc = "Shows the first mask of a batch and passes the batch on.",
          .result = true,
          .foreign = {{.program = "comfyui", .name = "MaskPreview", .inputs = {"mask"}, .outputs = {"mask"}}}});
}

}  // namespace weft::mask
