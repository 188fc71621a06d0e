// image.diffuse, latent.diffuse: forward diffusion, from a picture to noise.
#include <fmt/format.h>

#include "nodes/latent/nodes.h"
#include "nodes/sd/sampling/forward_diffusion.h"

namespace weft::latent {
namespace {

constexpr std::int64_t kSteps = 1000;

std::vector<std::string> schedule_names() {
  std::vector<std::string> names;
  for (const sd::BetaSchedule& schedule : sd::beta_schedules()) names.emplace_back(schedule.name);
  return names;
}

/// What both nodes share: all but what x_0 is in numbers.
template <class T>
class DiffuseNode : public Node {
 protected:
  Input<T> x0_{*this, std::string(T::kType), {.tip = "x_0, without noise; a batch is diffused together"}};
  Param<std::string> schedule_{*this, "schedule",
      {.init = "scaled-linear",
          .choices = schedule_names(),
          .tip = "how much noise each of the 1000 steps adds: DDPM's, Stable Diffusion's, or Nichol and Dhariwal's"}};
  Param<std::string> timesteps_{*this, "timesteps",
      {.init = "0, 50, 100, 200, 300, 500, 700, 1000",
          .tip = "after how many steps to look, rising from 0 (the picture) to 1000 (noise)"}};
  Param<std::string> method_{*this, "method",
      {.init = "closed form",
          .choices = {"closed form", "step by step"},
          .tip = "closed form reaches each timestep in one go; step by step adds a little noise up to 1000 times"}};
  Param<std::uint64_t> seed_{*this, "seed", {.widget = Widget::Seed, .tip = "of the noise"}};
  Output<T> result_{*this, std::string(T::kType), {.tip = "x_t at each timestep, as a batch"}};
  Output<std::string> captions_{*this, "captions", {.tip = "one line for each result, for a Picture Strip"}};

  /// x0 of unit scale [B, ...] at all timesteps: [timesteps * B, ...].
  torch::Tensor diffused(RunContext& ctx, const torch::Tensor& x0) const {
    const std::vector<double> betas = sd::find_beta_schedule(ctx[schedule_]).betas(kSteps);
    const std::vector<std::int64_t> times = sd::parse_times(ctx[timesteps_], kSteps);
    std::string captions;
    for (const std::int64_t t : times)
      for (std::int64_t i = 0; i < x0.size(0); ++i) captions += fmt::format("t = {}\n", t);
    ctx.set(captions_, captions);
    ctx.note("seed", ctx[seed_]);
    ctx.progress(0, 1);
    return ctx[method_] == "closed form" ? sd::diffuse_at_once(x0, betas, times, ctx[seed_])
                                         : sd::diffuse_stepwise(x0, betas, times, ctx[seed_]);
  }
};

class DiffuseImage final : public DiffuseNode<Image> {
  void run(RunContext& ctx) const override {
    const torch::Tensor x = diffused(ctx, ctx[x0_].pixels() * 2 - 1);  // models see colours in [-1, 1]
    ctx.set(result_, Image(((x + 1) / 2).clamp(0, 1)));
  }
};

class DiffuseLatent final : public DiffuseNode<Latent> {
  Input<Model> model_{*this, "model", {.tip = "knows the scale of its latents"}};

  void run(RunContext& ctx) const override {
    const sd::LatentSpace& space = ctx[model_].space();
    ctx.set(result_,
        Latent{.samples = space.from_network(diffused(ctx, space.to_network(ctx[x0_].samples))), .space = space});
  }
};

}  // namespace

void add_diffuse(Registry& registry) {
  registry.add<DiffuseImage>("image.diffuse",
      {.title = "Diffuse Image",
          .menu = "Image/Explain",
          .doc =
              "Forward diffusion: adds a little noise to a picture, again and again, and shows it at chosen timesteps. "
              "Colours outside their range are clipped."});
  registry.add<DiffuseLatent>("latent.diffuse",
      {.title = "Diffuse Latent",
          .menu = "Latent/Explain",
          .doc = "Forward diffusion of a latent, as the model saw it in training."});
}

}  // namespace weft::latent
