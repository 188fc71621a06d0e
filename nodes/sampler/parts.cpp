// sample.schedule, sample.sampler: the parts of a sampling, as values for sample.custom and for chains of U-Net steps.
#include "nodes/sampler/nodes.h"
#include "nodes/sampler/sampling.h"

namespace weft::sampler {
namespace {

class Schedule final : public Node {
  Input<Model> model_{*this, "model", {.tip = "knows the noise levels that it was trained with"}};
  Param<std::string> schedule_{*this, "schedule",
      {.init = "normal", .choices = schedule_names(), .tip = "how the noise levels are spread over the steps"}};
  Param<std::int64_t> steps_{*this, "steps", {.init = 20, .min = 1, .max = 10000, .tip = "more is finer and slower"}};
  Param<double> denoise_{*this, "denoise",
      {.init = 1, .min = 0, .max = 1, .step = 0.01, .tip = "below 1: the last part of a longer schedule"}};
  Output<Sigmas> sigmas_{*this, "sigmas", {.tip = "one noise level more than steps; the last is 0"}};

  void run(RunContext& ctx) const override {
    ctx.set(sigmas_, Sigmas{sd::sampling_sigmas(ctx[model_].table(), ctx[schedule_], ctx[steps_], ctx[denoise_])});
  }
};

class PickSampler final : public Node {
  Param<std::string> name_{*this, "name",
      {.init = "euler",
          .choices = sampler_names(),
          .tip = "euler and ddim are the simplest; dpmpp_2m needs few steps; those with sde or ancestral add noise on "
                 "the way"}};
  Output<Sampler> sampler_{*this, "sampler", {.tip = "for Custom Sampling"}};

  void run(RunContext& ctx) const override { ctx.set(sampler_, builtin_sampler(ctx[name_])); }
};

}  // namespace

void add_parts(Registry& registry) {
  registry.add<Schedule>("sample.schedule",
      {.title = "Noise Schedule",
          .menu = "Sampling/Parts",
          .doc = "The noise levels that a sampler visits, from most noise to none.",
          .revision = 2,
          .foreign = {{.program = "comfyui",
              .name = "BasicScheduler",
              .inputs = {"model", {"scheduler", "schedule"}, "steps", "denoise"},
              .outputs = {"sigmas"}}}});
  registry.add<PickSampler>("sample.sampler",
      {.title = "Sampler",
          .menu = "Sampling/Parts",
          .doc = "One of the samplers, for a Custom Sampling node.",
          .foreign = {{.program = "comfyui",
              .name = "KSamplerSelect",
              .inputs = {{"sampler_name", "name"}},
              .outputs = {"sampler"}}}});
}

}  // namespace weft::sampler
