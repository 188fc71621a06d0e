// schedule.NAME: noise schedules with numbers of their own, one node each. sample.schedule has those without.
#include "nodes/sampler/nodes.h"
#include "nodes/sampler/sampling.h"
#include "nodes/sd/sampling/own_schedules.h"
#include "nodes/sd/sampling/restart.h"

namespace weft::sampler {
namespace {

/// What all have.
class ScheduleNode : public Node {
 protected:
  Param<std::int64_t> steps_;
  Output<Sigmas> sigmas_{*this, "sigmas", {.tip = "one noise level more than steps; the last is 0"}};

  explicit ScheduleNode(ParamOptions<std::int64_t> steps = {.init = 20, .min = 1, .max = 10000})
      : steps_(*this, "steps", with_tip(std::move(steps))) {}

 private:
  static ParamOptions<std::int64_t> with_tip(ParamOptions<std::int64_t> options) {
    options.tip = "more is finer and slower";
    return options;
  }
};

/// Those that go from one noise level to another.
class RangeNode : public ScheduleNode {
 protected:
  Param<double> max_{*this, "sigma_max",
      {.init = 14.614642,
          .min = 0,
          .max = 5000,
          .step = 0.01,
          .tip = "the level to begin with; the model's own: 14.6"}};
  Param<double> min_{
      *this, "sigma_min", {.init = 0.0291675, .min = 0, .max = 5000, .step = 0.01, .tip = "the last level above 0"}};

  sd::SigmaRange range(RunContext& ctx) const {
    const sd::SigmaRange range{.max = ctx[max_], .min = ctx[min_]};
    if (range.min > 0 && range.max >= range.min) return range;
    throw NodeError("the noise levels do not fall", "give a sigma_min above 0 and a sigma_max that is not below it");
  }
};

class Karras final : public RangeNode {
  Param<double> rho_{*this, "rho",
      {.init = 7, .min = 0, .max = 100, .step = 0.01, .tip = "more: more of the steps at low noise; 7 is usual"}};

  void run(RunContext& ctx) const override {
    if (ctx[rho_] <= 0) throw NodeError("rho is 0", "give a rho above 0; 7 is usual");
    ctx.set(sigmas_, Sigmas{sd::karras_sigmas(range(ctx), ctx[steps_], ctx[rho_])});
  }
};

class Exponential final : public RangeNode {
  void run(RunContext& ctx) const override {
    ctx.set(sigmas_, Sigmas{sd::polyexponential_sigmas(range(ctx), ctx[steps_], 1)});
  }
};

class Polyexponential final : public RangeNode {
  Param<double> rho_{*this, "rho",
      {.init = 1, .min = 0, .max = 100, .step = 0.01, .tip = "1: equal ratios; more: more of the steps at low noise"}};

  void run(RunContext& ctx) const override {
    ctx.set(sigmas_, Sigmas{sd::polyexponential_sigmas(range(ctx), ctx[steps_], ctx[rho_])});
  }
};

class Laplace final : public RangeNode {
  Param<double> mu_{*this, "mu",
      {.init = 0, .min = -10, .max = 10, .step = 0.1, .tip = "the logarithm of the level that most steps are at"}};
  Param<double> beta_{
      *this, "beta", {.init = 0.5, .min = 0, .max = 10, .step = 0.1, .tip = "how far steps are spread around it"}};

  void run(RunContext& ctx) const override {
    ctx.set(sigmas_, Sigmas{sd::laplace_sigmas(range(ctx), ctx[steps_], ctx[mu_], ctx[beta_])});
  }
};

class VariancePreserving final : public ScheduleNode {
  Param<double> beta_d_{*this, "beta_d",
      {.init = 19.9,
          .min = 0,
          .max = 5000,
          .step = 0.01,
          .tip = "by how much the rate of noise grows from time 0 to 1"}};
  Param<double> beta_min_{
      *this, "beta_min", {.init = 0.1, .min = 0, .max = 5000, .step = 0.01, .tip = "the rate of noise at time 0"}};
  Param<double> end_{
      *this, "end", {.init = 0.001, .min = 0, .max = 1, .step = 0.0001, .tip = "the time of the last level above 0"}};

  void run(RunContext& ctx) const override {
    ctx.set(sigmas_, Sigmas{sd::vp_sigmas(ctx[steps_], ctx[beta_d_], ctx[beta_min_], ctx[end_])});
  }
};

/// Those that take a model's own levels.
class ModelScheduleNode : public ScheduleNode {
 protected:
  Input<Model> model_{*this, "model", {.tip = "knows the noise levels that it was trained with"}};

  using ScheduleNode::ScheduleNode;
};

class Beta final : public ModelScheduleNode {
  Param<double> alpha_{
      *this, "alpha", {.init = 0.6, .min = 0, .max = 50, .step = 0.01, .tip = "less: more of the steps at low noise"}};
  Param<double> beta_{
      *this, "beta", {.init = 0.6, .min = 0, .max = 50, .step = 0.01, .tip = "less: more of the steps at high noise"}};

  void run(RunContext& ctx) const override {
    const double alpha = ctx[alpha_], beta = ctx[beta_];
    if (alpha <= 0 || beta <= 0) throw NodeError("alpha or beta is 0", "give numbers above 0; 0.6 is usual");
    ctx.set(sigmas_, Sigmas{sd::beta_sigmas(ctx[model_].table(), ctx[steps_], alpha, beta)});
  }
};

constexpr const char* kDenoiseTip = "below 1: the last part of the steps; 0: none";

class Turbo final : public ModelScheduleNode {
  Param<double> denoise_{*this, "denoise",
      {.init = 1, .min = 0, .max = 1, .step = 0.01, .tip = "below 1: steps that begin at less noise, in tenths"}};

  void run(RunContext& ctx) const override {
    ctx.set(sigmas_, Sigmas{sd::turbo_sigmas(ctx[model_].table(), ctx[steps_], ctx[denoise_])});
  }

 public:
  Turbo() : ModelScheduleNode({.init = 1, .min = 1, .max = 10}) {}
};

std::vector<std::string> aligned_names() { return {sd::aligned_models().begin(), sd::aligned_models().end()}; }

class Aligned final : public ScheduleNode {
  Param<std::string> kind_{
      *this, "model_type", {.init = "SD1", .choices = aligned_names(), .tip = "the family of the model"}};
  Param<double> denoise_{*this, "denoise", {.init = 1, .min = 0, .max = 1, .step = 0.01, .tip = kDenoiseTip}};

  void run(RunContext& ctx) const override {
    ctx.set(sigmas_, Sigmas{sd::aligned_sigmas(ctx[kind_], ctx[steps_], ctx[denoise_])});
  }

 public:
  Aligned() : ScheduleNode({.init = 10, .min = 1, .max = 10000}) {}
};

class Gits final : public ScheduleNode {
  Param<double> coefficient_{*this, "coefficient",
      {.init = 1.2, .min = 0.8, .max = 1.5, .step = 0.05, .tip = "more: fewer steps at high noise"}};
  Param<double> denoise_{*this, "denoise", {.init = 1, .min = 0, .max = 1, .step = 0.01, .tip = kDenoiseTip}};

  void run(RunContext& ctx) const override {
    ctx.set(sigmas_, Sigmas{sd::gits_sigmas(ctx[coefficient_], ctx[steps_], ctx[denoise_])});
  }

 public:
  Gits() : ScheduleNode({.init = 10, .min = 2, .max = 1000}) {}
};

class Consistency final : public ModelScheduleNode {
  Param<std::int64_t> original_{*this, "original_steps",
      {.init = 50,
          .min = 1,
          .max = 1000,
          .tip = "the steps that the model was distilled at; they are taken from these"}};
  Param<double> denoise_{*this, "denoise", {.init = 1, .min = 0, .max = 1, .step = 0.01, .tip = kDenoiseTip}};

  void run(RunContext& ctx) const override {
    if (ctx[denoise_] <= 0) return ctx.set(sigmas_, Sigmas{});
    ctx.set(sigmas_, Sigmas{sd::consistency_sigmas(ctx[model_].table(), ctx[steps_], ctx[original_], ctx[denoise_])});
  }

 public:
  Consistency() : ModelScheduleNode({.init = 4, .min = 1, .max = 1000}) {}
};

std::vector<std::string> restart_names() { return {sd::restart_schedules().begin(), sd::restart_schedules().end()}; }

class Restarts final : public Node {
  Input<Model> model_{*this, "model", {.tip = "knows the noise levels that it was trained with"}};
  Input<Sigmas> given_{
      *this, "sigmas", {.tip = "the levels to restart from, in place of steps and schedule", .optional = true}};
  Param<std::int64_t> steps_{*this, "steps", {.init = 20, .min = 1, .max = 10000, .tip = "without the restarts"}};
  Param<std::string> schedule_{*this, "schedule",
      {.init = "normal", .choices = schedule_names(), .tip = "how the noise levels are spread over these steps"}};
  Param<std::string> segments_{*this, "segments",
      {.init = "[3,2,0.06,0.30],[3,1,0.30,0.59]",
          .tip =
              "of each restart: levels, times, lowest and highest level; a negative level is a timestep, and 50% the "
              "moment at which half is left. Or default, or a1111"}};
  Param<std::string> restart_schedule_{*this, "restart_schedule",
      {.init = "karras", .choices = restart_names(), .tip = "how the levels of a restart are spread"}};
  Param<double> denoise_{*this, "denoise", {.init = 1, .min = 0, .max = 1, .step = 0.01, .tip = kDenoiseTip}};
  Param<std::int64_t> start_{*this, "start_step", {.init = 0, .min = 0, .max = 10000, .tip = "skips the steps before"}};
  Param<std::int64_t> end_{*this, "end_step", {.init = 10000, .min = 0, .max = 10000, .tip = "stops before this step"}};
  Output<Sigmas> sigmas_{*this, "sigmas", {.tip = "levels that rise again, for Restart Sampler"}};

  std::vector<float> plain(RunContext& ctx) const {
    if (!ctx.has(given_)) return sd::sampling_sigmas(ctx[model_].table(), ctx[schedule_], ctx[steps_], ctx[denoise_]);
    std::vector<float> sigmas = ctx[given_].values;
    if (ctx[denoise_] <= 0 || sigmas.empty()) return {};
    const auto left = ctx[denoise_] > 0.9999 ? std::ssize(sigmas) - 1
                                             : static_cast<std::int64_t>(std::ssize(sigmas) - 1) * ctx[denoise_];
    sigmas.erase(sigmas.begin(), sigmas.end() - (static_cast<std::int64_t>(left) + 1));
    return sigmas;
  }

  void run(RunContext& ctx) const override {
    const sd::NoiseTable& table = ctx[model_].table();
    const std::vector<float> sigmas = sd::cut_steps(plain(ctx), ctx[start_], ctx[end_], /*leave_noise=*/true);
    sd::RestartPlan plan = sd::plan_restarts(
        table, sigmas, sd::parse_restart_segments(ctx[segments_], table, sigmas), ctx[restart_schedule_]);
    for (const std::string& sentence : plan.left_out) ctx.warn(sentence);
    ctx.set(sigmas_, Sigmas{std::move(plan.sigmas)});
  }
};

template <class T>
void add(Registry& registry, const char* id, const char* title, const char* doc, const char* foreign,
    std::vector<ForeignInput> inputs) {
  registry.add<T>(id,
      {.title = title,
          .menu = "Sampling/Schedules",
          .doc = doc,
          .foreign = {{.program = "comfyui", .name = foreign, .inputs = std::move(inputs), .outputs = {"sigmas"}}}});
}

}  // namespace

void add_schedules(Registry& registry) {
  add<Karras>(registry, "schedule.karras", "Karras Schedule", "More steps at low noise (Karras et al. 2022).",
      "KarrasScheduler", {"steps", "sigma_max", "sigma_min", "rho"});
  add<Exponential>(registry, "schedule.exponential", "Exponential Schedule", "Equal ratios between noise levels.",
      "ExponentialScheduler", {"steps", "sigma_max", "sigma_min"});
  add<Polyexponential>(registry, "schedule.polyexponential", "Polyexponential Schedule",
      "The logarithm of the noise level falls along a power of the way.", "PolyexponentialScheduler",
      {"steps", "sigma_max", "sigma_min", "rho"});
  add<Laplace>(registry, "schedule.laplace", "Laplace Schedule",
      "Most steps around one noise level (Hang et al. 2024). It has one step less than asked for, and its last noise level is "
      "not 0.",
      "LaplaceScheduler", {"steps", "sigma_max", "sigma_min", "mu", "beta"});
  add<VariancePreserving>(registry, "schedule.vp", "VP Schedule",
      "The noise levels of the variance preserving SDE (Song et al. 2021).", "VPScheduler",
      {"steps", "beta_d", "beta_min", {"eps_s", "end"}});
  add<Beta>(registry, "schedule.beta", "Beta Schedule",
      "Timesteps at the quantiles of a Beta distribution: more steps at both ends (Lee et al. 2024).",
      "BetaSamplingScheduler", {"model", "steps", "alpha", "beta"});
  add<Turbo>(registry, "schedule.sd_turbo", "SD-Turbo Schedule",
      "The ten noise levels that SD-Turbo and SDXL-Turbo were distilled at, from the noisiest.", "SDTurboScheduler",
      {"model", "steps", "denoise"});
  add<Aligned>(registry, "schedule.align_your_steps", "Align Your Steps Schedule",
      "Noise levels that Sabour et al. 2024 found best for ten steps; for other numbers interpolated.",
      "AlignYourStepsScheduler", {"model_type", "steps", "denoise"});
  add<Gits>(registry, "schedule.gits", "GITS Schedule",
      "Noise levels that follow the shape of sampling trajectories (Chen et al. 2024), for Stable Diffusion 1.",
      "GITSScheduler", {{"coeff", "coefficient"}, "steps", "denoise"});
  registry.add<Consistency>("schedule.lcm",
      {.title = "LCM Schedule",
          .menu = "Sampling/Schedules",
          .doc = "The noise levels that diffusers takes for latent consistency models and TCD."});
  add<Restarts>(registry, "schedule.restart", "Restart Schedule",
      "Noise levels that go back up and down again on the way, for Restart Sampler (Xu et al. 2023).",
      "RestartScheduler",
      {"model", "steps", {"scheduler", "schedule"}, "segments", {"restart_scheduler", "restart_schedule"}, "denoise",
          {"start_at_step", "start_step"}, {"end_at_step", "end_step"}, {"sigmas_opt", "sigmas"}});
}

}  // namespace weft::sampler
