// A value type of one's own: a palette that one node takes from a picture and another lays over a picture.
#include "plugins/examples/custom_value/palette.h"
#include "plugins/sdk.h"

namespace {

using example::Palette;

class ExtractPalette final : public weft::Node {
  weft::Input<weft::Image> image_{*this, "image", {.tip = "a batch gives one palette for all its pictures"}};
  weft::Param<int> count_{*this, "count", {.init = 6, .min = 1, .max = 64, .tip = "how many colours"}};
  weft::Output<Palette> palette_{*this, "palette", {.tip = "darkest first"}};

  void run(weft::RunContext& ctx) const override {
    ctx.set(palette_, example::extract_palette(ctx[image_].pixels().reshape({-1, 3}), ctx[count_]));
  }
};

class ApplyPalette final : public weft::Node {
  weft::Input<weft::Image> image_{*this, "image", {.tip = "a batch is coloured picture by picture"}};
  weft::Input<Palette> palette_{*this, "palette", {.tip = "the colours that may appear"}};
  weft::Output<weft::Image> result_{*this, "image", {.tip = "each pixel as the nearest colour of the palette"}};

  void run(weft::RunContext& ctx) const override {
    const torch::Tensor& in = ctx[image_].pixels();
    torch::Tensor out = torch::empty_like(in);
    for (std::int64_t i = 0; i < in.size(0); ++i) {
      ctx.progress(i, in.size(0));
      out[i].copy_(example::nearest_colours(in[i].reshape({-1, 3}), ctx[palette_]).view_as(out[i]));
    }
    ctx.set(result_, weft::Image(out));
  }
};

}  // namespace

WEFT_PLUGIN("weft.example.custom_value", "1.0.0", registry) {
  registry.add_type(example::palette_type());
  registry.add<ExtractPalette>("example.extract_palette",
      {.title = "Extract Palette", .menu = "Image/Color", .doc = "The colours that stand best for a picture."});
  registry.add<ApplyPalette>("example.apply_palette",
      {.title = "Apply Palette",
          .menu = "Image/Color",
          .doc = "Paints a picture with the colours of a palette alone."});
}
