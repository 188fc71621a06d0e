// model.dynamic_thresholding, model.dynamic_thresholding_simple: mcmonkey's Dynamic Thresholding (after Saharia et al. 2022,
// arXiv:2205.11487, section 2.3): guidance with a large cfg whose values are brought to the range that a smaller one, the
// mimicked, would have given.
#include <ATen/ATen.h>
#include <fmt/format.h>

#include <cmath>
#include <functional>
#include <map>

#include "nodes/sd/values/values.h"
#include "plugins/sdk.h"

namespace weft::model {
namespace {

constexpr double kLastStep = 998;  // of 999, as the original counts the steps of training
constexpr double kQuarterTurn = 1.5707, kTurn = 6.28318;

/// How a scale goes along sampling: from its share of the way, 0 to 1, and the schedule's value, its share of what it has
/// above its least.
using Course = double (*)(double done, double value);
struct Mode {
  std::string name;
  Course course;
};

double repeated(double done, double times) { return done * times - std::floor(done * times); }

const std::vector<Mode>& modes() {
  static const std::vector<Mode> all{
      {"Constant", [](double, double) { return 1.0; }},
      {"Linear Down", [](double done, double) { return 1 - done; }},
      {"Cosine Down", [](double done, double) { return std::cos(done * kQuarterTurn); }},
      {"Half Cosine Down", [](double done, double) { return std::cos(done); }},
      {"Linear Up", [](double done, double) { return done; }},
      {"Cosine Up", [](double done, double) { return 1 - std::cos(done * kQuarterTurn); }},
      {"Half Cosine Up", [](double done, double) { return 1 - std::cos(done); }},
      {"Power Up", [](double done, double value) { return std::pow(done, value); }},
      {"Power Down", [](double done, double value) { return 1 - std::pow(done, value); }},
      {"Linear Repeating", [](double done, double value) { return std::abs(1 - 2 * repeated(done, value)); }},
      {"Cosine Repeating", [](double done, double value) { return std::cos(done * kTurn * value) / 2 + 0.5; }},
      {"Sawtooth", [](double done, double value) { return repeated(done, value); }},
  };
  return all;
}

std::vector<std::string> mode_names() {
  std::vector<std::string> names;
  for (const Mode& mode : modes()) names.push_back(mode.name);
  return names;
}

Course course_of(const std::string& name) {
  for (const Mode& mode : modes())
    if (mode.name == name) return mode.course;
  throw NodeError(fmt::format("there is no mode '{}'", name), "choose one of the list");
}

struct Options {
  double mimic = 7, percentile = 1;
  Course mimic_course = course_of("Constant");
  double mimic_least = 0;
  Course cfg_course = course_of("Constant");
  double cfg_least = 0, value = 1;
  bool by_channel = false, from_zero = false, by_deviation = false;
  double share = 1;  ///< of the result; the rest is plain guidance
};

/// How far the values of centred [B, C, places] reach, of each channel [B, C, 1] or of all [].
at::Tensor reach(const at::Tensor& centred, double percentile, const Options& options) {
  if (options.by_deviation)
    return options.by_channel ? centred.std(at::IntArrayRef{2}, true, /*keepdim=*/true) : centred.std();
  const at::Tensor sizes = centred.abs();
  if (percentile >= 1) return options.by_channel ? sizes.amax({2}, /*keepdim=*/true) : sizes.max();
  return options.by_channel ? at::quantile(sizes, percentile, 2, /*keepdim=*/true)
                            : at::quantile(sizes.flatten(), percentile);
}

at::Tensor thresholded(const sd::GuidanceCall& call, const Options& options) {
  const at::Tensor difference = call.positive - call.negative;
  if (call.cfg == options.mimic) return call.negative + difference * call.cfg;
  const double done = (999 - call.timestep) / kLastStep;
  const auto scale = [&](double whole, double least, Course course) {
    return (whole - least) * course(done, options.value) + least;
  };
  const at::Tensor mimicked =
      (call.negative + difference * scale(options.mimic, options.mimic_least, options.mimic_course)).flatten(2);
  const at::Tensor guided =
      (call.negative + difference * scale(call.cfg, options.cfg_least, options.cfg_course)).flatten(2);
  const at::Tensor mean = guided.mean({2}, /*keepdim=*/true), centred = guided - mean;
  const at::Tensor wanted = reach(mimicked - mimicked.mean({2}, true), 1, options);
  const at::Tensor found = reach(centred, options.percentile, options);
  at::Tensor result;
  if (options.from_zero) {
    result = guided * (wanted / found);
  } else if (options.by_deviation) {
    result = centred / found * wanted + mean;
  } else {
    const at::Tensor bound = at::maximum(wanted, found);
    result = at::minimum(at::maximum(centred, -bound), bound) / bound * wanted + mean;
  }
  return (options.share * result + (1 - options.share) * guided).view(call.x.sizes());
}

class Thresholding : public Node {
 protected:
  Input<Model> model_{*this, "model", {.tip = "the U-Net to guide"}};
  Param<double> mimic_{*this, "mimic_scale",
      {.init = 7, .min = 0, .max = 100, .step = 0.5, .tip = "the cfg whose range of values the result shall have"}};
  Param<double> percentile_{*this, "threshold_percentile",
      {.init = 1,
          .min = 0,
          .max = 1,
          .step = 0.01,
          .tip = "the share of values that fit into that range; others are cut"}};

  Model guided(const RunContext& ctx, const Options& options, const std::string& key) const {
    return ctx[model_].with(
        {.key = fmt::format("dynamic thresholding {} {} {}", options.mimic, options.percentile, key),
            .combine = [=](const sd::GuidanceCall& call) { return thresholded(call, options); }});
  }
};

class DynamicThresholding final : public Thresholding {
  Param<std::string> mimic_mode_{*this, "mimic_mode",
      {.init = "Constant", .choices = mode_names(), .tip = "how the mimicked cfg goes along sampling"}};
  Param<double> mimic_least_{
      *this, "mimic_scale_min", {.init = 0, .min = 0, .max = 100, .step = 0.5, .tip = "what it goes down to"}};
  Param<std::string> cfg_mode_{
      *this, "cfg_mode", {.init = "Constant", .choices = mode_names(), .tip = "how cfg goes along sampling"}};
  Param<double> cfg_least_{
      *this, "cfg_scale_min", {.init = 0, .min = 0, .max = 100, .step = 0.5, .tip = "what it goes down to"}};
  Param<double> value_{*this, "sched_val",
      {.init = 1, .min = 0, .max = 100, .step = 0.01, .tip = "the power of 'Power', the repetitions of 'Repeating'"}};
  Param<bool> by_channel_{
      *this, "separate_feature_channels", {.init = true, .tip = "each channel of the latent has its own range"}};
  Param<std::string> start_{*this, "scaling_startpoint",
      {.init = "MEAN", .choices = {"MEAN", "ZERO"}, .tip = "what values are scaled around"}};
  Param<std::string> measure_{*this, "variability_measure",
      {.init = "AD",
          .choices = {"AD", "STD"},
          .tip = "of the range: the greatest distance, or the standard deviation"}};
  Param<double> share_{*this, "interpolate_phi",
      {.init = 1, .min = 0, .max = 1, .step = 0.01, .tip = "the share of the result; 0: plain guidance"}};
  Output<Model> patched_{*this, "model", {.tip = "the same U-Net with this guidance, for samplers"}};

  void run(RunContext& ctx) const override {
    const Options options{.mimic = ctx[mimic_],
        .percentile = ctx[percentile_],
        .mimic_course = course_of(ctx[mimic_mode_]),
        .mimic_least = ctx[mimic_least_],
        .cfg_course = course_of(ctx[cfg_mode_]),
        .cfg_least = ctx[cfg_least_],
        .value = ctx[value_],
        .by_channel = ctx[by_channel_],
        .from_zero = ctx[start_] == "ZERO",
        .by_deviation = ctx[measure_] == "STD",
        .share = ctx[share_]};
    ctx.set(patched_,
        guided(ctx, options,
            fmt::format("{} {} {} {} {} {} {} {} {}", ctx[mimic_mode_], options.mimic_least, ctx[cfg_mode_],
                options.cfg_least, options.value, options.by_channel, options.from_zero, options.by_deviation,
                options.share)));
  }
};

class DynamicThresholdingSimple final : public Thresholding {
  Output<Model> patched_{*this, "model", {.tip = "the same U-Net with this guidance, for samplers"}};

  void run(RunContext& ctx) const override {
    const Options options{.mimic = ctx[mimic_], .percentile = ctx[percentile_]};
    ctx.set(patched_, guided(ctx, options, "simple"));
  }
};

}  // namespace

void add_dynamic_thresholding(Registry& registry) {
  registry.add<DynamicThresholdingSimple>("model.dynamic_thresholding_simple",
      {.title = "Dynamic Thresholding (Simple)",
          .menu = "Sampling/Guidance",
          .doc = "Lets cfg be large without burning the picture: values keep the range of a smaller, mimicked cfg.",
          .foreign = {{.program = "comfyui",
              .name = "DynamicThresholdingSimple",
              .inputs = {"model", "mimic_scale", "threshold_percentile"},
              .outputs = {"model"}}}});
  registry.add<DynamicThresholding>("model.dynamic_thresholding",
      {.title = "Dynamic Thresholding",
          .menu = "Sampling/Guidance",
          .doc = "Dynamic Thresholding with all its settings: both scales may change along sampling.",
          .foreign = {{.program = "comfyui",
              .name = "DynamicThresholdingFull",
              .inputs = {"model", "mimic_scale", "threshold_percentile", "mimic_mode", "mimic_scale_min", "cfg_mode",
                  "cfg_scale_min", "sched_val",
                  {"separate_feature_channels", "separate_feature_channels", {{"enable", true}, {"disable", false}}},
                  "scaling_startpoint", "variability_measure", "interpolate_phi"},
              .outputs = {"model"}}}});
}

}  // namespace weft::model
