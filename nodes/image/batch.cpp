// image.batch and image.pick: pictures into a batch, and one out of it.
#include <fmt/format.h>

#include "nodes/image/nodes.h"
#include "nodes/sd/tensors/resize.h"

namespace weft::image {
namespace {

class BatchImages final : public Node {
  Inputs<Image> images_{*this, "images", {.tip = "in this order; each may itself be a batch"}};
  Output<Image> result_{*this, "image", {.tip = "all of them as one batch"}};

  void run(RunContext& ctx) const override {
    const std::vector<const Image*> images = ctx.all(images_);
    const Image& first = *images.front();
    std::vector<torch::Tensor> parts;
    for (const Image* image : images) {
      torch::Tensor pixels = image->pixels();
      if (image->height() != first.height() || image->width() != first.width()) {
        ctx.warn(fmt::format("a picture of {} x {} was resized to {} x {}, the size of the first", image->width(),
            image->height(), first.width(), first.height()));
        pixels = sd::resize(pixels.permute({0, 3, 1, 2}), first.width(), first.height(), sd::Resize::Bilinear)
                     .permute({0, 2, 3, 1});
      }
      parts.push_back(pixels);
    }
    ctx.set(result_, Image(torch::cat(parts)));
  }
};

class PickImage final : public Node {
  Input<Image> image_{*this, "image", {.tip = "a batch"}};
  Param<std::int64_t> index_{*this, "index", {.init = 0, .min = 0, .max = 4095, .tip = "the first is 0"}};
  Output<Image> result_{*this, "image", {.tip = "that picture"}};

  void run(RunContext& ctx) const override {
    const Image& image = ctx[image_];
    if (ctx[index_] >= image.batch())
      throw NodeError(fmt::format("there is no picture {} in a batch of {}", ctx[index_], image.batch()),
          fmt::format("give an index from 0 to {}", image.batch() - 1));
    ctx.set(result_, Image(image.pixels().narrow(0, ctx[index_], 1)));
  }
};

}  // namespace

void add_batch(Registry& registry) {
  registry.add<BatchImages>("image.batch",
      {.title = "Batch Images",
          .menu = "Image/Batch",
          .doc = "Joins pictures into one batch. All are resized to the size of the first."});
  registry.add<PickImage>(
      "image.pick", {.title = "Pick Image", .menu = "Image/Batch", .doc = "Takes one picture out of a batch."});
}

}  // namespace weft::image
