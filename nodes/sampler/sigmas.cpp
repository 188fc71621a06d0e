// sigmas.split, .split_denoise, .flip, .set_first, .extend, .manual, .at_percent: lists of noise levels, cut and changed.
#include "nodes/sd/sampling/sigma_lists.h"

#include <limits>

#include "nodes/sampler/nodes.h"
#include "nodes/sampler/sampling.h"

namespace weft::sampler {
namespace {

class Split final : public Node {
  Input<Sigmas> sigmas_{*this, "sigmas", {.tip = "the noise levels to divide"}};
  Param<std::int64_t> step_{*this, "step", {.init = 0, .min = 0, .max = 10000, .tip = "where the second part begins"}};
  Output<Sigmas> high_{*this, "high", {.tip = "the steps before, with much noise"}};
  Output<Sigmas> low_{*this, "low", {.tip = "the steps from there on"}};

  void run(RunContext& ctx) const override {
    auto [high, low] = sd::split_sigmas(ctx[sigmas_].values, ctx[step_]);
    ctx.set(high_, Sigmas{std::move(high)});
    ctx.set(low_, Sigmas{std::move(low)});
  }
};

class SplitDenoise final : public Node {
  Input<Sigmas> sigmas_{*this, "sigmas", {.tip = "the noise levels to divide"}};
  Param<double> denoise_{*this, "denoise",
      {.init = 1, .min = 0, .max = 1, .step = 0.01, .tip = "how much of the steps is the second part"}};
  Output<Sigmas> high_{*this, "high", {.tip = "the steps before, with much noise"}};
  Output<Sigmas> low_{*this, "low", {.tip = "the last part of the steps"}};

  void run(RunContext& ctx) const override {
    auto [high, low] = sd::split_sigmas_denoise(ctx[sigmas_].values, ctx[denoise_]);
    ctx.set(high_, Sigmas{std::move(high)});
    ctx.set(low_, Sigmas{std::move(low)});
  }
};

class Flip final : public Node {
  Input<Sigmas> sigmas_{*this, "sigmas", {.tip = "the noise levels to turn around"}};
  Output<Sigmas> result_{*this, "sigmas", {.tip = "from the last to the first; a 0 in front becomes 0.0001"}};

  void run(RunContext& ctx) const override { ctx.set(result_, Sigmas{sd::flip_sigmas(ctx[sigmas_].values)}); }
};

class SetFirst final : public Node {
  Input<Sigmas> sigmas_{*this, "sigmas", {.tip = "the noise levels whose first is replaced"}};
  Param<double> sigma_{
      *this, "sigma", {.init = 136, .min = 0, .max = 20000, .step = 0.001, .tip = "the level to begin with"}};
  Output<Sigmas> result_{*this, "sigmas", {.tip = "the levels with that first one"}};

  void run(RunContext& ctx) const override {
    ctx.set(result_, Sigmas{sd::set_first_sigma(ctx[sigmas_].values, ctx[sigma_])});
  }
};

class Extend final : public Node {
  Input<Sigmas> sigmas_{*this, "sigmas", {.tip = "the noise levels to put others between"}};
  Param<std::int64_t> steps_{
      *this, "steps", {.init = 2, .min = 1, .max = 100, .tip = "how many steps each becomes; 1 changes nothing"}};
  Param<double> from_{*this, "start_at_sigma",
      {.init = -1,
          .min = -1,
          .max = 20000,
          .step = 0.01,
          .tip = "the highest level whose step is divided; below 0: all"}};
  Param<double> to_{*this, "end_at_sigma",
      {.init = 12, .min = 0, .max = 20000, .step = 0.01, .tip = "the lowest level whose step is divided"}};
  Param<std::string> spacing_{*this, "spacing",
      {.init = "linear",
          .choices = {"linear", "cosine", "sine"},
          .tip = "linear: even; cosine: large steps first; sine: small ones first"}};
  Output<Sigmas> result_{*this, "sigmas", {.tip = "the levels with those between"}};

  void run(RunContext& ctx) const override {
    const double from = ctx[from_] < 0 ? std::numeric_limits<double>::infinity() : ctx[from_];
    const std::string& name = ctx[spacing_];
    const sd::Spacing spacing = name == "cosine" ? sd::Spacing::Cosine
        : name == "sine"                         ? sd::Spacing::Sine
                                                 : sd::Spacing::Linear;
    ctx.set(result_, Sigmas{sd::extend_sigmas(ctx[sigmas_].values, ctx[steps_], from, ctx[to_], spacing)});
  }
};

class Manual final : public Node {
  Param<std::string> text_{*this, "text", {.init = "1, 0.5", .tip = "numbers, from much noise to little"}};
  Output<Sigmas> sigmas_{*this, "sigmas", {.tip = "these levels; put a 0 last if no noise shall remain"}};

  void run(RunContext& ctx) const override {
    std::vector<float> values = sd::parse_sigmas(ctx[text_]);
    if (values.empty()) throw NodeError("there is no number in the text", "give noise levels, as 14.6, 2, 0.5, 0");
    ctx.set(sigmas_, Sigmas{std::move(values)});
  }
};

class AtPercent final : public Node {
  Input<Model> model_{*this, "model", {.tip = "knows the noise levels that it was trained with"}};
  Param<double> percent_{*this, "percent",
      {.init = 0, .min = 0, .max = 1, .step = 0.0001, .tip = "the share of sampling, counted in timesteps"}};
  Param<bool> actual_{*this, "actual",
      {.init = false, .tip = "at 0 and 1 the model's own highest and lowest level, instead of no limit"}};
  Output<double> sigma_{*this, "sigma", {.tip = "the noise level at that moment"}};

  void run(RunContext& ctx) const override {
    const sd::NoiseTable& table = ctx[model_].table();
    const double percent = ctx[percent_];
    if (ctx[actual_] && percent == 0) return ctx.set(sigma_, double{table.sigma_max()});
    if (ctx[actual_] && percent == 1) return ctx.set(sigma_, double{table.sigma_min()});
    ctx.set(sigma_, table.percent_to_sigma(percent));
  }
};

}  // namespace

void add_sigmas(Registry& registry) {
  registry.add<Split>("sigmas.split",
      {.title = "Split Sigmas",
          .menu = "Sampling/Sigmas",
          .doc = "Divides noise levels at a step, for two samplers one after the other.",
          .foreign = {{.program = "comfyui",
              .name = "SplitSigmas",
              .inputs = {"sigmas", "step"},
              .outputs = {"high", "low"}}}});
  registry.add<SplitDenoise>("sigmas.split_denoise",
      {.title = "Split Sigmas (Denoise)",
          .menu = "Sampling/Sigmas",
          .doc = "Divides noise levels so that the second part is a share of all steps.",
          .foreign = {{.program = "comfyui",
              .name = "SplitSigmasDenoise",
              .inputs = {"sigmas", "denoise"},
              .outputs = {"high", "low"}}}});
  registry.add<Flip>("sigmas.flip",
      {.title = "Flip Sigmas",
          .menu = "Sampling/Sigmas",
          .doc = "Noise levels backwards: a sampler then goes from a picture to the noise that gives it.",
          .foreign = {{.program = "comfyui", .name = "FlipSigmas", .inputs = {"sigmas"}, .outputs = {"sigmas"}}}});
  registry.add<SetFirst>("sigmas.set_first",
      {.title = "Set First Sigma",
          .menu = "Sampling/Sigmas",
          .doc = "Replaces the noise level that sampling begins with.",
          .foreign = {
              {.program = "comfyui", .name = "SetFirstSigma", .inputs = {"sigmas", "sigma"}, .outputs = {"sigmas"}}}});
  registry.add<Extend>("sigmas.extend",
      {.title = "Extend Intermediate Sigmas",
          .menu = "Sampling/Sigmas",
          .doc = "Divides steps between two noise levels into several.",
          .foreign = {{.program = "comfyui",
              .name = "ExtendIntermediateSigmas",
              .inputs = {"sigmas", "steps", "start_at_sigma", "end_at_sigma", "spacing"},
              .outputs = {"sigmas"}}}});
  registry.add<Manual>("sigmas.manual",
      {.title = "Manual Sigmas",
          .menu = "Sampling/Sigmas",
          .doc = "Noise levels as they are written.",
          .foreign = {
              {.program = "comfyui", .name = "ManualSigmas", .inputs = {{"sigmas", "text"}}, .outputs = {"sigmas"}}}});
  registry.add<AtPercent>("sigmas.at_percent",
      {.title = "Sigma at Percent",
          .menu = "Sampling/Sigmas",
          .doc = "The noise level after a share of sampling.",
          .foreign = {{.program = "comfyui",
              .name = "SamplingPercentToSigma",
              .inputs = {"model", {"sampling_percent", "percent"}, {"return_actual_sigma", "actual"}},
              .outputs = {"sigma"}}}});
}

}  // namespace weft::sampler
