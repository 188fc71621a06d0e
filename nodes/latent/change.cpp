// latent.resize, latent.set_mask: latents from latents.
#include <cmath>

#include "nodes/latent/nodes.h"
#include "nodes/sd/resize.h"

namespace weft::latent {
namespace {

const std::vector<std::string> kMethods{"nearest-exact", "bilinear", "area", "bicubic", "bislerp"};

class ResizeLatent final : public Node {
  Input<Latent> latent_{*this, "latent", {.tip = "a latent, or a batch"}};
  Param<std::int64_t> width_{*this, "width", {.init = 512, .min = 0, .max = 16384, .step = 8, .tip = "in pixels; 0 keeps the aspect ratio"}};
  Param<std::int64_t> height_{*this, "height", {.init = 512, .min = 0, .max = 16384, .step = 8, .tip = "in pixels; 0 keeps the aspect ratio"}};
  Param<std::string> method_{*this, "method", {.init = "nearest-exact", .choices = kMethods,
      .tip = "bislerp is made for latents; nearest-exact keeps them as they are"}};
  Param<std::string> crop_{*this, "crop", {.init = "none", .choices = {"none", "center"},
      .tip = "center cuts to the new aspect ratio first; none stretches"}};
  Output<Latent> result_{*this, "latent", {.tip = "in the new size"}};

  void run(RunContext& ctx) const override {
    Latent latent = ctx[latent_];
    const double h = static_cast<double>(latent.samples.size(2)), w = static_cast<double>(latent.samples.size(3));
    std::int64_t width = ctx[width_], height = ctx[height_];
    if (width == 0 && height == 0) throw NodeError("width and height are both 0", "give at least one of them");
    if (width == 0) width = std::max<std::int64_t>(64, std::llround(w * static_cast<double>(height) / h));
    if (height == 0) height = std::max<std::int64_t>(64, std::llround(h * static_cast<double>(width) / w));
    const std::int64_t unit = latent.space.downscale;
    latent.samples = sd::resize(latent.samples, std::max<std::int64_t>(width / unit, 1),
                                std::max<std::int64_t>(height / unit, 1), sd::resize_method(ctx[method_]),
                                ctx[crop_] == "center" ? sd::Crop::kCenter : sd::Crop::kDisabled);
    ctx.set(result_, std::move(latent));
  }
};

class SetLatentMask final : public Node {
  Input<Latent> latent_{*this, "latent", {.tip = "what to change in part"}};
  Input<Mask> mask_{*this, "mask", {.tip = "any size; 1 where the sampler may change the picture"}};
  Output<Latent> result_{*this, "latent", {.tip = "the same, with the mask"}};

  void run(RunContext& ctx) const override {
    Latent latent = ctx[latent_];
    latent.noise_mask = ctx[mask_].values().unsqueeze(1);
    ctx.set(result_, std::move(latent));
  }
};

}  // namespace

void add_change(Registry& registry) {
  registry.add<ResizeLatent>("latent.resize", {.title = "Resize Latent", .menu = "Latent",
      .doc = "Scales a latent, as the first half of a two-pass picture: sample small, resize, sample again with "
             "denoise below 1.",
      .bytes_per_pixel = sd::kLatentBytesPerPixel});
  registry.add<SetLatentMask>("latent.set_mask", {.title = "Set Latent Mask", .menu = "Latent",
      .doc = "Lets a sampler change only what the mask selects; the rest is kept.",
      .bytes_per_pixel = sd::kLatentBytesPerPixel});
}

}  // namespace weft::latent
