// guider.cfg, guider.basic, guider.dual_cfg, guider.perp_neg: a model with what it is guided by, as a value for sample.custom_advanced.
#include "nodes/sampler/nodes.h"
#include "nodes/sampler/sampling.h"
#include "nodes/sd/sampling/perp_neg.h"

namespace weft::sampler {
namespace {

class CfgGuider final : public Node {
  Input<Model> model_{*this, "model", {.tip = "the U-Net that is asked at each step"}};
  Input<Conditioning> positive_{*this, "positive", {.tip = "what the picture should show"}};
  Input<Conditioning> negative_{*this, "negative", {.tip = "what it should not show"}};
  Param<double> cfg_{*this, "cfg", {.init = 8, .min = 0, .max = 100, .step = 0.1, .tip = "how much the text counts"}};
  Output<Guider> guider_{*this, "guider", {.tip = "for Custom Sampling (Advanced)"}};

  void run(RunContext& ctx) const override {
    ctx.set(guider_, Guider{ctx[model_], ctx[positive_], ctx[negative_], ctx[cfg_]});
  }
};

class BasicGuider final : public Node {
  Input<Model> model_{*this, "model", {.tip = "the U-Net that is asked at each step"}};
  Input<Conditioning> conditioning_{*this, "conditioning", {.tip = "what the picture should show"}};
  Output<Guider> guider_{*this, "guider", {.tip = "for Custom Sampling (Advanced)"}};

  void run(RunContext& ctx) const override {
    // With cfg 1 the negative side is asked by cfg++ samplers alone, which then have nothing to lead away from.
    ctx.set(guider_, Guider{ctx[model_], ctx[conditioning_], ctx[conditioning_], 1});
  }
};

class DualCfgGuider final : public Node {
  Input<Model> model_{*this, "model", {.tip = "the U-Net that is asked at each step"}};
  Input<Conditioning> first_{*this, "conditioning_1", {.tip = "what the picture should show"}};
  Input<Conditioning> second_{
      *this, "conditioning_2", {.tip = "what the first is to be more than, as the picture to change without the text"}};
  Input<Conditioning> negative_{*this, "negative", {.tip = "what it should not show"}};
  Param<double> cfg_first_{*this, "cfg_1",
      {.init = 8, .min = 0, .max = 100, .step = 0.1, .tip = "how much the first counts over the second"}};
  Param<double> cfg_second_{*this, "cfg_2",
      {.init = 8, .min = 0, .max = 100, .step = 0.1, .tip = "how much the second counts over the negative"}};
  Param<std::string> style_{*this, "style",
      {.init = "regular",
          .choices = {"regular", "nested"},
          .tip =
              "regular: both leads are added; nested: what the first two give together is led away from the negative"}};
  Output<Guider> guider_{*this, "guider", {.tip = "for Custom Sampling (Advanced)"}};

  void run(RunContext& ctx) const override {
    sd::DualGuidance dual;
    dual.middle = ctx[second_].entries;
    dual.cfg = ctx[cfg_second_];
    dual.nested = ctx[style_] == "nested";
    ctx.set(guider_, Guider{ctx[model_], ctx[first_], ctx[negative_], ctx[cfg_first_], std::move(dual)});
  }
};

class PerpNegGuider final : public Node {
  Input<Model> model_{*this, "model", {.tip = "the U-Net that is asked at each step"}};
  Input<Conditioning> positive_{*this, "positive", {.tip = "what the picture should show"}};
  Input<Conditioning> negative_{*this, "negative", {.tip = "what it should not show"}};
  Input<Conditioning> empty_{*this, "empty", {.tip = "an empty text, from which both sides are measured"}};
  Param<double> cfg_{*this, "cfg", {.init = 8, .min = 0, .max = 100, .step = 0.1, .tip = "how much the text counts"}};
  Param<double> neg_scale_{*this, "neg_scale",
      {.init = 1, .min = 0, .max = 100, .step = 0.01, .tip = "how much of the negative side is taken away"}};
  Output<Guider> guider_{*this, "guider", {.tip = "for Custom Sampling (Advanced)"}};

  void run(RunContext& ctx) const override {
    const Model model = ctx[model_].with(sd::perp_neg(ctx[empty_].entries, ctx[neg_scale_]));
    ctx.set(guider_, Guider{model, ctx[positive_], ctx[negative_], ctx[cfg_]});
  }
};

}  // namespace

void add_guiders(Registry& registry) {
  registry.add<CfgGuider>("guider.cfg",
      {.title = "CFG Guider",
          .menu = "Sampling/Parts",
          .doc = "Classifier-free guidance: leads from the negative text to the positive one.",
          .foreign = {{.program = "comfyui",
              .name = "CFGGuider",
              .inputs = {"model", "positive", "negative", "cfg"},
              .outputs = {"guider"}}}});
  registry.add<BasicGuider>("guider.basic",
      {.title = "Basic Guider",
          .menu = "Sampling/Parts",
          .doc = "A model that is asked for one text and not guided, as distilled models want it.",
          .foreign = {{.program = "comfyui",
              .name = "BasicGuider",
              .inputs = {"model", "conditioning"},
              .outputs = {"guider"}}}});
  registry.add<PerpNegGuider>("guider.perp_neg",
      {.title = "Perp-Neg Guider",
          .menu = "Sampling/Parts",
          .doc = "Takes away only what the negative text asks for beside the positive one.",
          .foreign = {{.program = "comfyui",
              .name = "PerpNegGuider",
              .inputs = {"model", "positive", "negative", {"empty_conditioning", "empty"}, "cfg", "neg_scale"},
              .outputs = {"guider"}}}});
  registry.add<DualCfgGuider>("guider.dual_cfg",
      {.title = "Dual CFG Guider",
          .menu = "Sampling/Parts",
          .doc =
              "Guidance by two conditionings, each with a cfg of its own: for models that are told a picture beside the "
              "text.",
          .foreign = {{.program = "comfyui",
              .name = "DualCFGGuider",
              .inputs = {"model", {"cond1", "conditioning_1"}, {"cond2", "conditioning_2"}, "negative",
                  {"cfg_conds", "cfg_1"}, {"cfg_cond2_negative", "cfg_2"}, "style"},
              .outputs = {"guider"}}}});
}

}  // namespace weft::sampler
