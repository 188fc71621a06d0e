// unet.step: one application of f(x, t, y), and the step of reverse diffusion that follows from it. A chain of these,
// latent to latent, is the sampler 'euler' (and 'ddim' without a mask) wired by hand.
#include <ATen/core/grad_mode.h>
#include <fmt/format.h>

#include "nodes/sd/sampling/denoiser.h"
#include "nodes/sd/tensors/finite.h"
#include "nodes/unet/nodes.h"

namespace weft::unet {
namespace {

class UNetStep final : public Node {
  Input<Model> model_{*this, "model", {.tip = "the U-Net f"}};
  Input<Conditioning> positive_{*this, "positive", {.tip = "y: what the picture shall show"}};
  Input<Conditioning> negative_{*this, "negative", {.tip = "what it should not show"}};
  Input<Latent> latent_{
      *this, "latent", {.tip = "x at the noise level sigmas[step]: from Add Noise, or from the step before"}};
  Input<Sigmas> sigmas_{*this, "sigmas", {.tip = "the noise levels, from Noise Schedule"}};
  Param<std::int64_t> step_{*this, "step", {.init = 0, .min = 0, .max = 9999, .tip = "the first is 0"}};
  Param<double> cfg_{*this, "cfg",
      {.init = 8,
          .min = 0,
          .max = 100,
          .step = 0.1,
          .tip = "how much the text counts; at 1 the negative text is not asked"}};
  Output<Latent> next_{*this, "latent", {.tip = "x at the noise level sigmas[step + 1]"}};
  Output<Latent> noise_{*this, "noise", {.tip = "what the network takes for noise"}};
  Output<Latent> x0_{*this, "x0", {.tip = "what it takes for the picture under the noise"}};

  void run(RunContext& ctx) const override {
    const float sigma = ctx[sigmas_].at(ctx[step_]), next_sigma = ctx[sigmas_].at(ctx[step_] + 1);
    if (sigma <= 0) throw NodeError("there is no noise left at this step", "give an earlier step");
    ctx.progress(0, 1);
    const Latent given = for_space(ctx[latent_], ctx[model_].space());
    const at::Tensor& samples = given.samples;
    const sd::MemoryNeed need = ctx[model_].need(ctx.device(), samples, ctx[cfg_]);
    sd::require_memory(ctx.memory(), need, given.size_text());
    const auto built = ctx[model_].on(ctx.memory());
    const sd::DiffusionModel& model = *built;
    sd::make_room(ctx.memory(), need);
    const at::NoGradGuard no_grad;
    for (const std::string& sentence : sd::resized_concats(ctx[positive_].entries, samples.size(2), samples.size(3)))
      ctx.warn(sentence);
    const at::Tensor x = model.space.to_network(samples.to(model.device, at::kFloat));
    // Strict, because a mask or map that the model cannot see would be a surprise.
    const sd::GuidedDenoiser denoiser(model, ctx[positive_].entries, ctx[negative_].entries, x,
        {.cfg = ctx[cfg_], .strict_concat = true, .sigmas = ctx[sigmas_].values});
    const at::Tensor x0 = denoiser.x0(x, sigma);
    sd::require_finite(samples, "the latent that came in holds", "look at the node that made it");
    sd::require_finite(x0, fmt::format("at step {} the U-Net gave", ctx[step_]),
        sd::remedy_for(model.dtype, "lower cfg and the weights in the texts; else the model's file may be damaged"));
    const at::Tensor noise = (x - x0) / sigma;  // Karras et al. 2022, eq. 3
    const auto result = [&](const at::Tensor& scaled) {
      Latent latent = given;
      latent.samples = model.space.from_network(scaled);
      return latent;
    };
    ctx.set(next_, result(x + noise * (next_sigma - sigma)));
    ctx.set(noise_, result(noise));
    ctx.set(x0_, result(x0));
  }
};

}  // namespace

void add_step(Registry& registry) {
  registry.add<UNetStep>("unet.step",
      {.title = "U-Net Step",
          .menu = "Sampling/Parts",
          .doc = "Asks the U-Net once: f(x, t, y) is the noise in x at time t, told y. Gives that noise, the picture "
                 "that is "
                 "left without it, and x one step less noisy.",
          .lane = Lane::Device,
          .bytes_per_pixel = sd::kStepBytesPerPixel});
}

}  // namespace weft::unet
