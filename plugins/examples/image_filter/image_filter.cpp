// An image filter: fewer tones, as in a screen print.
#include "plugins/sdk.h"

namespace {

class Posterise final : public weft::Node {
  weft::Input<weft::Image> image_{*this, "image", {.tip = "a batch is filtered picture by picture"}};
  weft::Param<int> tones_{*this, "tones", {.init = 4, .min = 2, .max = 64, .tip = "that each colour channel keeps"}};
  weft::Param<float> amount_{*this, "amount",
      {.init = 1, .min = 0, .max = 1, .step = 0.05, .tip = "0 keeps the picture, 1 is the full effect"}};
  weft::Output<weft::Image> result_{*this, "image", {.tip = "of the same size"}};

  void run(weft::RunContext& ctx) const override {
    const torch::Tensor& in = ctx[image_].pixels();  // [batch, height, width, 3], values in [0, 1]
    const int steps = ctx[tones_] - 1;
    torch::Tensor out = torch::empty_like(in);
    for (std::int64_t i = 0; i < in.size(0); ++i) {
      ctx.progress(i, in.size(0));  // shows progress, and is where a cancel lands
      const torch::Tensor flat = (in[i] * steps).round() / steps;
      out[i].copy_(torch::lerp(in[i], flat, ctx[amount_]));
    }
    ctx.set(result_, weft::Image(out));
  }
};

}  // namespace

WEFT_PLUGIN("weft.example.image_filter", "1.0.0", registry) {
  registry.add<Posterise>("example.posterise",
      {.title = "Posterise", .menu = "Image/Color", .doc = "Leaves a few tones of each colour channel."});
}
