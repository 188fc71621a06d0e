// latent.resize, latent.resize_by, latent.set_mask: latents from latents.
#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "nodes/latent/nodes.h"
#include "nodes/sd/tensors/resize.h"

namespace weft::latent {
namespace {

constexpr std::int64_t kLargestSide = 16384;
const std::vector<std::string> kMethods{"nearest-exact", "bilinear", "area", "bicubic", "bislerp"};

class ResizeLatent final : public Node {
  Input<Latent> latent_{*this, "latent", {.tip = "a latent, or a batch"}};
  Param<std::int64_t> width_{*this, "width",
      {.init = 512,
          .min = 0,
          .max = kLargestSide,
          .step = 8,
          .tip = "in pixels, at least 64; 0 keeps the shape, both 0 change nothing"}};
  Param<std::int64_t> height_{*this, "height",
      {.init = 512,
          .min = 0,
          .max = kLargestSide,
          .step = 8,
          .tip = "in pixels, at least 64; 0 keeps the shape, both 0 change nothing"}};
  Param<std::string> method_{*this, "method",
      {.init = "nearest-exact",
          .choices = kMethods,
          .tip = "bislerp is made for latents; nearest-exact keeps them as they are"}};
  Param<std::string> crop_{*this, "crop",
      {.init = "none",
          .choices = {"none", "center"},
          .tip = "center crops to the new aspect ratio first; none stretches"}};
  Output<Latent> result_{*this, "latent", {.tip = "in the new size"}};

  void run(RunContext& ctx) const override {
    Latent latent = ctx[latent_];
    if (ctx[width_] == 0 && ctx[height_] == 0) return ctx.forward(latent_, result_);
    // In pixels, and never less than 64 of them, as in ComfyUI.
    const auto [width, height] =
        sd::keep_shape(latent.samples.size(3), latent.samples.size(2), ctx[width_], ctx[height_], /*least=*/64);
    if (std::max(width, height) > kLargestSide)
      throw NodeError(fmt::format("the latent would become {} x {} pixels large", width, height),
          fmt::format("give sizes that make no side larger than {}", kLargestSide));
    const std::int64_t unit = latent.space.downscale;
    latent.samples =
        sd::resize(latent.samples, std::max<std::int64_t>(width / unit, 1), std::max<std::int64_t>(height / unit, 1),
            sd::resize_method(ctx[method_]), ctx[crop_] == "center" ? sd::Crop::Center : sd::Crop::Disabled);
    ctx.set(result_, std::move(latent));
  }
};

class ResizeLatentBy final : public Node {
  Input<Latent> latent_{*this, "latent", {.tip = "a latent, or a batch"}};
  Param<double> factor_{
      *this, "factor", {.init = 1.5, .min = 0.01, .max = 8, .step = 0.01, .tip = "2 doubles each side, 0.5 halves it"}};
  Param<std::string> method_{*this, "method",
      {.init = "nearest-exact",
          .choices = kMethods,
          .tip = "bislerp is made for latents; nearest-exact keeps them as they are"}};
  Output<Latent> result_{*this, "latent", {.tip = "in the new size"}};

  void run(RunContext& ctx) const override {
    Latent latent = ctx[latent_];
    const auto scaled = [&](std::int64_t side) {
      return std::max<std::int64_t>(1, std::llrint(static_cast<double>(side) * ctx[factor_]));  // a half to even
    };
    const std::int64_t width = scaled(latent.samples.size(3)), height = scaled(latent.samples.size(2));
    const std::int64_t unit = latent.space.downscale;
    if (std::max(width, height) * unit > kLargestSide)
      throw NodeError(fmt::format("the latent would become {} x {} pixels large", width * unit, height * unit),
          fmt::format("give a factor that makes no side larger than {}", kLargestSide));
    latent.samples = sd::resize(latent.samples, width, height, sd::resize_method(ctx[method_]));
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
  registry.add<ResizeLatent>("latent.resize",
      {.title = "Resize Latent",
          .menu = "Latent",
          .doc = "Scales a latent, as the first half of a two-pass picture: sample small, resize, sample again with "
                 "denoise below 1.",
          .revision = 2,
          .bytes_per_pixel = sd::kLatentBytesPerPixel,
          .foreign = {{.program = "comfyui",
              .name = "LatentUpscale",
              .inputs = {{"samples", "latent"}, {"upscale_method", "method"}, "width", "height",
                  {"crop", "crop", {{"disabled", "none"}}}},
              .outputs = {"latent"}}}});
  registry.add<ResizeLatentBy>("latent.resize_by",
      {.title = "Resize Latent By",
          .menu = "Latent",
          .doc = "Scales a latent by a factor.",
          .bytes_per_pixel = sd::kLatentBytesPerPixel,
          .foreign = {{.program = "comfyui",
              .name = "LatentUpscaleBy",
              .inputs = {{"samples", "latent"}, {"upscale_method", "method"}, {"scale_by", "factor"}},
              .outputs = {"latent"}}}});
  registry.add<SetLatentMask>("latent.set_mask",
      {.title = "Set Latent Mask",
          .menu = "Latent",
          .doc = "Lets a sampler change only what the mask selects; the rest is kept.",
          .bytes_per_pixel = sd::kLatentBytesPerPixel,
          .foreign = {{.program = "comfyui",
              .name = "SetLatentNoiseMask",
              .inputs = {{"samples", "latent"}, "mask"},
              .outputs = {"latent"}}}});
}

}  // namespace weft::latent
