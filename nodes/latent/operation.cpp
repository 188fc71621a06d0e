// latent.tone_map, latent.sharpen: operations on latents; latent.apply_operation: one applied.
#include <fmt/format.h>

#include <algorithm>

#include "nodes/latent/nodes.h"
#include "nodes/sd/pictures/filters.h"
#include "nodes/sd/values/latent_operation.h"

namespace weft::latent {
namespace {

class ToneMapOperation final : public Node {
  Param<double> multiplier_{*this, "multiplier",
      {.init = 1,
          .min = 0.01,
          .max = 100,
          .step = 0.01,
          .tip = "of the largest length that a place may have; lower is flatter"}};
  Output<LatentOperation> operation_{*this, "operation", {.tip = "for Apply Latent Operation"}};

  void run(RunContext& ctx) const override {
    const double multiplier = ctx[multiplier_];
    ctx.set(operation_,
        LatentOperation{fmt::format("tone mapping {}", multiplier),
            [multiplier](const at::Tensor& latent) { return sd::tone_mapped(latent, multiplier); }});
  }
};

class SharpenOperation final : public Node {
  Param<std::int64_t> radius_{*this, "radius",
      {.init = 9, .min = 1, .max = 31, .tip = "how far the window reaches, in latents; less than a latent's sides"}};
  Param<double> sigma_{*this, "sigma", {.init = 1, .min = 0.1, .max = 10, .step = 0.1, .tip = "of the blur, in radii"}};
  Param<double> amount_{*this, "amount",
      {.init = 0.1,
          .min = 0,
          .max = 5,
          .step = 0.01,
          .tip = "counts tenfold: 0.1 adds once what a blur would take away"}};
  Output<LatentOperation> operation_{*this, "operation", {.tip = "for Apply Latent Operation"}};

  void run(RunContext& ctx) const override {
    const std::int64_t radius = ctx[radius_];
    const double sigma = ctx[sigma_], amount = ctx[amount_];
    ctx.set(operation_,
        LatentOperation{fmt::format("sharpening {} {} {}", radius, sigma, amount),
            [radius, sigma, amount](const at::Tensor& latent) {
              if (std::min(latent.size(2), latent.size(3)) <= radius)
                throw NodeError(fmt::format("a latent of {} x {} is too small for a window that reaches {} latents",
                                    latent.size(3), latent.size(2), radius),
                    "give a larger latent, or a smaller radius");
              return sd::latent_sharpened(latent, radius, sigma, amount);
            }});
  }
};

class ApplyOperation final : public Node {
  Input<Latent> latent_{*this, "latent", {.tip = "a latent, or a batch"}};
  Input<LatentOperation> operation_{*this, "operation", {.tip = "what to do to it"}};
  Output<Latent> result_{*this, "latent", {.tip = "with the operation applied"}};

  void run(RunContext& ctx) const override {
    Latent latent = ctx[latent_];
    latent.samples = ctx[operation_].apply(latent.samples);
    ctx.set(result_, std::move(latent));
  }
};

}  // namespace

void add_operation(Registry& registry) {
  registry.add<ToneMapOperation>("latent.tone_map",
      {.title = "Tone Map Latents",
          .menu = "Latent/Operation",
          .doc = "An operation that makes the strongest places of a latent weaker, after Reinhard (2002).",
          .foreign = {{.program = "comfyui",
              .name = "LatentOperationTonemapReinhard",
              .inputs = {"multiplier"},
              .outputs = {"operation"}}}});
  registry.add<SharpenOperation>("latent.sharpen",
      {.title = "Sharpen Latents",
          .menu = "Latent/Operation",
          .doc = "An operation that sharpens a latent.",
          .foreign = {{.program = "comfyui",
              .name = "LatentOperationSharpen",
              .inputs = {{"sharpen_radius", "radius"}, "sigma", {"alpha", "amount"}},
              .outputs = {"operation"}}}});
  registry.add<ApplyOperation>("latent.apply_operation",
      {.title = "Apply Latent Operation",
          .menu = "Latent/Operation",
          .doc = "Does to a latent what an operation says.",
          .bytes_per_pixel = sd::kLatentBytesPerPixel,
          .foreign = {{.program = "comfyui",
              .name = "LatentApplyOperation",
              .inputs = {{"samples", "latent"}, "operation"},
              .outputs = {"latent"}}}});
}

}  // namespace weft::latent
