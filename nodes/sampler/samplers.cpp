// sampler.NAME: the samplers that have settings, one node each. sample.sampler has all with their usual ones.
#include "nodes/sampler/nodes.h"
#include "nodes/sampler/sampling.h"
#include "nodes/sd/sampling/restart.h"
#include "nodes/sd/sampling/sampler_settings.h"

namespace weft::sampler {
namespace {

/// What all have.
class SamplerNode : public Node {
 protected:
  Output<Sampler> sampler_{*this, "sampler", {.tip = "for Custom Sampling"}};

  /// The sampler of that name, run by `run` instead.
  template <class Run>
  void give(RunContext& ctx, const std::string& name, Run run) const {
    Sampler sampler = builtin_sampler(name);
    sampler.method.run = std::move(run);
    ctx.set(sampler_, std::move(sampler));
  }
};

/// Those that add noise on their way.
class NoisySampler : public SamplerNode {
 protected:
  Param<double> eta_;
  Param<double> scale_;

  explicit NoisySampler(double eta = 1, double most_eta = 100, double most_scale = 100)
      : eta_(*this, "eta",
            {.init = eta,
                .min = 0,
                .max = most_eta,
                .step = 0.01,
                .tip = "how much of the way is random: 0 none, 1 as in training"}),
        scale_(*this, "noise_scale",
            {.init = 1, .min = 0, .max = most_scale, .step = 0.01, .tip = "the noise on the way is multiplied by it"}) {
  }

  sd::StepNoiseSettings noise(RunContext& ctx) const { return {.eta = ctx[eta_], .scale = ctx[scale_]}; }
};

class EulerAncestral final : public NoisySampler {
  void run(RunContext& ctx) const override {
    give(ctx, "euler_ancestral",
        [noise = noise(ctx)](const sd::SamplerCall& call) { return sd::euler_ancestral(call, noise); });
  }
};

class EulerAncestralCfgPp final : public NoisySampler {
  void run(RunContext& ctx) const override {
    give(ctx, "euler_ancestral_cfg_pp",
        [noise = noise(ctx)](const sd::SamplerCall& call) { return sd::euler_ancestral_cfg_pp(call, noise); });
  }

 public:
  EulerAncestralCfgPp() : NoisySampler(1, 1, 10) {}
};

class EulerCfgPp final : public SamplerNode {
  Param<std::string> version_{*this, "version",
      {.init = "regular",
          .choices = {"regular", "alternative"},
          .tip = "regular: as the sampler of that name; alternative: as ComfyUI had it first"}};

  void run(RunContext& ctx) const override {
    if (ctx[version_] == "regular") return ctx.set(sampler_, builtin_sampler("euler_cfg_pp"));
    give(ctx, "euler_cfg_pp", [](const sd::SamplerCall& call) { return sd::euler_cfg_pp_alternative(call); });
  }
};

class Dpmpp2sAncestral final : public NoisySampler {
  void run(RunContext& ctx) const override {
    give(ctx, "dpmpp_2s_ancestral",
        [noise = noise(ctx)](const sd::SamplerCall& call) { return sd::dpmpp_2s_ancestral(call, noise); });
  }
};

class DpmppSde final : public NoisySampler {
  Param<double> r_{*this, "r",
      {.init = 0.5, .min = 0, .max = 100, .step = 0.01, .tip = "where in the step the second evaluation is"}};

  void run(RunContext& ctx) const override {
    const double r = ctx[r_];
    if (r <= 0) throw NodeError("r is 0: both evaluations would be at the same place", "give an r above 0, as 0.5");
    give(ctx, "dpmpp_sde",
        [noise = noise(ctx), r](const sd::SamplerCall& call) { return sd::dpmpp_sde(call, noise, r); });
  }
};

class Dpmpp2mSde final : public NoisySampler {
  Param<std::string> solver_{*this, "solver",
      {.init = "midpoint", .choices = {"midpoint", "heun"}, .tip = "how the step before corrects this one"}};

  void run(RunContext& ctx) const override {
    const auto correction = ctx[solver_] == "heun" ? sd::SdeCorrection::Heun : sd::SdeCorrection::Midpoint;
    give(ctx, "dpmpp_2m_sde", [noise = noise(ctx), correction](const sd::SamplerCall& call) {
      return sd::dpmpp_2m_sde(call, noise, correction);
    });
  }
};

class Dpmpp3mSde final : public NoisySampler {
  void run(RunContext& ctx) const override {
    give(ctx, "dpmpp_3m_sde",
        [noise = noise(ctx)](const sd::SamplerCall& call) { return sd::dpmpp_3m_sde(call, noise); });
  }
};

class Lms final : public SamplerNode {
  Param<std::int64_t> order_{
      *this, "order", {.init = 4, .min = 1, .max = 100, .tip = "of how many steps before a step is made"}};

  void run(RunContext& ctx) const override {
    const auto order = static_cast<std::size_t>(ctx[order_]);
    give(ctx, "lms", [order](const sd::SamplerCall& call) { return sd::lms(call, order); });
  }
};

class DpmAdaptive final : public NoisySampler {
  Param<std::int64_t> order_{*this, "order", {.init = 3, .min = 2, .max = 3, .tip = "evaluations a step"}};
  Param<double> rtol_{*this, "rtol",
      {.init = 0.05,
          .min = 0,
          .max = 100,
          .step = 0.01,
          .tip = "the error that a step may have, as a share of the latent"}};
  Param<double> atol_{*this, "atol",
      {.init = 0.0078, .min = 0, .max = 100, .step = 0.01, .tip = "the error that a step may have in any case"}};
  Param<double> first_{*this, "first_step",
      {.init = 0.05, .min = 0, .max = 100, .step = 0.01, .tip = "its length, in the logarithm of the noise level"}};
  Param<double> proportional_{*this, "proportional",
      {.init = 0, .min = 0, .max = 100, .step = 0.01, .tip = "how much the error of the step before counts"}};
  Param<double> integral_{*this, "integral",
      {.init = 1, .min = 0, .max = 100, .step = 0.01, .tip = "how much the error of this step counts"}};
  Param<double> derivative_{*this, "derivative",
      {.init = 0, .min = 0, .max = 100, .step = 0.01, .tip = "how much the change of errors counts"}};
  Param<double> safety_{*this, "accept_safety",
      {.init = 0.81,
          .min = 0,
          .max = 100,
          .step = 0.01,
          .tip = "a step is taken again if the next would be shorter than this share of it"}};

  void run(RunContext& ctx) const override {
    const sd::AdaptiveSettings settings{.order = static_cast<int>(ctx[order_]),
        .rtol = ctx[rtol_],
        .atol = ctx[atol_],
        .first_step = ctx[first_],
        .proportional = ctx[proportional_],
        .integral = ctx[integral_],
        .derivative = ctx[derivative_],
        .accept_safety = ctx[safety_],
        .noise = noise(ctx)};
    give(ctx, "dpm_adaptive", [settings](const sd::SamplerCall& call) { return sd::dpm_adaptive(call, settings); });
  }

 public:
  DpmAdaptive() : NoisySampler(0) {}
};

class ErSde final : public NoisySampler {
  Param<std::string> solver_{*this, "solver",
      {.init = "er_sde",
          .choices = {"er_sde", "reverse_time_sde", "ode"},
          .tip = "er_sde: its authors' noise; reverse_time_sde: with eta; ode: no noise"}};
  Param<std::int64_t> order_{
      *this, "order", {.init = 3, .min = 1, .max = 3, .tip = "of how many evaluations a step is made"}};

  void run(RunContext& ctx) const override {
    const std::string& solver = ctx[solver_];
    sd::ErSdeSettings settings{.order = static_cast<int>(ctx[order_]), .noise = noise(ctx)};
    if (solver != "er_sde") settings.kind = sd::ErSdeKind::ReverseTime;
    if (solver == "ode") settings.noise = {.eta = 0, .scale = 0};
    give(ctx, "er_sde", [settings](const sd::SamplerCall& call) { return sd::er_sde(call, settings); });
  }
};

class SaSolver final : public NoisySampler {
  Input<Model> model_{*this, "model", {.tip = "knows the noise levels of the shares of sampling"}};
  Param<double> start_{*this, "noise_start",
      {.init = 0.2, .min = 0, .max = 1, .step = 0.001, .tip = "the share of sampling from which on noise is added"}};
  Param<double> end_{*this, "noise_end",
      {.init = 0.8, .min = 0, .max = 1, .step = 0.001, .tip = "the share of sampling up to which noise is added"}};
  Param<std::int64_t> predictor_{
      *this, "predictor_order", {.init = 3, .min = 1, .max = 6, .tip = "of how many evaluations a step is predicted"}};
  Param<std::int64_t> corrector_{
      *this, "corrector_order", {.init = 4, .min = 0, .max = 6, .tip = "of how many it is corrected; 0: not at all"}};
  Param<bool> twice_{
      *this, "evaluate_twice", {.init = false, .tip = "also after the correction (PECE): better, and twice as slow"}};
  Param<bool> simple_{*this, "simple_order_2",
      {.init = false, .tip = "with two evaluations the simpler weights of the paper's appendix D"}};

  void run(RunContext& ctx) const override {
    const sd::NoiseTable& table = ctx[model_].table();
    const sd::SaSolverSettings settings{.noisy_from = table.percent_to_sigma(ctx[start_]),
        .noisy_to = table.percent_to_sigma(ctx[end_]),
        .predictor_order = static_cast<std::size_t>(ctx[predictor_]),
        .corrector_order = static_cast<std::size_t>(ctx[corrector_]),
        .evaluate_twice = ctx[twice_],
        .simple_order_2 = ctx[simple_],
        .noise = noise(ctx)};
    give(ctx, "sa_solver", [settings](const sd::SamplerCall& call) { return sd::sa_solver(call, settings); });
  }

 public:
  SaSolver() : NoisySampler(1, 10) {}
};

class Seeds2 final : public NoisySampler {
  Param<std::string> solver_{*this, "solver",
      {.init = "phi_1",
          .choices = {"phi_1", "phi_2"},
          .tip = "phi_2 with r 1 is exp_heun_2_x0 (eta 0) and exp_heun_2_x0_sde (eta 1)"}};
  Param<double> r_{*this, "r",
      {.init = 0.5, .min = 0.01, .max = 1, .step = 0.01, .tip = "where in the step the second evaluation is"}};

  void run(RunContext& ctx) const override {
    const sd::Seeds2Settings settings{.second_order = ctx[solver_] == "phi_2", .r = ctx[r_], .noise = noise(ctx)};
    give(ctx, "seeds_2", [settings](const sd::SamplerCall& call) { return sd::seeds_2(call, settings); });
  }
};

class Lcm final : public SamplerNode {
  Param<double> first_{*this, "noise_scale",
      {.init = 1, .min = 0, .max = 64, .step = 0.01, .tip = "the noise of the first step is multiplied by it"}};
  Param<double> last_{*this, "last_noise_scale",
      {.init = 1, .min = 0, .max = 64, .step = 0.01, .tip = "that of the last step; those between lie between"}};
  Param<double> clip_{*this, "clip_deviations",
      {.init = 0,
          .min = 0,
          .max = 10,
          .step = 0.01,
          .tip = "noise beyond so many standard deviations is cut off; 0: none is"}};

  void run(RunContext& ctx) const override {
    const sd::LcmSettings settings{
        .noise_scale = ctx[first_], .last_noise_scale = ctx[last_], .clip_deviations = ctx[clip_]};
    give(ctx, "lcm", [settings](const sd::SamplerCall& call) { return sd::lcm(call, settings); });
  }
};

class Tcd final : public SamplerNode {
  Param<double> eta_{*this, "eta",
      {.init = 0.3, .min = 0, .max = 1, .step = 0.01, .tip = "how much of each step is noise: 0 none, 1 as LCM"}};

  void run(RunContext& ctx) const override {
    Sampler sampler;
    sampler.name = "tcd";
    sampler.method.run = [eta = ctx[eta_]](const sd::SamplerCall& call) { return sd::tcd(call, eta); };
    ctx.set(sampler_, std::move(sampler));
  }
};

class Restart final : public SamplerNode {
  Input<Sampler> inner_{
      *this, "sampler", {.tip = "what samples each part, as Euler or Heun; not one with sde in its name"}};
  Param<bool> whole_{*this, "whole_parts",
      {.init = true, .tip = "the sampler sees a whole part between restarts; off: one step after the other"}};

  void run(RunContext& ctx) const override {
    Sampler sampler = ctx[inner_];
    sampler.name += " with restarts";
    sampler.method.run = [inner = ctx[inner_].method, stepwise = !ctx[whole_]](
                             const sd::SamplerCall& call) { return sd::restart(call, inner, stepwise); };
    ctx.set(sampler_, std::move(sampler));
  }
};

template <class T>
void add(Registry& registry, const char* id, const char* title, const char* doc, const char* foreign,
    std::vector<ForeignInput> inputs) {
  registry.add<T>(id,
      {.title = title,
          .menu = "Sampling/Samplers",
          .doc = doc,
          .foreign = {{.program = "comfyui", .name = foreign, .inputs = std::move(inputs), .outputs = {"sampler"}}}});
}

}  // namespace

void add_samplers(Registry& registry) {
  const ForeignInput scale{"s_noise", "noise_scale"}, solver{"solver_type", "solver"};
  const ForeignInput device{"noise_device", ""};  // our noise comes from the CPU always
  add<EulerAncestral>(registry, "sampler.euler_ancestral", "Euler Ancestral",
      "Euler's method to below the next noise level, then noise up to it.", "SamplerEulerAncestral", {"eta", scale});
  add<EulerAncestralCfgPp>(registry, "sampler.euler_ancestral_cfg_pp", "Euler Ancestral CFG++",
      "The same, along the noise that the negative side sees (Chung et al. 2024).", "SamplerEulerAncestralCFGPP",
      {"eta", scale});
  add<EulerCfgPp>(registry, "sampler.euler_cfg_pp", "Euler CFG++",
      "Euler's method along the noise that the negative side sees (Chung et al. 2024).", "SamplerEulerCFGpp",
      {"version"});
  add<Dpmpp2sAncestral>(registry, "sampler.dpmpp_2s_ancestral", "DPM++ 2S Ancestral",
      "DPM-Solver++ with two evaluations a step, and noise after each.", "SamplerDPMPP_2S_Ancestral", {"eta", scale});
  add<DpmppSde>(registry, "sampler.dpmpp_sde", "DPM++ SDE",
      "DPM-Solver++ of the reverse SDE, two evaluations a step, with noise of one Brownian path.", "SamplerDPMPP_SDE",
      {"eta", scale, "r", device});
  add<Dpmpp2mSde>(registry, "sampler.dpmpp_2m_sde", "DPM++ 2M SDE",
      "DPM-Solver++ of the reverse SDE, second order by the step before.", "SamplerDPMPP_2M_SDE",
      {solver, "eta", scale, device});
  add<Dpmpp3mSde>(registry, "sampler.dpmpp_3m_sde", "DPM++ 3M SDE",
      "DPM-Solver++ of the reverse SDE, third order by the two steps before.", "SamplerDPMPP_3M_SDE",
      {"eta", scale, device});
  add<Lms>(registry, "sampler.lms", "LMS", "Linear multistep: the derivatives of earlier steps are extrapolated.",
      "SamplerLMS", {"order"});
  add<DpmAdaptive>(registry, "sampler.dpm_adaptive", "DPM Adaptive",
      "DPM-Solver with steps as long as the difference between two orders allows, whatever the schedule's steps are.",
      "SamplerDPMAdaptative",
      {"order", "rtol", "atol", {"h_init", "first_step"}, {"pcoeff", "proportional"}, {"icoeff", "integral"},
          {"dcoeff", "derivative"}, "accept_safety", "eta", scale});
  add<ErSde>(registry, "sampler.er_sde", "ER-SDE", "Extended reverse-time SDE solver (Cui et al. 2023).",
      "SamplerER_SDE",
      {{"solver_type", "solver", {{"ER-SDE", "er_sde"}, {"Reverse-time SDE", "reverse_time_sde"}, {"ODE", "ode"}}},
          {"max_stage", "order"}, "eta", scale});
  add<SaSolver>(registry, "sampler.sa_solver", "SA-Solver",
      "Stochastic Adams: predicts and corrects, with noise in the middle of sampling (Xue et al. 2023).",
      "SamplerSASolver",
      {"model", "eta", {"sde_start_percent", "noise_start"}, {"sde_end_percent", "noise_end"}, scale, "predictor_order",
          "corrector_order", {"use_pece", "evaluate_twice"}, "simple_order_2"});
  add<Seeds2>(registry, "sampler.seeds_2", "SEEDS-2",
      "Exponential solver of the reverse SDE with two evaluations a step (Gonzalez et al. 2023).", "SamplerSEEDS2",
      {solver, "eta", scale, "r"});
  add<Lcm>(registry, "sampler.lcm", "LCM",
      "For latent consistency models: the picture of each step, with new noise on it (Luo et al. 2023).", "SamplerLCM",
      {scale, {"s_noise_end", "last_noise_scale"}, {"noise_clip_std", "clip_deviations"}});
  registry.add<Tcd>("sampler.tcd",
      {.title = "TCD",
          .menu = "Sampling/Samplers",
          .doc = "For models by trajectory consistency distillation (Zheng et al. 2024), with the LCM Schedule."});
  add<Restart>(registry, "sampler.restart", "Restart Sampler",
      "Any sampler on noise levels that rise again, as those of Restart Schedule: noise is added where they do (Xu et al. "
      "2023).",
      "RestartSampler", {"sampler", {"chunked_mode", "whole_parts"}});
}

}  // namespace weft::sampler
