// model.lora, model.lora_only: a LoRA, or one of its kin, on top of a model.
#include <fmt/format.h>

#include "assets/model_files.h"
#include "nodes/sd/adapters/adapter_file.h"
#include "nodes/sd/files/file_hash.h"
#include "nodes/sd/values/values.h"
#include "plugins/sdk.h"

namespace weft::model {
namespace {

constexpr const char* kFolder = "loras";
constexpr const char* kStrengthTip = "1: as it was trained; 0: not at all; below 0: away from what it shows";

class LoraNode : public Node {
 protected:
  Input<Model> model_{*this, "model", {.tip = "the U-Net to change"}};
  Param<std::string> name_{*this, "name",
      {.required = true,
          .widget = Widget::Model,
          .folder = kFolder,
          .tip = "a .safetensors file in the model folder 'loras': LoRA, LoCon, LoHa, LoKr or DoRA"}};
  Param<double> strength_model_{
      *this, "strength_model", {.init = 1, .min = -100, .max = 100, .step = 0.05, .tip = kStrengthTip}};

  std::filesystem::path path(const RunContext& ctx) const {
    return require_asset(ctx.environment().model_folders, kFolder, ctx[name_]);
  }

  std::shared_ptr<const sd::AdapterFile> open(RunContext& ctx, const sd::Checkpoint& checkpoint) const {
    auto file = sd::AdapterFile::open(path(ctx), checkpoint);
    if (const auto& layers = file->unmatched(); !layers.empty())
      ctx.warn(fmt::format("of '{}', {} {} nothing in the model, such as {}", ctx[name_],
          layers.size() == 1 ? "one layer" : fmt::format("{} layers", layers.size()),
          layers.size() == 1 ? "fits" : "fit", layers.front()));
    return file;
  }

  /// Opens the file for the model, and notes it.
  std::shared_ptr<const sd::AdapterFile> open_for_model(RunContext& ctx) const {
    ctx.note("model", {{"name", ctx[name_]}, {"sha256", sd::model_hash(path(ctx))}});
    return open(ctx, ctx[model_].checkpoint());
  }

  Model changed_model(const RunContext& ctx, const std::shared_ptr<const sd::AdapterFile>& file) const {
    const double strength = ctx[strength_model_];
    return strength == 0 ? ctx[model_] : ctx[model_].with(sd::AdapterFile::patch(file, strength));
  }

  std::string fingerprint(const RunContext& ctx) const override {
    return ctx.input(name_.index) ? sd::file_stamp(path(ctx)) : std::string();
  }
};

class LoadLora final : public LoraNode {
  Input<Clip> clip_{*this, "clip", {.tip = "the text encoder to change"}};
  Param<double> strength_clip_{
      *this, "strength_clip", {.init = 1, .min = -100, .max = 100, .step = 0.05, .tip = kStrengthTip}};
  Output<Model> patched_{*this, "model", {.tip = "the U-Net with the LoRA"}};
  Output<Clip> patched_clip_{*this, "clip", {.tip = "the text encoder with the LoRA, where it changes one"}};

  void run(RunContext& ctx) const override {
    const auto file = open_for_model(ctx);
    ctx.set(patched_, changed_model(ctx, file));
    const Clip clip = ctx[clip_];
    const double strength = ctx[strength_clip_];
    if (strength == 0) return ctx.set(patched_clip_, clip);
    const bool of_one_model = &clip.checkpoint() == &ctx[model_].checkpoint();
    const auto for_clip = of_one_model ? file : sd::AdapterFile::open(path(ctx), clip.checkpoint());
    const bool changes = for_clip->changed_in_text() > 0;
    ctx.set(patched_clip_, changes ? clip.with(sd::AdapterFile::patch(for_clip, strength)) : clip);
  }
};

class LoadLoraForModel final : public LoraNode {
  Output<Model> patched_{*this, "model", {.tip = "the U-Net with the LoRA"}};

  void run(RunContext& ctx) const override { ctx.set(patched_, changed_model(ctx, open_for_model(ctx))); }
};

}  // namespace

void add_lora(Registry& registry) {
  registry.add<LoadLora>("model.lora",
      {.title = "Load LoRA",
          .menu = "Loaders",
          .doc =
              "Changes a model by a small file that was trained on top of it: LoRA, LoCon, LoHa, LoKr and DoRA, as kohya, "
              "LyCORIS, diffusers and peft write them. Several may follow each other.",
          .lane = Lane::Io,
          .foreign = {{.program = "comfyui",
              .name = "LoraLoader",
              .inputs = {"model", "clip", {"lora_name", "name"}, "strength_model", "strength_clip"},
              .outputs = {"model", "clip"}}}});
  registry.add<LoadLoraForModel>("model.lora_only",
      {.title = "Load LoRA (Model Only)",
          .menu = "Loaders",
          .doc = "Changes the U-Net by a LoRA and leaves the text encoder as it is.",
          .lane = Lane::Io,
          .foreign = {{.program = "comfyui",
              .name = "LoraLoaderModelOnly",
              .inputs = {"model", {"lora_name", "name"}, "strength_model"},
              .outputs = {"model"}}}});
}

}  // namespace weft::model
