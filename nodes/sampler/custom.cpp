// sample.custom and sample.custom_advanced: sampling with any sampler and any noise levels, also those of plugins, and in
// the second with any guider and noise.
#include "nodes/sampler/nodes.h"
#include "nodes/sampler/sampling.h"

namespace weft::sampler {
namespace {

class CustomSampling final : public Node {
  Input<Model> model_{*this, "model", {.tip = "the U-Net that is asked"}};
  Input<Conditioning> positive_{*this, "positive", {.tip = "what the picture should show"}};
  Input<Conditioning> negative_{*this, "negative", {.tip = "what it should not show"}};
  Input<Sampler> sampler_{*this, "sampler", {.tip = "how to go from one noise level to the next"}};
  Input<Sigmas> sigmas_{*this, "sigmas", {.tip = "the noise levels to visit"}};
  Input<Latent> latent_{*this, "latent", {.tip = "empty for text to image; an encoded picture to change it"}};
  Param<bool> add_noise_{*this, "add_noise", {.init = true, .tip = "off if the latent already has its noise"}};
  Param<std::uint64_t> seed_{*this, "seed", {.widget = Widget::Seed, .tip = "the same seed gives the same picture"}};
  Param<double> cfg_{*this, "cfg", {.init = 8, .min = 0, .max = 100, .step = 0.1, .tip = "how much the text counts"}};
  Output<Latent> result_{*this, "latent", {.tip = "where sampling ended"}};
  Output<Latent> x0_{*this, "x0", {.tip = "the last step's estimate of the picture without noise"}};

  void run(RunContext& ctx) const override {
    Sampled sampled = run_sampler(ctx, {ctx[model_], ctx[positive_], ctx[negative_], ctx[cfg_]}, ctx[sampler_],
        ctx[sigmas_], ctx[latent_], {.seed = ctx[seed_], .add = ctx[add_noise_]});
    ctx.set(result_, std::move(sampled.latent));
    ctx.set(x0_, std::move(sampled.x0));
  }
};

class CustomAdvancedSampling final : public Node {
  Input<Noise> noise_{*this, "noise", {.tip = "where the noise comes from: Random Noise, or No Noise"}};
  Input<Guider> guider_{*this, "guider", {.tip = "the model, and how it is guided"}};
  Input<Sampler> sampler_{*this, "sampler", {.tip = "how to go from one noise level to the next"}};
  Input<Sigmas> sigmas_{*this, "sigmas", {.tip = "the noise levels to visit"}};
  Input<Latent> latent_{*this, "latent", {.tip = "empty for text to image; an encoded picture to change it"}};
  Output<Latent> result_{*this, "latent", {.tip = "where sampling ended"}};
  Output<Latent> x0_{*this, "x0", {.tip = "the last step's estimate of the picture without noise"}};

  void run(RunContext& ctx) const override {
    Sampled sampled = run_sampler(ctx, ctx[guider_], ctx[sampler_], ctx[sigmas_], ctx[latent_], ctx[noise_]);
    ctx.set(result_, std::move(sampled.latent));
    ctx.set(x0_, std::move(sampled.x0));
  }
};

}  // namespace

void add_custom(Registry& registry) {
  registry.add<CustomSampling>("sample.custom",
      {.title = "Custom Sampling",
          .menu = "Sampling",
          .doc = "Sampling assembled from parts: the sampler and the noise levels come in as values.",
          .revision = 2,
          .lane = Lane::Device,
          .bytes_per_pixel = sd::kStepBytesPerPixel,
          .foreign = {{.program = "comfyui",
              .name = "SamplerCustom",
              .inputs = {"model", "add_noise", {"noise_seed", "seed"}, "cfg", "positive", "negative", "sampler",
                  "sigmas", {"latent_image", "latent"}},
              .outputs = {"latent", "x0"}}}});
  registry.add<CustomAdvancedSampling>("sample.custom_advanced",
      {.title = "Custom Sampling (Advanced)",
          .menu = "Sampling",
          .doc = "Sampling assembled from parts: noise, guidance, sampler and noise levels all come in as values.",
          .lane = Lane::Device,
          .bytes_per_pixel = sd::kStepBytesPerPixel,
          .foreign = {{.program = "comfyui",
              .name = "SamplerCustomAdvanced",
              .inputs = {"noise", "guider", "sampler", "sigmas", {"latent_image", "latent"}},
              .outputs = {"latent", "x0"}}}});
}

}  // namespace weft::sampler
