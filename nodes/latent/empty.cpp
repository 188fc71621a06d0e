// latent.empty: where text-to-image starts.
#include "nodes/latent/nodes.h"

namespace weft::latent {
namespace {

class EmptyLatent final : public Node {
  Param<std::int64_t> width_{*this, "width",
      {.init = 512,
          .min = 16,
          .max = 16384,
          .step = 8,
          .tip = "in pixels; rounded down to multiples of what a latent spans, 8 for Stable Diffusion"}};
  Param<std::int64_t> height_{*this, "height",
      {.init = 512,
          .min = 16,
          .max = 16384,
          .step = 8,
          .tip = "in pixels; rounded down to multiples of what a latent spans, 8 for Stable Diffusion"}};
  Param<std::int64_t> batch_{*this, "batch", {.init = 1, .min = 1, .max = 4096, .tip = "how many pictures at once"}};
  Input<Vae> vae_{*this, "vae",
      {.tip = "whose latents they are; none: the sampler's model decides, and until then a latent spans 8 pixels",
          .optional = true}};
  Output<Latent> latent_{*this, "latent", {.tip = "zeros: a sampler turns them into noise"}};

  void run(RunContext& ctx) const override {
    const sd::LatentSpace space = ctx.has(vae_) ? ctx[vae_].space() : sd::LatentSpace();
    const auto latents = [&](std::int64_t pixels) { return std::max<std::int64_t>(1, pixels / space.downscale); };
    ctx.set(latent_,
        Latent{.samples = torch::zeros({ctx[batch_], space.channels, latents(ctx[height_]), latents(ctx[width_])}),
            .space = space});
  }
};

}  // namespace

void add_empty(Registry& registry) {
  registry.add<EmptyLatent>("latent.empty",
      {.title = "Empty Latent",
          .menu = "Latent",
          .doc = "Nothing yet, in the size of the future picture. A sampler adds the noise.",
          .bytes_per_pixel = sd::kLatentBytesPerPixel,
          .foreign = {{.program = "comfyui",
              .name = "EmptyLatentImage",
              .inputs = {"width", "height", {"batch_size", "batch"}},
              .outputs = {"latent"}}}});
}

}  // namespace weft::latent
