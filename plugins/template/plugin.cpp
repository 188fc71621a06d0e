// {{name}}: one node to start from. It paints stripes over a picture.
//
// A node type is a class whose members are its ports. It holds no values: run() reads inputs and params from
// `ctx`, which stands for one execution, and sets the outputs. Several threads may be in run() at once.
#include "plugins/sdk.h"

namespace {

class Stripes final : public weft::Node {
  weft::Input<weft::Image> image_{*this, "image", {.tip = "painted over; a white picture if none", .optional = true}};
  weft::Param<int> count_{*this, "count", {.init = 8, .min = 1, .max = 256, .tip = "how many stripes"}};
  weft::Param<float> strength_{
      *this, "strength", {.init = 0.5, .min = 0, .max = 1, .step = 0.05, .tip = "0 paints nothing, 1 paints black"}};
  weft::Output<weft::Image> result_{*this, "image", {.tip = "the picture with its stripes"}};

  void run(weft::RunContext& ctx) const override {
    // Pictures are float32 [batch, height, width, 3], values in [0, 1].
    // Inputs are shared with other nodes: copy before you write.
    torch::Tensor out = ctx.has(image_) ? ctx[image_].pixels().clone() : torch::ones({1, 256, 256, 3});
    const std::int64_t height = out.size(1);
    for (std::int64_t y = 0; y < height; ++y) {
      ctx.progress(y, height);  // shows progress, and is where a cancel lands
      const bool painted = (2 * y * ctx[count_] / height) % 2 == 1;
      if (painted) out.select(1, y).mul_(1 - ctx[strength_]);
    }
    ctx.set(result_, weft::Image(out));
    // What a user can cause is refused in words: throw weft::NodeError("what is wrong", "what to do").
  }
};

}  // namespace

// The ids and the names of ports are promises: users' workflows hold them. Titles are free to change.
WEFT_PLUGIN("org.example.{{name}}", "1.0.0", registry) {
  registry.add<Stripes>(
      "{{name}}.stripes", {.title = "Stripes", .menu = "Image/Effects", .doc = "Paints even stripes over a picture."});
}
