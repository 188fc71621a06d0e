// image.quantize: a picture in few colours.
#include <fmt/format.h>

#include "nodes/image/nodes.h"
#include "nodes/sd/pictures/eight_bit.h"
#include "nodes/sd/pictures/palette.h"
#include "nodes/sd/tensors/finite.h"

namespace weft::image {
namespace {

class QuantizeImage final : public Node {
  Input<Image> image_{*this, "image", {.tip = "a picture, or a batch"}};
  Param<std::int64_t> colors_{
      *this, "colors", {.init = 256, .min = 1, .max = 256, .tip = "at most; each picture has its own"}};
  Param<std::string> dither_{*this, "dither",
      {.init = "none",
          .choices = {"none", "floyd-steinberg", "bayer-2", "bayer-4", "bayer-8", "bayer-16"},
          .tip = "how colours between are shown: not at all, by noise, or by a pattern of that size"}};
  Output<Image> result_{*this, "image", {.tip = "in those colours"}};

  void run(RunContext& ctx) const override {
    const torch::Tensor& pixels = ctx[image_].pixels();
    sd::require_finite(pixels, "the picture holds", "look at the node that made it");
    const std::string dither = ctx[dither_];
    std::vector<torch::Tensor> pictures;
    for (const torch::Tensor& picture : pixels.unbind(0)) {
      ctx.progress(static_cast<std::int64_t>(pictures.size()), pixels.size(0));
      const torch::Tensor bytes = sd::to_eight_bit(picture), palette = sd::median_cut_palette(bytes, ctx[colors_]);
      pictures.push_back(dither == "none" ? sd::in_colours(bytes, palette)
              : dither == "floyd-steinberg"
              ? sd::diffused(bytes, palette)
              : sd::ordered(bytes, palette, std::stoll(dither.substr(dither.find('-') + 1))));
    }
    ctx.set(result_, Image(torch::stack(pictures).to(torch::kFloat32) / 255));
  }
};

}  // namespace

void add_quantize(Registry& registry) {
  registry.add<QuantizeImage>("image.quantize",
      {.title = "Reduce Colours",
          .menu = "Image/Colour",
          .doc = "Shows a picture in few colours, which are chosen from its own.",
          .foreign = {{.program = "comfyui",
              .name = "ImageQuantize",
              .inputs = {"image", "colors", "dither"},
              .outputs = {"image"}}}});
}

}  // namespace weft::image
