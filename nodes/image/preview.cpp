// image.preview: shows a picture without keeping it.
#include "nodes/image/image_file.h"
#include "nodes/image/nodes.h"
#include "nodes/sd/tensors/finite.h"

namespace weft::image {
namespace {

class PreviewImage final : public Node {
  Input<Image> image_{*this, "image", {.tip = "what to show"}};
  Output<Image> result_{
      *this, "image", {.tip = "the same picture, so that a preview can sit in the middle of a chain"}};

  void run(RunContext& ctx) const override {
    const Image& image = ctx[image_];
    sd::require_finite(image.pixels(), "the picture holds", "look at the node that made it");
    if (ctx.wants_preview())
      ctx.preview({.width = static_cast<int>(image.width()),
          .height = static_cast<int>(image.height()),
          .rgb = to_bytes(image.pixels()[0])});
    ctx.forward(image_, result_);
  }
};

}  // namespace

void add_preview(Registry& registry) {
  registry.add<PreviewImage>("image.preview",
      {.title = "Preview Image",
          .menu = "Image",
          .doc = "Shows the first picture of a batch and passes the batch on.",
          .result = true,
          .foreign = {
              {.program = "comfyui", .name = "PreviewImage", .inputs = {{"images", "image"}}, .passes_on = "images"}}});
}

}  // namespace weft::image
