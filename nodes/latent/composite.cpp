// latent.composite, latent.composite_masked: one latent laid into another.
#include "nodes/latent/nodes.h"
#include "nodes/sd/pictures/masks.h"
#include "nodes/sd/tensors/resize.h"

#include <fmt/format.h>

namespace weft::latent {
namespace {

void require_same_channels(const Latent& below, const Latent& above) {
  if (below.samples.size(1) != above.samples.size(1))
    throw NodeError(fmt::format("'below' has {} channels and 'above' {}", below.samples.size(1), above.samples.size(1)),
        "give latents of one kind of model");
}

class CompositeLatents final : public Node {
  Input<Latent> below_{*this, "below", {.tip = "the latent to change"}};
  Input<Latent> above_{*this, "above", {.tip = "laid into it; what lies outside is cut"}};
  Param<std::int64_t> x_{
      *this, "x", {.init = 0, .min = 0, .max = 16384, .step = 8, .tip = "of the left edge of 'above', in pixels"}};
  Param<std::int64_t> y_{
      *this, "y", {.init = 0, .min = 0, .max = 16384, .step = 8, .tip = "of the upper edge of 'above', in pixels"}};
  Param<std::int64_t> feather_{*this, "feather",
      {.init = 0, .min = 0, .max = 16384, .step = 8, .tip = "over how many pixels the edges inside 'below' fade"}};
  Output<Latent> result_{*this, "latent", {.tip = "in the size of 'below'"}};

  void run(RunContext& ctx) const override {
    Latent latent = ctx[below_];
    require_same_channels(latent, ctx[above_]);
    const std::int64_t unit = latent.space.downscale;
    latent.samples = sd::composite_latents(
        latent.samples, ctx[above_].samples, ctx[x_] / unit, ctx[y_] / unit, ctx[feather_] / unit);
    ctx.set(result_, std::move(latent));
  }
};

class CompositeLatentsMasked final : public Node {
  Input<Latent> below_{*this, "below", {.tip = "the latent to change"}};
  Input<Latent> above_{*this, "above", {.tip = "laid into it; what lies outside is cut"}};
  Input<Mask> mask_{*this, "mask",
      {.tip = "where 'above' shows, resized to its size: 1 fully, 0 not at all; none = everywhere", .optional = true}};
  Param<std::int64_t> x_{
      *this, "x", {.init = 0, .min = 0, .max = 16384, .step = 8, .tip = "of the left edge of 'above', in pixels"}};
  Param<std::int64_t> y_{
      *this, "y", {.init = 0, .min = 0, .max = 16384, .step = 8, .tip = "of the upper edge of 'above', in pixels"}};
  Param<bool> resize_{*this, "resize",
      {.init = false,
          .tip = "makes 'above' as large as 'below' first; x and y then say where its corner comes to lie"}};
  Output<Latent> result_{*this, "latent", {.tip = "in the size of 'below'"}};

  void run(RunContext& ctx) const override {
    Latent latent = ctx[below_];
    require_same_channels(latent, ctx[above_]);
    torch::Tensor above = ctx[above_].samples;
    if (ctx[resize_]) above = sd::resize(above, latent.samples.size(3), latent.samples.size(2), sd::Resize::Bilinear);
    const std::int64_t unit = latent.space.downscale;
    latent.samples = sd::composite_masked(
        latent.samples, above, ctx[x_] / unit, ctx[y_] / unit, ctx.has(mask_) ? ctx[mask_].values() : torch::Tensor());
    ctx.set(result_, std::move(latent));
  }
};

}  // namespace

void add_composite(Registry& registry) {
  registry.add<CompositeLatents>("latent.composite",
      {.title = "Composite Latents",
          .menu = "Latent",
          .doc = "Lays one latent into another at a place, with edges that may fade.",
          .bytes_per_pixel = sd::kLatentBytesPerPixel,
          .foreign = {{.program = "comfyui",
              .name = "LatentComposite",
              .inputs = {{"samples_to", "below"}, {"samples_from", "above"}, "x", "y", "feather"},
              .outputs = {"latent"}}}});
  registry.add<CompositeLatentsMasked>("latent.composite_masked",
      {.title = "Composite Latents (Masked)",
          .menu = "Latent",
          .doc = "Lays one latent into another at a place, through a mask.",
          .bytes_per_pixel = sd::kLatentBytesPerPixel,
          .foreign = {{.program = "comfyui",
              .name = "LatentCompositeMasked",
              .inputs = {{"destination", "below"}, {"source", "above"}, "x", "y", {"resize_source", "resize"}, "mask"},
              .outputs = {"latent"}}}});
}

}  // namespace weft::latent
