// image.to_yuv, image.from_yuv: brightness and colour apart.
#include <fmt/format.h>

#include "nodes/image/nodes.h"

namespace weft::image {
namespace {

// ITU-R BT.601, full range; the chroma factors as kornia has them.
constexpr double kRed = 0.299, kGreen = 0.587, kBlue = 0.114, kBlueDifference = 0.564, kRedDifference = 0.713;

torch::Tensor as_grey(const torch::Tensor& plane) { return plane.unsqueeze(3).repeat({1, 1, 1, 3}); }

class ToYuv final : public Node {
  Input<Image> image_{*this, "image", {.tip = "a picture, or a batch"}};
  Output<Image> y_{*this, "y", {.tip = "brightness, as a grey picture"}};
  Output<Image> u_{*this, "u", {.tip = "blue minus brightness; grey where the picture is grey"}};
  Output<Image> v_{*this, "v", {.tip = "red minus brightness; grey where the picture is grey"}};

  void run(RunContext& ctx) const override {
    const torch::Tensor& rgb = ctx[image_].pixels();
    const torch::Tensor red = rgb.select(3, 0), blue = rgb.select(3, 2);
    const torch::Tensor y = kRed * red + kGreen * rgb.select(3, 1) + kBlue * blue;
    ctx.set(y_, Image(as_grey(y)));
    ctx.set(u_, Image(as_grey((blue - y) * kBlueDifference + 0.5)));
    ctx.set(v_, Image(as_grey((red - y) * kRedDifference + 0.5)));
  }
};

class FromYuv final : public Node {
  Input<Image> y_{*this, "y", {.tip = "brightness; of a coloured picture, the mean of its channels"}};
  Input<Image> u_{*this, "u", {.tip = "blue minus brightness, in the size of 'y'"}};
  Input<Image> v_{*this, "v", {.tip = "red minus brightness, in the size of 'y'"}};
  Output<Image> image_{*this, "image", {.tip = "in colour, clamped to 0 and 1"}};

  void run(RunContext& ctx) const override {
    for (const Input<Image>* port : {&u_, &v_})
      if (ctx[*port].pixels().sizes() != ctx[y_].pixels().sizes())
        throw NodeError(fmt::format("'y' and '{}' differ in size or number", port == &u_ ? "u" : "v"),
            "give three batches of one size");
    const auto mean = [&](const Input<Image>& port) { return ctx[port].pixels().mean(3); };
    const torch::Tensor y = mean(y_), u = mean(u_) - 0.5, v = mean(v_) - 0.5;
    const torch::Tensor red = y + v / kRedDifference, blue = y + u / kBlueDifference;
    const torch::Tensor green = y - kRed / kGreen / kRedDifference * v - kBlue / kGreen / kBlueDifference * u;
    ctx.set(image_, Image(torch::stack({red, green, blue}, 3).clamp(0, 1)));
  }
};

}  // namespace

void add_yuv(Registry& registry) {
  registry.add<ToYuv>("image.to_yuv",
      {.title = "RGB to YUV",
          .menu = "Image/Colour",
          .doc = "Brightness and the two colour differences of a picture (BT.601), each as a grey picture.",
          .foreign = {
              {.program = "comfyui", .name = "ImageRGBToYUV", .inputs = {"image"}, .outputs = {"y", "u", "v"}}}});
  registry.add<FromYuv>("image.from_yuv",
      {.title = "YUV to RGB",
          .menu = "Image/Colour",
          .doc = "A picture from its brightness and its two colour differences.",
          .foreign = {{.program = "comfyui",
              .name = "ImageYUVToRGB",
              .inputs = {{"Y", "y"}, {"U", "u"}, {"V", "v"}},
              .outputs = {"image"}}}});
}

}  // namespace weft::image
