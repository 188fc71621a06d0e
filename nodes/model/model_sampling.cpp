// model.sampling_discrete, .sampling_continuous_edm, .sampling_continuous_v: what a model was trained with and predicts, where
// its file does not say it or says it wrong. model.cfg_override, model.differential_diffusion: guidance and masks that change
// on the way.
#include <fmt/format.h>

#include "nodes/sd/values/values.h"
#include "plugins/sdk.h"

namespace weft::model {
namespace {

/// What all have: a model with another sampling.
class SamplingNode : public Node {
 protected:
  Input<Model> model_{*this, "model", {.tip = "the U-Net"}};
  Output<Model> patched_{*this, "model", {.tip = "the same U-Net, for samplers"}};
};

constexpr std::int64_t kLcmTimesteps = 50;  // at which latent consistency models are distilled

struct Predicted {
  const char* name;
  sd::Prediction prediction;
};

constexpr Predicted kDiscrete[] = {{"eps", sd::Prediction::Noise}, {"v_prediction", sd::Prediction::Velocity},
    {"lcm", sd::Prediction::Consistency}, {"x0", sd::Prediction::Sample}, {"img_to_img", sd::Prediction::Picture}};
constexpr Predicted kContinuous[] = {{"v_prediction", sd::Prediction::Velocity}, {"edm", sd::Prediction::Edm},
    {"edm_playground_v2.5", sd::Prediction::Edm}, {"eps", sd::Prediction::Noise}};

std::vector<std::string> names_of(std::span<const Predicted> all) {
  std::vector<std::string> names;
  for (const Predicted& each : all) names.emplace_back(each.name);
  return names;
}

sd::Prediction prediction_of(std::span<const Predicted> all, const std::string& name) {
  for (const Predicted& each : all)
    if (name == each.name) return each.prediction;
  throw NodeError(fmt::format("there is no sampling \"{}\"", name), "choose one of the list");
}

class Discrete final : public SamplingNode {
  Param<std::string> sampling_{*this, "sampling",
      {.init = "eps",
          .choices = names_of(kDiscrete),
          .tip = "what the network predicts: eps the noise, v_prediction the velocity, x0 the picture; lcm: a latent "
                 "consistency model; img_to_img: a picture from a picture without noise"}};
  Param<bool> zero_snr_{
      *this, "zero_terminal_snr", {.init = false, .tip = "trained so that the noisiest level is all noise"}};

  void run(RunContext& ctx) const override {
    sd::ModelSampling sampling = ctx[model_].sampling();
    sampling.prediction = prediction_of(kDiscrete, ctx[sampling_]);
    sampling.data_deviation = 1;
    sampling.table = sampling.table.with_zero_terminal_snr(ctx[zero_snr_]);
    if (sampling.prediction == sd::Prediction::Consistency) sampling.table = sampling.table.distilled(kLcmTimesteps);
    ctx.set(
        patched_, ctx[model_].with(std::move(sampling), fmt::format("discrete {} {}", ctx[sampling_], ctx[zero_snr_])));
  }
};

/// All noise levels between two.
class Continuous : public SamplingNode {
 protected:
  Param<double> max_;
  Param<double> min_;

  Continuous(double max, double min)
      : max_(*this, "sigma_max", {.init = max, .min = 0, .max = 1000, .step = 0.001, .tip = "the highest noise level"}),
        min_(*this, "sigma_min",
            {.init = min, .min = 0, .max = 1000, .step = 0.001, .tip = "the lowest noise level, above 0"}) {}

  void check_range(RunContext& ctx) const {
    if (ctx[min_] > 0 && ctx[max_] > ctx[min_]) return;
    throw NodeError("the noise levels do not rise", "give a sigma_min above 0 and a sigma_max above it");
  }
};

class ContinuousEdm final : public Continuous {
  Param<std::string> sampling_{*this, "sampling",
      {.init = "v_prediction",
          .choices = names_of(kContinuous),
          .tip =
              "what the network predicts; edm as in Karras et al. 2022; edm_playground_v2.5 with that model's latents"}};

  void run(RunContext& ctx) const override {
    check_range(ctx);
    sd::ModelSampling sampling = ctx[model_].sampling();
    sampling.prediction = prediction_of(kContinuous, ctx[sampling_]);
    sampling.data_deviation = sampling.prediction == sd::Prediction::Edm ? 0.5 : 1;
    if (ctx[sampling_] == "edm_playground_v2.5") sampling.space = sd::playground_latents();
    sampling.table = sd::NoiseTable::continuous_edm(ctx[min_], ctx[max_]);
    ctx.set(patched_,
        ctx[model_].with(
            std::move(sampling), fmt::format("continuous {} {} {}", ctx[sampling_], ctx[min_], ctx[max_])));
  }

 public:
  ContinuousEdm() : Continuous(120, 0.002) {}
};

class ContinuousVelocity final : public Continuous {
  void run(RunContext& ctx) const override {
    check_range(ctx);
    sd::ModelSampling sampling = ctx[model_].sampling();
    sampling.prediction = sd::Prediction::Velocity;
    sampling.data_deviation = 1;
    sampling.table = sd::NoiseTable::continuous_v(ctx[min_], ctx[max_]);
    ctx.set(patched_, ctx[model_].with(std::move(sampling), fmt::format("continuous v {} {}", ctx[min_], ctx[max_])));
  }

 public:
  ContinuousVelocity() : Continuous(500, 0.03) {}
};

class CfgOverride final : public SamplingNode {
  Param<double> cfg_{*this, "cfg",
      {.init = 1,
          .min = 0,
          .max = 100,
          .step = 0.1,
          .tip = "in place of the sampling node's; at 1 steps take half the time"}};
  Param<double> start_{
      *this, "start", {.init = 0, .min = 0, .max = 1, .step = 0.001, .tip = "the share of sampling where it begins"}};
  Param<double> end_{
      *this, "end", {.init = 1, .min = 0, .max = 1, .step = 0.001, .tip = "the share of sampling where it ends"}};

  void run(RunContext& ctx) const override {
    sd::ModelSampling sampling = ctx[model_].sampling();
    const sd::NoiseTable& table = sampling.table;
    sampling.cfg_ranges.push_back({ctx[cfg_], table.percent_to_sigma(ctx[start_]), table.percent_to_sigma(ctx[end_])});
    ctx.set(patched_,
        ctx[model_].with(std::move(sampling), fmt::format("cfg {} {} {}", ctx[cfg_], ctx[start_], ctx[end_])));
  }
};

class DifferentialDiffusion final : public SamplingNode {
  Param<double> strength_{*this, "strength",
      {.init = 1,
          .min = 0,
          .max = 1,
          .step = 0.01,
          .tip = "less: the mask counts as it is for the rest; 0 is as 1, as in ComfyUI"}};

  void run(RunContext& ctx) const override {
    sd::ModelSampling sampling = ctx[model_].sampling();
    sampling.gradual_mask = ctx[strength_];
    ctx.set(patched_, ctx[model_].with(std::move(sampling), fmt::format("gradual mask {}", ctx[strength_])));
  }
};

}  // namespace

void add_model_sampling(Registry& registry) {
  registry.add<Discrete>("model.sampling_discrete",
      {.title = "Model Sampling (Discrete)",
          .menu = "Sampling/Model",
          .doc = "Says what a model predicts and whether its noisiest level is all noise, where its file does not.",
          .foreign = {{.program = "comfyui",
              .name = "ModelSamplingDiscrete",
              .inputs = {"model", "sampling", {"zsnr", "zero_terminal_snr"}},
              .outputs = {"model"}}}});
  registry.add<ContinuousEdm>("model.sampling_continuous_edm",
      {.title = "Model Sampling (Continuous EDM)",
          .menu = "Sampling/Model",
          .doc = "For models that were trained on all noise levels between two, as CosXL and Playground v2.5.",
          .foreign = {{.program = "comfyui",
              .name = "ModelSamplingContinuousEDM",
              .inputs = {"model", "sampling", "sigma_max", "sigma_min"},
              .outputs = {"model"}}}});
  registry.add<ContinuousVelocity>("model.sampling_continuous_v",
      {.title = "Model Sampling (Continuous V)",
          .menu = "Sampling/Model",
          .doc =
              "For models that predict the velocity, trained on all noise levels with the angle of the noise as time.",
          .foreign = {{.program = "comfyui",
              .name = "ModelSamplingContinuousV",
              .inputs = {"model", {"sampling", ""}, "sigma_max", "sigma_min"},
              .outputs = {"model"}}}});
  registry.add<CfgOverride>("model.cfg_override",
      {.title = "CFG Override",
          .menu = "Sampling/Guidance",
          .doc = "Another cfg for a part of sampling. Where several overlap, the last one counts.",
          .foreign = {{.program = "comfyui",
              .name = "CFGOverride",
              .inputs = {"model", "cfg", {"start_percent", "start"}, {"end_percent", "end"}},
              .outputs = {"model"}}}});
  registry.add<DifferentialDiffusion>("model.differential_diffusion",
      {.title = "Differential Diffusion",
          .menu = "Sampling/Guidance",
          .doc =
              "Grey in a latent's mask says how much a place may change: it is kept until so much of sampling is left "
              "(Levin & Fried 2023).",
          .foreign = {{.program = "comfyui",
              .name = "DifferentialDiffusion",
              .inputs = {"model", "strength"},
              .outputs = {"model"}}}});
}

}  // namespace weft::model
