// model.hypernetwork: the web UI's hypernetworks of 2022, around each attention.
#include "nodes/sd/adapters/hypernetwork.h"

#include <fmt/format.h>

#include "assets/model_files.h"
#include "nodes/sd/files/file_hash.h"
#include "nodes/sd/values/values.h"
#include "plugins/sdk.h"

namespace weft::model {
namespace {

constexpr const char* kFolder = "hypernetworks";

class LoadHypernetwork final : public Node {
  Input<Model> model_{*this, "model", {.tip = "the U-Net to change"}};
  Param<std::string> name_{*this, "name",
      {.required = true,
          .widget = Widget::Model,
          .folder = kFolder,
          .tip = "a .safetensors file in the model folder 'hypernetworks'"}};
  Param<double> strength_{*this, "strength",
      {.init = 1, .min = -10, .max = 10, .step = 0.01, .tip = "1: as it was trained; 0: not at all"}};
  Output<Model> patched_{*this, "model", {.tip = "the U-Net with the hypernetwork"}};

  std::filesystem::path path(const RunContext& ctx) const {
    return require_asset(ctx.environment().model_folders, kFolder, ctx[name_]);
  }

  void run(RunContext& ctx) const override {
    ctx.note("model", {{"name", ctx[name_]}, {"sha256", sd::model_hash(path(ctx))}});
    const double strength = ctx[strength_];
    const auto hypernetwork = sd::Hypernetwork::open(path(ctx));
    if (strength == 0) return ctx.set(patched_, ctx[model_]);
    const auto change = [hypernetwork, strength](sd::AttentionLayerCall call, const sd::AttendLayer& next) {
      call.k_context = hypernetwork->of_keys(call.k_context, strength);
      call.v_context = hypernetwork->of_values(call.v_context, strength);
      return next(call);
    };
    const std::string key = fmt::format("hypernetwork {} {}", hypernetwork->stamp(), strength);
    ctx.set(patched_, ctx[model_].with({.key = key, .attention_layer = change}));
  }

  std::string fingerprint(const RunContext& ctx) const override {
    return ctx.input(name_.index) ? sd::file_stamp(path(ctx)) : std::string();
  }
};

}  // namespace

void add_hypernetwork(Registry& registry) {
  registry.add<LoadHypernetwork>("model.hypernetwork",
      {.title = "Load Hypernetwork",
          .menu = "Loaders",
          .doc =
              "Changes a model by a hypernetwork: small networks that change what attention sees before keys and values "
              "are made of it.",
          .lane = Lane::Io,
          .foreign = {{.program = "comfyui",
              .name = "HypernetworkLoader",
              .inputs = {"model", {"hypernetwork_name", "name"}, "strength"},
              .outputs = {"model"}}}});
}

}  // namespace weft::model
