// model.lora, model.lora_only, model.lora_blocks: a LoRA, or one of its kin, on top of a model.
#include <fmt/format.h>

#include <stdexcept>

#include "assets/model_files.h"
#include "nodes/sd/adapters/adapter_file.h"
#include "nodes/sd/files/file_hash.h"
#include "nodes/sd/values/values.h"
#include "plugins/sdk.h"

namespace weft::model {
namespace {

constexpr const char* kFolder = "loras";
constexpr const char* kStrengthTip = "1: as it was trained; 0: not at all; below 0: away from what it shows";
constexpr const char* kAsTrained = "as trained";
constexpr const char* kAsComfyUI = "as ComfyUI";

ParamOptions<std::string> dora_options() {
  return {.init = kAsTrained,
      .choices = {kAsTrained, kAsComfyUI},
      .tip = "of files with magnitudes (DoRA): the formula of LyCORIS and peft, or the other one of ComfyUI"};
}

sd::Dora dora_of(const std::string& chosen) { return chosen == kAsComfyUI ? sd::Dora::AsComfyUI : sd::Dora::AsTrained; }

class LoraNode : public Node {
 protected:
  Input<Model> model_{*this, "model", {.tip = "the U-Net to change"}};
  Param<std::string> name_{*this, "name",
      {.required = true,
          .widget = Widget::Model,
          .folder = kFolder,
          .tip = "a .safetensors file in the model folder 'loras': LoRA, LoCon, LoHa, LoKr, DoRA, OFT, GLoRA, IA3"}};
  Param<double> strength_model_{
      *this, "strength_model", {.init = 1, .min = -100, .max = 100, .step = 0.05, .tip = kStrengthTip}};

  std::filesystem::path path(const RunContext& ctx) const {
    return require_asset(ctx.environment().model_folders, kFolder, ctx[name_]);
  }

  std::shared_ptr<const sd::AdapterFile> open(RunContext& ctx, const sd::Checkpoint& checkpoint) const {
    auto file = sd::AdapterFile::open(path(ctx), checkpoint, dora(ctx));
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

  using Blocks = std::optional<sd::BlockStrengths>;
  Model changed_model(const RunContext& ctx, const std::shared_ptr<const sd::AdapterFile>& file,
      const Blocks& blocks = std::nullopt) const {
    const double strength = ctx[strength_model_];
    return strength == 0 ? ctx[model_] : ctx[model_].with(sd::AdapterFile::patch(file, strength, blocks));
  }

  std::string fingerprint(const RunContext& ctx) const override {
    return ctx.input(name_.index) ? sd::file_stamp(path(ctx)) : std::string();
  }

  virtual sd::Dora dora(const RunContext& ctx) const = 0;
};

class LoraForBoth : public LoraNode {
 protected:
  Input<Clip> clip_{*this, "clip", {.tip = "the text encoder to change"}};
  Param<double> strength_clip_{
      *this, "strength_clip", {.init = 1, .min = -100, .max = 100, .step = 0.05, .tip = kStrengthTip}};
  Output<Model> patched_{*this, "model", {.tip = "the U-Net with the LoRA"}};
  Output<Clip> patched_clip_{*this, "clip", {.tip = "the text encoder with the LoRA, where it changes one"}};

  void apply(RunContext& ctx, const Blocks& blocks = std::nullopt) const {
    const auto file = open_for_model(ctx);
    ctx.set(patched_, changed_model(ctx, file, blocks));
    const Clip clip = ctx[clip_];
    const double strength = ctx[strength_clip_];
    if (strength == 0) return ctx.set(patched_clip_, clip);
    const bool of_one_model = &clip.checkpoint() == &ctx[model_].checkpoint();
    const auto for_clip = of_one_model ? file : sd::AdapterFile::open(path(ctx), clip.checkpoint(), dora(ctx));
    const bool changes = for_clip->changed_in_text() > 0;
    ctx.set(patched_clip_, changes ? clip.with(sd::AdapterFile::patch(for_clip, strength, blocks)) : clip);
  }
};

class LoadLora final : public LoraForBoth {
  Param<std::string> dora_{*this, "dora", dora_options()};

  sd::Dora dora(const RunContext& ctx) const override { return dora_of(ctx[dora_]); }
  void run(RunContext& ctx) const override { apply(ctx); }
};

class LoadLoraByBlocks final : public LoraForBoth {
  Param<std::string> blocks_{*this, "blocks",
      {.init = "1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1",
          .tip =
              "numbers between commas, which multiply the strengths: 17 of Stable Diffusion 1 and 2 (BASE, IN01, 02, 04, "
              "05, 07, 08, M00, OUT03 to 11) or all 26, 12 of XL (BASE, IN04, 05, 07, 08, M00, OUT00 to 05) or all "
              "20; BASE is the text encoder and the rest"}};
  Param<std::string> dora_{*this, "dora", dora_options()};

  sd::Dora dora(const RunContext& ctx) const override { return dora_of(ctx[dora_]); }
  void run(RunContext& ctx) const override { apply(ctx, strengths(ctx[blocks_])); }

  static sd::BlockStrengths strengths(const std::string& text) {
    try {
      return sd::BlockStrengths::parse(text);
    } catch (const std::invalid_argument& problem) {
      throw NodeError(
          fmt::format("blocks: {}", problem.what()), "the tip of 'blocks' says how many and which they are");
    }
  }
};

class LoadLoraForModel final : public LoraNode {
  Output<Model> patched_{*this, "model", {.tip = "the U-Net with the LoRA"}};
  Param<std::string> dora_{*this, "dora", dora_options()};

  sd::Dora dora(const RunContext& ctx) const override { return dora_of(ctx[dora_]); }
  void run(RunContext& ctx) const override { ctx.set(patched_, changed_model(ctx, open_for_model(ctx))); }
};

}  // namespace

void add_lora(Registry& registry) {
  registry.add<LoadLora>("model.lora",
      {.title = "Load LoRA",
          .menu = "Loaders",
          .doc =
              "Changes a model by a small file that was trained on top of it: LoRA, LoCon, LoHa, LoKr, DoRA, OFT, BOFT, "
              "GLoRA and IA3, as kohya, LyCORIS, diffusers and peft write them. Several may follow each other.",
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
  registry.add<LoadLoraByBlocks>("model.lora_blocks",
      {.title = "Load LoRA by Blocks",
          .menu = "Loaders",
          .doc = "Changes a model by a LoRA whose strength differs from block to block of the U-Net, by the lists of "
                 "numbers that presets for \"LoRA block weight\" are. Blocks that a list does not name are left as "
                 "they are.",
          .lane = Lane::Io});
}

}  // namespace weft::model
