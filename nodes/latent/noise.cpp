// latent.noise, latent.add_noise: Gaussian noise, alone and added as a sampler would.
#include "nodes/sd/sampling/noise.h"
#include "nodes/latent/nodes.h"

namespace weft::latent {
namespace {

class LatentNoise final : public Node {
  Input<Latent> latent_{*this, "latent", {.tip = "gives the size"}};
  Param<std::uint64_t> seed_{*this, "seed", {.widget = Widget::Seed, .tip = "the same seed gives the same noise"}};
  Output<Latent> noise_{*this, "noise", {.tip = "standard normal, in the sampler's scale"}};

  void run(RunContext& ctx) const override {
    ctx.note("seed", ctx[seed_]);
    Latent noise =
        ctx[latent_];  // its places too: a sampler that goes on from here draws the noise of the same pictures
    noise.samples = noise_for(noise, ctx[seed_]);
    noise.noise_mask = torch::Tensor();
    ctx.set(noise_, std::move(noise));
  }
};

class AddNoise final : public Node {
  Input<Model> model_{*this, "model", {.tip = "knows the scale of its latents"}};
  Input<Latent> latent_{*this, "latent", {.tip = "empty, or an encoded picture"}};
  Input<Sigmas> sigmas_{*this, "sigmas", {.tip = "the noise levels, from Noise Schedule"}};
  Param<std::int64_t> step_{
      *this, "step", {.init = 0, .min = 0, .max = 10000, .tip = "the noise level is sigmas[step]; 0 is the noisiest"}};
  Param<std::uint64_t> seed_{
      *this, "seed", {.widget = Widget::Seed, .tip = "the same seed gives the same noise as a sampler's"}};
  Output<Latent> result_{*this, "latent", {.tip = "ready for the step with the same number"}};

  void run(RunContext& ctx) const override {
    const Latent latent = for_space(ctx[latent_], ctx[model_].space());
    const double sigma = ctx[sigmas_].at(ctx[step_]);
    ctx.note("seed", ctx[seed_]);
    Latent noisy = latent;
    noisy.samples = ctx[model_].add_noise(latent.samples, noise_for(latent, ctx[seed_]), sigma);
    ctx.set(result_, std::move(noisy));
  }
};

}  // namespace

void add_noise(Registry& registry) {
  registry.add<LatentNoise>("latent.noise",
      {.title = "Noise",
          .menu = "Latent",
          .doc = "Gaussian noise in the shape of a latent, from a seed. The same seed gives the same noise on every "
                 "device "
                 "and processor.",
          .revision = 2});
  registry.add<AddNoise>("latent.add_noise",
      {.title = "Add Noise",
          .menu = "Latent",
          .doc =
              "Forward diffusion in one go: latent + sigma * noise, in closed form. At step 0 this is what the sampler "
              "does first, so a chain of U-Net steps begins here.",
          .revision = 2});
}

}  // namespace weft::latent
