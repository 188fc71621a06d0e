// sample.ksampler and sample.ksampler_advanced: the usual way from noise to latent, all in one node.
#include "nodes/sampler/nodes.h"
#include "nodes/sampler/sampling.h"

namespace weft::sampler {
namespace {

/// What both share: the model, what it is told, and the way through the noise levels.
class KSamplerBase : public Node {
 protected:
  Input<Model> model_{*this, "model", {.tip = "the U-Net that is asked at each step"}};
  Input<Conditioning> positive_{*this, "positive", {.tip = "what the picture should show"}};
  Input<Conditioning> negative_{*this, "negative", {.tip = "what it should not show"}};
  Input<Latent> latent_{*this, "latent", {.tip = "empty for text to image; an encoded picture to change it"}};
  Param<std::uint64_t> seed_{*this, "seed", {.widget = Widget::Seed, .tip = "the same seed gives the same picture"}};
  Param<std::int64_t> steps_{*this, "steps", {.init = 20, .min = 1, .max = 10000, .tip = "more is finer and slower"}};
  Param<double> cfg_{*this, "cfg",
      {.init = 8,
          .min = 0,
          .max = 100,
          .step = 0.1,
          .tip = "classifier-free guidance: how much the text counts; at 1 the negative text is not asked (half the "
                 "time)"}};
  Param<std::string> sampler_{*this, "sampler",
      {.init = "euler",
          .choices = sampler_names(),
          .tip = "how to go from one noise level to the next; euler is the simplest"}};
  Param<std::string> schedule_{*this, "schedule",
      {.init = "normal", .choices = schedule_names(), .tip = "how the noise levels are spread over the steps"}};
  Param<bool> per_item_{
      *this, "seed_per_picture", {.init = false, .tip = "in a batch: picture k is the one that seed + k gives alone"}};
  Output<Latent> result_{*this, "latent", {.tip = "the finished latent, for VAE Decode"}};

  Latent sampled(RunContext& ctx, sd::StepPlan plan, bool add_noise) const {
    const Model& model = ctx[model_];
    const Sampler sampler = builtin_sampler(ctx[sampler_]);
    plan.schedule = ctx[schedule_];
    plan.steps = ctx[steps_];
    const Sigmas sigmas{sd::plan_sigmas(model.table(), plan, sampler.method)};
    return run_sampler(ctx, {model, ctx[positive_], ctx[negative_], ctx[cfg_]}, sampler, sigmas, ctx[latent_],
        {.seed = ctx[seed_], .add = add_noise, .per_item = ctx[per_item_]})
        .latent;
  }
};

class KSampler final : public KSamplerBase {
  Param<double> denoise_{*this, "denoise",
      {.init = 1, .min = 0, .max = 1, .step = 0.01, .tip = "1 starts from noise alone; less keeps more of the latent"}};

  void run(RunContext& ctx) const override { ctx.set(result_, sampled(ctx, {.denoise = ctx[denoise_]}, true)); }
};

class KSamplerAdvanced final : public KSamplerBase {
  Param<bool> add_noise_{
      *this, "add_noise", {.init = true, .tip = "off if the latent still has noise from an earlier sampler"}};
  Param<std::int64_t> start_{*this, "start_step", {.init = 0, .min = 0, .max = 10000, .tip = "skips the steps before"}};
  Param<std::int64_t> end_{*this, "end_step", {.init = 10000, .min = 0, .max = 10000, .tip = "stops before this step"}};
  Param<bool> leave_noise_{*this, "leave_noise",
      {.init = false, .tip = "when ending early: keep the remaining noise, so that another sampler can continue"}};

  void run(RunContext& ctx) const override {
    const sd::StepPlan plan{.start_step = ctx[start_], .end_step = ctx[end_], .leave_noise = ctx[leave_noise_]};
    ctx.set(result_, sampled(ctx, plan, ctx[add_noise_]));
  }
};

}  // namespace

void add_ksampler(Registry& registry) {
  registry.add<KSampler>("sample.ksampler",
      {.title = "KSampler",
          .menu = "Sampling",
          .doc =
              "Reverse diffusion: asks the U-Net, step by step, which part of the latent is noise, and takes it away.",
          .revision = 2,
          .lane = Lane::Device,
          .bytes_per_pixel = sd::kStepBytesPerPixel,
          .foreign = {{.program = "comfyui",
              .name = "KSampler",
              .inputs = {"model", "seed", "steps", "cfg", {"sampler_name", "sampler"}, {"scheduler", "schedule"},
                  "positive", "negative", {"latent_image", "latent"}, "denoise"},
              .outputs = {"latent"}}}});
  registry.add<KSamplerAdvanced>("sample.ksampler_advanced",
      {.title = "KSampler (Advanced)",
          .menu = "Sampling",
          .doc = "Part of a sampling, from one step to another, so that several samplers can share it.",
          .revision = 2,
          .lane = Lane::Device,
          .bytes_per_pixel = sd::kStepBytesPerPixel,
          .foreign = {{.program = "comfyui",
              .name = "KSamplerAdvanced",
              .inputs = {"model", {"add_noise", "add_noise", {{"enable", true}, {"disable", false}}},
                  {"noise_seed", "seed"}, "steps", "cfg", {"sampler_name", "sampler"}, {"scheduler", "schedule"},
                  "positive", "negative", {"latent_image", "latent"}, {"start_at_step", "start_step"},
                  {"end_at_step", "end_step"},
                  {"return_with_leftover_noise", "leave_noise", {{"enable", true}, {"disable", false}}}},
              .outputs = {"latent"}}}});
}

}  // namespace weft::sampler
