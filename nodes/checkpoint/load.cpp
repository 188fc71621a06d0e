// checkpoint.load: a model from the model folders.
#include <fmt/format.h>

#include "graph/asset_files.h"
#include "nodes/checkpoint/nodes.h"
#include "nodes/sd/checkpoint.h"
#include "nodes/sd/file_hash.h"

namespace weft::checkpoint {
namespace {

class LoadCheckpoint final : public Node {
  Param<std::string> name_{*this, "name", {.required = true, .widget = Widget::Model, .folder = "checkpoints",
      .tip = "a .safetensors file or a diffusers folder in the model folder 'checkpoints'"}};
  Output<Model> model_{*this, "model"};
  Output<Clip> clip_{*this, "clip"};
  Output<Vae> vae_{*this, "vae"};

  void run(RunContext& ctx) const override {
    const auto path = require_asset(ctx.environment().model_folders, "checkpoints", ctx[name_]);
    const auto checkpoint = std::make_shared<const sd::Checkpoint>(sd::Checkpoint::open(path));
    const auto& unused = checkpoint->unused();
    if (!unused.empty())
      ctx.warn(fmt::format("{} tensors of '{}' are not used, such as {}", unused.size(), ctx[name_], unused.front()));
    ctx.note("model", {{"name", ctx[name_]}, {"sha256", sd::model_hash(path)}});
    const std::string& dtype = ctx.environment().dtype;
    ctx.set(model_, Model(checkpoint, dtype));
    ctx.set(clip_, Clip(checkpoint));
    ctx.set(vae_, Vae(checkpoint, dtype));
  }

  std::string fingerprint(const RunContext& ctx) const override {
    if (!ctx.input(name_.index)) return {};
    return sd::file_stamp(require_asset(ctx.environment().model_folders, "checkpoints", ctx[name_]));
  }
};

}  // namespace

void add_load(Registry& registry) {
  registry.add<LoadCheckpoint>("checkpoint.load", {.title = "Load Checkpoint", .menu = "Loaders",
      .doc = "Opens a Stable Diffusion 1.x model: one .safetensors file, or a diffusers folder. Only what is used is read; "
             "the networks are built on the device where they are first needed.",
      .lane = Lane::Io});
}

}  // namespace weft::checkpoint
