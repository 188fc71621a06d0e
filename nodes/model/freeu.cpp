// model.freeu, model.freeu_v2: FreeU (Si et al. 2023, arXiv:2309.11497). On the way up, half of the channels that come from
// below are made stronger, and the low frequencies of the skip beside them weaker. Version 2 makes those channels stronger
// where their mean is large.
#include <ATen/ATen.h>
#include <fmt/format.h>

#include "nodes/sd/families/checkpoint.h"
#include "nodes/sd/tensors/frequencies.h"
#include "nodes/sd/values/values.h"
#include "plugins/sdk.h"

namespace weft::model {
namespace {

struct Strengths {
  double backbone, skip;
};

/// The mean over the channels of h [B, C, H, W], brought to [0, 1] in each picture: [B, 1, H, W].
at::Tensor relative_mean(const at::Tensor& h) {
  const at::Tensor mean = h.mean(1, /*keepdim=*/true), least = mean.amin({1, 2, 3}, true);
  return (mean - least) / (mean.amax({1, 2, 3}, true) - least);
}

/// h with the first half of its channels times `factor`.
at::Tensor with_first_half(const at::Tensor& h, const at::Tensor& factor) {
  const std::int64_t half = h.size(1) / 2;
  return at::cat({h.narrow(1, 0, half) * factor, h.narrow(1, half, h.size(1) - half)}, 1);
}

template <bool kStructureRelated>
class FreeU final : public Node {
  Input<Model> model_{*this, "model", {.tip = "the U-Net to change"}};
  Param<double> b1_ = backbone("b1", kStructureRelated ? 1.3 : 1.1, "of the deepest levels");
  Param<double> b2_ = backbone("b2", kStructureRelated ? 1.4 : 1.2, "of the level above");
  Param<double> s1_ = skip("s1", 0.9, "of the deepest levels");
  Param<double> s2_ = skip("s2", 0.2, "of the level above");
  Output<Model> patched_{*this, "model", {.tip = "the same U-Net with FreeU, for samplers"}};

  Param<double> backbone(const char* name, double init, const std::string& where) {
    return {*this, name,
        {.init = init, .min = 0, .max = 10, .step = 0.01, .tip = "how strong what comes from below is, " + where}};
  }
  Param<double> skip(const char* name, double init, const std::string& where) {
    return {*this, name,
        {.init = init,
            .min = 0,
            .max = 10,
            .step = 0.01,
            .tip = "how strong the coarse part of the skip is, " + where}};
  }

  void run(RunContext& ctx) const override {
    const std::int64_t width = ctx[model_].checkpoint().unet_config().block_channels.front();
    const Strengths deep{ctx[b1_], ctx[s1_]}, above{ctx[b2_], ctx[s2_]};
    const auto change = [=](const std::string&, const sd::NetworkCall&, at::Tensor& h, at::Tensor& skip) {
      if (h.size(1) != 4 * width && h.size(1) != 2 * width) return;
      const Strengths& here = h.size(1) == 4 * width ? deep : above;
      const at::Tensor one = h.new_ones({1});
      h = with_first_half(h, kStructureRelated ? (here.backbone - 1) * relative_mean(h) + 1 : one * here.backbone);
      skip = sd::scaled_frequencies(skip, /*cutoff=*/1, here.skip, /*high=*/1);
    };
    ctx.set(patched_,
        ctx[model_].with({.key = fmt::format("freeu {} {} {} {} {}", kStructureRelated ? 2 : 1, deep.backbone,
                              above.backbone, deep.skip, above.skip),
            .up = change}));
  }
};

ForeignClass foreign(const std::string& name) {
  return {.program = "comfyui", .name = name, .inputs = {"model", "b1", "b2", "s1", "s2"}, .outputs = {"model"}};
}

}  // namespace

void add_freeu(Registry& registry) {
  registry.add<FreeU<false>>("model.freeu",
      {.title = "FreeU",
          .menu = "Model/Patches",
          .doc =
              "Makes the U-Net's deep features stronger and the coarse part of its skips weaker: more detail, no cost.",
          .foreign = {foreign("FreeU")}});
  registry.add<FreeU<true>>("model.freeu_v2",
      {.title = "FreeU V2",
          .menu = "Model/Patches",
          .doc = "FreeU's second version: deep features become stronger where they are large.",
          .foreign = {foreign("FreeU_V2")}});
}

}  // namespace weft::model
