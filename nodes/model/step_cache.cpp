// model.deep_cache, model.easy_cache, model.lazy_cache: steps that take over what the step before found
// (nodes/sd/networks/step_cache.h).
#include "nodes/sd/networks/step_cache.h"

#include <fmt/format.h>

#include "nodes/sd/values/values.h"
#include "plugins/sdk.h"

namespace weft::model {
namespace {

class StepCache : public Node {
 protected:
  Input<Model> model_{*this, "model", {.tip = "the U-Net to make faster"}};
  Output<Model> patched_{*this, "model", {.tip = "the same U-Net, which is asked less, for samplers"}};

  static sd::CacheRange range(const sd::NoiseTable& table, double start, double end) {
    return {table.percent_to_sigma(start), table.percent_to_sigma(end)};
  }
};

class DeepCache final : public StepCache {
  Param<std::int64_t> interval_{*this, "interval",
      {.init = 3, .min = 1, .max = 100, .tip = "every how many steps the whole U-Net is asked; 1: always"}};
  Param<std::int64_t> branch_{*this, "branch",
      {.init = 0,
          .min = 0,
          .max = 32,
          .tip = "how many more steps down are asked each time: more is closer and slower"}};
  Param<double> start_{*this, "start",
      {.init = 0, .min = 0, .max = 1, .step = 0.01, .tip = "the share of sampling from which on steps are cached"}};
  Param<double> end_{
      *this, "end", {.init = 1, .min = 0, .max = 1, .step = 0.01, .tip = "the share of sampling up to which they are"}};

  void run(RunContext& ctx) const override {
    const std::int64_t interval = ctx[interval_], branch = ctx[branch_];
    const sd::CacheRange sigmas = range(ctx[model_].table(), ctx[start_], ctx[end_]);
    ctx.set(patched_,
        interval == 1 ? ctx[model_]
                      : ctx[model_].with(
                            {.key = fmt::format("deep cache {} {} {} {}", interval, branch, sigmas.start, sigmas.end),
                                .begin = [=] { return sd::deep_cache(interval, branch, sigmas); }}));
  }
};

template <sd::Patch (*kCache)(double, const sd::CacheRange&), bool kWholeStep>
class ChangeCache final : public StepCache {
  Param<double> threshold_{*this, "reuse_threshold",
      {.init = 0.2,
          .min = 0,
          .max = 3,
          .step = 0.01,
          .tip = "how much the result may drift before the U-Net is asked again"}};
  Param<double> start_{*this, "start_percent",
      {.init = 0.15,
          .min = 0,
          .max = 1,
          .step = 0.01,
          .tip = "the share of sampling from which on steps may be left out"}};
  Param<double> end_{*this, "end_percent",
      {.init = 0.95, .min = 0, .max = 1, .step = 0.01, .tip = "the share of sampling up to which they may"}};

  void run(RunContext& ctx) const override {
    const double threshold = ctx[threshold_];
    const sd::CacheRange sigmas = range(ctx[model_].table(), ctx[start_], ctx[end_]);
    ctx.set(patched_,
        ctx[model_].with(
            {.key = fmt::format("{} cache {} {} {}", kWholeStep ? "lazy" : "easy", threshold, sigmas.start, sigmas.end),
                .begin = [=] { return kCache(threshold, sigmas); }}));
  }
};

ForeignClass foreign(const std::string& name) {
  return {.program = "comfyui",
      .name = name,
      .inputs = {"model", "reuse_threshold", "start_percent", "end_percent", {"verbose", ""}},
      .outputs = {"model"}};
}

}  // namespace

void add_step_cache(Registry& registry) {
  registry.add<DeepCache>("model.deep_cache",
      {.title = "DeepCache",
          .menu = "Model/Patches",
          .doc = "Asks the deep part of the U-Net at some steps only and takes over its features at the others: two to "
                 "three times as fast, at some loss of detail."});
  registry.add<ChangeCache<sd::easy_cache, false>>("model.easy_cache",
      {.title = "EasyCache",
          .menu = "Model/Patches",
          .doc = "Leaves the U-Net out at steps that are estimated to change little.",
          .foreign = {foreign("EasyCache")}});
  registry.add<ChangeCache<sd::lazy_cache, true>>("model.lazy_cache",
      {.title = "LazyCache",
          .menu = "Model/Patches",
          .doc = "Leaves whole steps out, guidance included, that are estimated to change little.",
          .foreign = {foreign("LazyCache")}});
}

}  // namespace weft::model
