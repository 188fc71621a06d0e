// noise.random, noise.none: where a sampling's noise comes from, as a value. noise.add: a latent with it.
#include <cmath>

#include "nodes/sampler/nodes.h"
#include "nodes/sampler/sampling.h"

namespace weft::sampler {
namespace {

class RandomNoise final : public Node {
  Param<std::uint64_t> seed_{*this, "seed", {.widget = Widget::Seed, .tip = "the same seed gives the same picture"}};
  Output<Noise> noise_{*this, "noise", {.tip = "for Custom Sampling (Advanced)"}};

  void run(RunContext& ctx) const override { ctx.set(noise_, Noise{.seed = ctx[seed_]}); }
};

class NoNoise final : public Node {
  Output<Noise> noise_{*this, "noise", {.tip = "for Custom Sampling (Advanced)"}};

  void run(RunContext& ctx) const override { ctx.set(noise_, Noise{.add = false}); }
};

class AddNoise final : public Node {
  Input<Model> model_{*this, "model", {.tip = "knows the scale of its latents"}};
  Input<Noise> noise_{*this, "noise", {.tip = "where the noise comes from"}};
  Input<Sigmas> sigmas_{*this, "sigmas", {.tip = "how much: the difference between the first level and the last"}};
  Input<Latent> latent_{*this, "latent", {.tip = "what it is added to"}};
  Output<Latent> result_{*this, "latent", {.tip = "for a sampler that adds none"}};

  void run(RunContext& ctx) const override {
    const std::vector<float>& sigmas = ctx[sigmas_].values;
    Latent latent = for_space(ctx[latent_], ctx[model_].space());
    if (!sigmas.empty()) {
      const float scale = sigmas.size() > 1 ? std::abs(sigmas.front() - sigmas.back()) : sigmas.front();
      latent.samples = sd::add_scaled_noise(ctx[model_].space(), latent.samples, ctx[noise_].start(latent), scale);
    }
    ctx.set(result_, std::move(latent));
  }
};

}  // namespace

void add_noise(Registry& registry) {
  registry.add<RandomNoise>("noise.random",
      {.title = "Random Noise",
          .menu = "Sampling/Parts",
          .doc = "Gaussian noise from a seed, also for samplers that add some on their way.",
          .foreign = {{.program = "comfyui",
              .name = "RandomNoise",
              .inputs = {{"noise_seed", "seed"}},
              .outputs = {"noise"}}}});
  registry.add<NoNoise>("noise.none",
      {.title = "No Noise",
          .menu = "Sampling/Parts",
          .doc = "For a latent that has its noise already. Samplers that add noise on their way use the seed 0.",
          .foreign = {{.program = "comfyui", .name = "DisableNoise", .inputs = {}, .outputs = {"noise"}}}});
  registry.add<AddNoise>("noise.add",
      {.title = "Add Noise to Latent",
          .menu = "Sampling/Parts",
          .doc = "A latent with the noise that lies between the first and the last of some noise levels.",
          .foreign = {{.program = "comfyui",
              .name = "AddNoise",
              .inputs = {"model", "noise", "sigmas", {"latent_image", "latent"}},
              .outputs = {"latent"}}}});
}

}  // namespace weft::sampler
