// latent.empty: where text-to-image starts.
#include "nodes/latent/nodes.h"

namespace weft::latent {
namespace {

class EmptyLatent final : public Node {
  Param<std::int64_t> width_{*this, "width", {.init = 512, .min = 16, .max = 16384, .step = 8, .tip = "in pixels; rounded down to multiples of 8"}};
  Param<std::int64_t> height_{*this, "height", {.init = 512, .min = 16, .max = 16384, .step = 8, .tip = "in pixels; rounded down to multiples of 8"}};
  Param<std::int64_t> batch_{*this, "batch", {.init = 1, .min = 1, .max = 4096, .tip = "how many pictures at once"}};
  Input<Vae> vae_{*this, "vae", {.tip = "whose latents they are; none = Stable Diffusion's: 4 channels, 8 pixels wide", .optional = true}};
  Output<Latent> latent_{*this, "latent", {.tip = "zeros: a sampler makes them noise"}};

  void run(RunContext& ctx) const override {
    const int64_t channels = ctx.has(vae_) ? ctx[vae_].latent_channels() : 4;
    const int64_t unit = ctx.has(vae_) ? ctx[vae_].downscale() : 8;
    ctx.set(latent_, Latent{.samples = torch::zeros({ctx[batch_], channels, ctx[height_] / unit, ctx[width_] / unit}),
                            .model_scale = ctx.has(vae_) ? ctx[vae_].latent_scale() : 0});
  }
};

}  // namespace

void add_empty(Registry& registry) {
  registry.add<EmptyLatent>("latent.empty", {.title = "Empty Latent", .menu = "Latent",
      .doc = "Nothing yet, in the size of the picture to come. A sampler adds the noise."});
}

}  // namespace weft::latent
