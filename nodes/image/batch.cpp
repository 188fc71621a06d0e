// image.batch, image.repeat, image.pick: pictures into a batch, and some out of it.
#include <fmt/format.h>

#include <algorithm>

#include "nodes/image/nodes.h"
#include "nodes/sd/tensors/resize.h"

namespace weft::image {
namespace {

class BatchImages final : public Node {
  Inputs<Image> images_{*this, "images", {.tip = "in this order; each may itself be a batch"}};
  Param<std::string> crop_{*this, "crop",
      {.init = "center",
          .choices = {"center", "none"},
          .tip =
              "of pictures that have another size than the first: center crops to its aspect ratio, none stretches"}};
  Output<Image> result_{*this, "image", {.tip = "all of them as one batch"}};

  void run(RunContext& ctx) const override {
    const std::vector<const Image*> images = ctx.all(images_);
    const Image& first = *images.front();
    const sd::Crop crop = ctx[crop_] == "center" ? sd::Crop::Center : sd::Crop::Disabled;
    std::vector<torch::Tensor> parts;
    for (const Image* image : images) {
      torch::Tensor pixels = image->pixels();
      if (image->height() != first.height() || image->width() != first.width()) {
        ctx.warn(fmt::format("a picture of {} x {} was resized to {} x {}, the size of the first", image->width(),
            image->height(), first.width(), first.height()));
        pixels = sd::resize(pixels.permute({0, 3, 1, 2}), first.width(), first.height(), sd::Resize::Bilinear, crop)
                     .permute({0, 2, 3, 1});
      }
      parts.push_back(pixels);
    }
    ctx.set(result_, Image(torch::cat(parts)));
  }
};

class RepeatImage final : public Node {
  Input<Image> image_{*this, "image", {.tip = "a picture, or a batch"}};
  Param<std::int64_t> times_{
      *this, "times", {.init = 2, .min = 1, .max = 4096, .tip = "how many times the batch is repeated"}};
  Output<Image> result_{*this, "image", {.tip = "the longer batch"}};

  void run(RunContext& ctx) const override {
    ctx.set(result_, Image(ctx[image_].pixels().repeat({ctx[times_], 1, 1, 1})));
  }
};

class PickImage final : public Node {
  Input<Image> image_{*this, "image", {.tip = "a batch"}};
  Param<std::int64_t> index_{*this, "index",
      {.init = 0,
          .min = -16384,
          .max = 16384,
          .tip = "the first is 0, the last -1; beyond the last the last is taken, before the first the first"}};
  Param<std::int64_t> count_{
      *this, "count", {.init = 1, .min = 1, .max = 4096, .tip = "how many, from that one on; as many as there are"}};
  Output<Image> result_{*this, "image", {.tip = "those pictures"}};

  void run(RunContext& ctx) const override {
    const Image& image = ctx[image_];
    const std::int64_t wanted = ctx[index_] < 0 ? ctx[index_] + image.batch() : ctx[index_];
    const std::int64_t first = std::clamp<std::int64_t>(wanted, 0, image.batch() - 1);
    if (first != wanted)
      ctx.warn(fmt::format(
          "there is no picture {} in a batch of {}; number {} is taken", ctx[index_], image.batch(), first));
    ctx.set(result_, Image(image.pixels().slice(0, first, first + ctx[count_])));
  }
};

}  // namespace

void add_batch(Registry& registry) {
  registry.add<BatchImages>("image.batch",
      {.title = "Batch Images",
          .menu = "Image/Batch",
          .doc = "Joins pictures into one batch. All are resized to the size of the first.",
          .revision = 2,
          .foreign = {{.program = "comfyui",
                          .name = "ImageBatch",
                          .inputs = {{"image1", "images"}, {"image2", "images"}},
                          .outputs = {"image"}},
              {.program = "comfyui",
                  .name = "BatchImagesNode",
                  .inputs = {{"images.image*", "images"}},
                  .outputs = {"image"}},
              // Its batches of another length come one after the other there: they are one batch here.
              {.program = "comfyui",
                  .name = "RebatchImages",
                  .inputs = {"images", {"batch_size", ""}},
                  .outputs = {"image"}}}});
  registry.add<RepeatImage>("image.repeat",
      {.title = "Repeat Image",
          .menu = "Image/Batch",
          .doc = "The same pictures several times, as one batch.",
          .foreign = {{.program = "comfyui",
              .name = "RepeatImageBatch",
              .inputs = {"image", {"amount", "times"}},
              .outputs = {"image"}}}});
  registry.add<PickImage>("image.pick",
      {.title = "Pick Image",
          .menu = "Image/Batch",
          .doc = "Takes pictures out of a batch, one or several that follow each other.",
          .revision = 2,
          .foreign = {{.program = "comfyui",
              .name = "ImageFromBatch",
              .inputs = {"image", {"batch_index", "index"}, {"length", "count"}},
              .outputs = {"image"}}}});
}

}  // namespace weft::image
