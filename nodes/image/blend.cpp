// image.blend, image.porter_duff: two pictures mixed into one.
#include "nodes/sd/pictures/blend.h"

#include <fmt/format.h>

#include <algorithm>

#include "nodes/image/nodes.h"
#include "nodes/sd/tensors/resize.h"

namespace weft::image {
namespace {

std::vector<std::string> texts(std::span<const std::string_view> names) { return {names.begin(), names.end()}; }

/// Pictures [B, h, w, C] in another size, with the middle of them where the shape differs.
torch::Tensor fitted(const torch::Tensor& pixels, std::int64_t width, std::int64_t height) {
  if (pixels.size(2) == width && pixels.size(1) == height) return pixels;
  return sd::resize(pixels.permute({0, 3, 1, 2}), width, height, sd::Resize::Bicubic, sd::Crop::Center)
      .permute({0, 2, 3, 1});
}

class BlendImages final : public Node {
  Input<Image> below_{*this, "below", {.tip = "gives the size"}};
  Input<Image> above_{*this, "above", {.tip = "what is mixed in; cut and resized to the size of 'below'"}};
  Param<double> amount_{*this, "amount",
      {.init = 0.5, .min = 0, .max = 1, .step = 0.01, .tip = "0 gives 'below', 1 the two blended in full"}};
  Param<std::string> mode_{*this, "mode",
      {.init = "normal",
          .choices = texts(sd::blend_modes()),
          .tip = "multiply darkens, screen brightens, overlay does both; difference is below - above"}};
  Output<Image> result_{*this, "image", {.tip = "in the size of 'below'"}};

  void run(RunContext& ctx) const override {
    const Image& below = ctx[below_];
    const Image& above = ctx[above_];
    if (above.batch() != below.batch() && above.batch() != 1 && below.batch() != 1)
      throw NodeError(fmt::format("'below' holds {} pictures and 'above' {}", below.batch(), above.batch()),
          "give as many to both, or one to one of them");
    const double amount = ctx[amount_];
    const torch::Tensor top = fitted(above.pixels(), below.width(), below.height());
    const torch::Tensor mixed = sd::blended(below.pixels(), top, ctx[mode_]);
    ctx.set(result_, Image((below.pixels() * (1 - amount) + mixed * amount).clamp(0, 1)));
  }
};

class PorterDuff final : public Node {
  Input<Image> source_{*this, "source", {.tip = "the upper picture"}};
  Input<Mask> source_mask_{*this, "source_mask", {.tip = "1 where it is transparent, as Load Image gives it"}};
  Input<Image> destination_{*this, "destination", {.tip = "the lower picture: gives the size"}};
  Input<Mask> destination_mask_{*this, "destination_mask", {.tip = "1 where it is transparent"}};
  Param<std::string> operation_{*this, "operation",
      {.init = "DST",
          .choices = texts(sd::porter_duff_operations()),
          .tip = "SRC_OVER lays one over the other; SRC_IN keeps of the upper what lies on the lower"}};
  Output<Image> image_{
      *this, "image", {.tip = "as many pictures as the shortest of the four has; black where transparent"}};
  Output<Mask> mask_{*this, "mask", {.tip = "1 where the result is transparent"}};

  void run(RunContext& ctx) const override {
    const Image& destination = ctx[destination_];
    const std::int64_t width = destination.width(), height = destination.height();
    const std::int64_t count = std::min({ctx[source_].batch(), ctx[source_mask_].values().size(0), destination.batch(),
        ctx[destination_mask_].values().size(0)});
    const auto layer = [&](const torch::Tensor& pixels, const torch::Tensor& mask) {
      return sd::Layer{fitted(pixels.narrow(0, 0, count), width, height),
          1 - fitted(mask.narrow(0, 0, count).unsqueeze(3), width, height)};
    };
    const sd::Layer result = sd::composed(layer(ctx[source_].pixels(), ctx[source_mask_].values()),
        layer(destination.pixels(), ctx[destination_mask_].values()), ctx[operation_]);
    ctx.set(image_, Image(result.colours.contiguous()));
    ctx.set(mask_, Mask((1 - result.alpha).squeeze(3)));
  }
};

}  // namespace

void add_blend(Registry& registry) {
  registry.add<BlendImages>("image.blend",
      {.title = "Blend Images",
          .menu = "Image/Combine",
          .doc = "Mixes two pictures by a blend mode, all over. To lay one over the other at a place, use Composite "
                 "Images.",
          .foreign = {{.program = "comfyui",
              .name = "ImageBlend",
              .inputs = {{"image1", "below"}, {"image2", "above"}, {"blend_factor", "amount"}, {"blend_mode", "mode"}},
              .outputs = {"image"}}}});
  registry.add<PorterDuff>("image.porter_duff",
      {.title = "Porter-Duff Composite",
          .menu = "Image/Combine",
          .doc = "Combines two pictures that are transparent in part, by the operators of Porter and Duff (1984).",
          .foreign = {{.program = "comfyui",
              .name = "PorterDuffImageComposite",
              .inputs = {"source", {"source_alpha", "source_mask"}, "destination",
                  {"destination_alpha", "destination_mask"}, {"mode", "operation"}},
              .outputs = {"image", "mask"}}}});
}

}  // namespace weft::image
