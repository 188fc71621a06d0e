// model.tome: token merging (nodes/sd/networks/token_merging.h) of the queries of the finest level's self-attention.
#include <ATen/ATen.h>
#include <ATen/CPUGeneratorImpl.h>
#include <fmt/format.h>

#include "nodes/sd/networks/token_merging.h"
#include "nodes/sd/values/values.h"
#include "plugins/sdk.h"

namespace weft::model {
namespace {

sd::Patch merging(double ratio, std::uint64_t seed) {
  const auto draws = std::make_shared<at::Generator>(at::detail::createCPUGenerator(seed));
  return {.attention_layer = [=](sd::AttentionLayerCall call, const sd::AttendLayer& next) {
    const std::int64_t height = call.whole.x.size(2), width = call.whole.x.size(3), places = call.x.size(1);
    const auto merged = static_cast<std::int64_t>(static_cast<double>(places) * ratio);
    if (!call.self || places != height * width || merged == 0 || height == 1 || width == 1) return next(call);
    const sd::TokenMerging merging(call.x, height, width, merged, *draws);
    call.x = merging.merge(call.x);
    return merging.unmerge(next(call));
  }};
}

class TokenMergingNode final : public Node {
  Input<Model> model_{*this, "model", {.tip = "the U-Net to change"}};
  Param<double> ratio_{
      *this, "ratio", {.init = 0.3, .min = 0, .max = 1, .step = 0.01, .tip = "the share of places that is merged"}};
  Param<std::uint64_t> seed_{
      *this, "seed", {.init = 0, .tip = "draws the places that others are merged into, anew in each layer"}};
  Output<Model> patched_{*this, "model", {.tip = "the same U-Net, for samplers"}};

  void run(RunContext& ctx) const override {
    const double ratio = ctx[ratio_];
    const std::uint64_t seed = ctx[seed_];
    ctx.set(patched_,
        ratio == 0 ? ctx[model_] : ctx[model_].with({.key = fmt::format("tome {} {}", ratio, seed), .begin = [=] {
                                                       return merging(ratio, seed);
                                                     }}));
  }
};

}  // namespace

void add_tome(Registry& registry) {
  registry.add<TokenMergingNode>("model.tome",
      {.title = "Token Merging",
          .menu = "Model/Patches",
          .doc = "Places that look alike attend as one: large pictures take less time, and lose a little detail.",
          .foreign = {
              {.program = "comfyui", .name = "TomePatchModel", .inputs = {"model", "ratio"}, .outputs = {"model"}}}});
}

}  // namespace weft::model
