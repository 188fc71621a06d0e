// model.multiply_self_attention, model.multiply_cross_attention, model.multiply_clip_attention: the projections of all
// attentions of one kind, weights and biases, times a number each.
#include <ATen/ATen.h>
#include <fmt/format.h>

#include <array>

#include "nodes/sd/values/values.h"
#include "plugins/sdk.h"

namespace weft::model {
namespace {

struct Factor {
  std::string layer;  ///< how the names of its tensors end: ".attn1.to_q"
  double factor;
};
using Factors = std::array<Factor, 4>;

sd::Patch multiplying(const Factors& factors) {
  std::string key = "multiply";
  for (const Factor& f : factors) key += fmt::format(" {} {}", f.layer, f.factor);
  return {.key = key, .weight = [=](const std::string& name, const at::Tensor& base) {
            const std::string layer = name.substr(0, name.rfind('.'));
            for (const Factor& f : factors)
              if (f.factor != 1 && layer.ends_with(f.layer)) return base * f.factor;
            return base;
          }};
}

class AttentionFactors : public Node {
 protected:
  Param<double> q_ = factor("q", "queries: above 1 attention is sharper");
  Param<double> k_ = factor("k", "keys: above 1 attention is sharper");
  Param<double> v_ = factor("v", "values");
  Param<double> out_ = factor("out", "what comes out of it");

  bool change_nothing(const RunContext& ctx) const {
    return ctx[q_] == 1 && ctx[k_] == 1 && ctx[v_] == 1 && ctx[out_] == 1;
  }

 private:
  Param<double> factor(const char* name, const char* tip) {
    return {*this, name, {.init = 1, .min = 0, .max = 10, .step = 0.01, .tip = tip}};
  }
};

template <int kWhich>
class MultiplyInUNet final : public AttentionFactors {
  Input<Model> model_{*this, "model", {.tip = "the U-Net to change"}};
  Output<Model> patched_{*this, "model", {.tip = "the changed U-Net"}};

  void run(RunContext& ctx) const override {
    const auto layer = [](const char* part) { return fmt::format(".attn{}.{}", kWhich, part); };
    const Factors factors{
        {{layer("to_q"), ctx[q_]}, {layer("to_k"), ctx[k_]}, {layer("to_v"), ctx[v_]}, {layer("to_out.0"), ctx[out_]}}};
    ctx.set(patched_, change_nothing(ctx) ? ctx[model_] : ctx[model_].with(multiplying(factors)));
  }
};

class MultiplyInClip final : public AttentionFactors {
  Input<Clip> clip_{*this, "clip", {.tip = "the text encoder to change"}};
  Output<Clip> patched_{*this, "clip", {.tip = "the changed text encoder"}};

  void run(RunContext& ctx) const override {
    const Factors factors{{{".self_attn.q_proj", ctx[q_]}, {".self_attn.k_proj", ctx[k_]},
        {".self_attn.v_proj", ctx[v_]}, {".self_attn.out_proj", ctx[out_]}}};
    ctx.set(patched_, change_nothing(ctx) ? ctx[clip_] : ctx[clip_].with(multiplying(factors)));
  }
};

ForeignClass foreign(const std::string& name, const std::string& port) {
  return {.program = "comfyui", .name = name, .inputs = {{port, port}, "q", "k", "v", "out"}, .outputs = {port}};
}

}  // namespace

void add_attention_multiply(Registry& registry) {
  registry.add<MultiplyInUNet<1>>("model.multiply_self_attention",
      {.title = "Multiply Self-Attention",
          .menu = "Model/Patches",
          .doc = "Scales what the picture's places attend to in one another: an experiment on the U-Net's weights.",
          .foreign = {foreign("UNetSelfAttentionMultiply", "model")}});
  registry.add<MultiplyInUNet<2>>("model.multiply_cross_attention",
      {.title = "Multiply Cross-Attention",
          .menu = "Model/Patches",
          .doc = "Scales what the picture's places attend to in the text: an experiment on the U-Net's weights.",
          .foreign = {foreign("UNetCrossAttentionMultiply", "model")}});
  registry.add<MultiplyInClip>("model.multiply_clip_attention",
      {.title = "Multiply CLIP Attention",
          .menu = "Model/Patches",
          .doc =
              "Scales what the words of a text attend to in one another: an experiment on the text encoder's weights.",
          .foreign = {foreign("CLIPAttentionMultiply", "clip")}});
}

}  // namespace weft::model
