// mask.from_image, mask.to_image: between pictures and masks.
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

class MaskToImage final : public Node {
  Input<Mask> mask_{*this, "mask", {.tip = "any mask"}};
  Output<Image> image_{*this, "image", {.tip = "white where the mask selects"}};

  void run(RunContext& ctx) const override {
    ctx.set(image_, Image(ctx[mask_].values().unsqueeze(3).repeat({1, 1, 1, 3})));
  }
};

}  // namespace

void add_convert(Registry& registry) {
  registry.add<MaskFromImage>("mask.from_image",
      {.title = "Mask from Image",
          .menu = "Mask",
          .doc = "Uses a picture's brightness, or one of its channels, as a mask."});
  registry.add<MaskToImage>(
      "mask.to_image", {.title = "Mask to Image", .menu = "Mask", .doc = "Shows a mask as a grey picture."});
}

}  // namespace weft::mask
