// gligen.load, conditioning.gligen_text_box: GLIGEN, phrases with a place in the picture (nodes/sd/networks/gligen.h).
#include <fmt/format.h>

#include "assets/model_files.h"
#include "nodes/sd/adapters/gligen_file.h"
#include "nodes/sd/files/file_hash.h"
#include "nodes/sd/values/values.h"
#include "plugins/sdk.h"

namespace weft::model {
namespace {

constexpr const char* kFolder = "gligen";
constexpr std::int64_t kPixelsPerLatent = 8;

struct GligenModel {
  static constexpr std::string_view kType = "gligen";

  std::shared_ptr<const sd::GligenFile> file;
};

class LoadGligen final : public Node {
  Param<std::string> name_{*this, "name",
      {.required = true,
          .widget = Widget::Model,
          .folder = kFolder,
          .tip = "a .safetensors file in the model folder 'gligen'"}};
  Output<GligenModel> gligen_{*this, "gligen", {.tip = "for GLIGEN Text Box"}};

  std::filesystem::path path(const RunContext& ctx) const {
    return require_asset(ctx.environment().model_folders, kFolder, ctx[name_]);
  }
  void run(RunContext& ctx) const override {
    ctx.note("model", {{"name", ctx[name_]}, {"sha256", sd::model_hash(path(ctx))}});
    ctx.set(gligen_, GligenModel{sd::GligenFile::open(path(ctx))});
  }
  std::string fingerprint(const RunContext& ctx) const override {
    return ctx.input(name_.index) ? sd::file_stamp(path(ctx)) : std::string();
  }
};

class GligenTextBox final : public Node {
  Input<Conditioning> given_{*this, "conditioning", {.tip = "what the picture should show"}};
  Input<Clip> clip_{*this, "clip", {.tip = "encodes the phrase: the model's own"}};
  Input<GligenModel> gligen_{*this, "gligen", {.tip = "from Load GLIGEN"}};
  Param<std::string> text_{
      *this, "text", {.widget = Widget::Text, .tip = "what stands in the box: a few words of the text"}};
  Param<std::int64_t> width_ = pixels("width", 64, 8, "of the box, in pixels");
  Param<std::int64_t> height_ = pixels("height", 64, 8, "of the box, in pixels");
  Param<std::int64_t> x_ = pixels("x", 0, 0, "its left edge, in pixels");
  Param<std::int64_t> y_ = pixels("y", 0, 0, "its upper edge, in pixels");
  Output<Conditioning> result_{*this, "conditioning", {.tip = "the same with one more box"}};

  Param<std::int64_t> pixels(const char* name, std::int64_t init, std::int64_t least, const char* tip) {
    return {*this, name, {.init = init, .min = least, .max = 16384, .step = 8, .tip = tip}};
  }

  void run(RunContext& ctx) const override {
    const Conditioning phrase = ctx[clip_].encode(ctx[text_], ctx.memory());
    const sd::GligenBox box{.phrase = phrase.entries.at(0).pooled,
        .x = ctx[x_] / kPixelsPerLatent,
        .y = ctx[y_] / kPixelsPerLatent,
        .width = ctx[width_] / kPixelsPerLatent,
        .height = ctx[height_] / kPixelsPerLatent};
    const auto& file = ctx[gligen_].file;
    if (const std::int64_t wide = file->config().text_width; !box.phrase.defined() || box.phrase.size(-1) != wide)
      throw NodeError(fmt::format("this GLIGEN model reads phrases {} wide, and the text encoder gives {}", wide,
                          box.phrase.defined() ? std::to_string(box.phrase.size(-1)) : "none"),
          "connect the text encoder of the Stable Diffusion that the GLIGEN model was trained on");
    Conditioning result = ctx[given_];
    for (auto& entry : result.entries) entry.patches = sd::GligenFile::with_box(file, entry.patches, box);
    ctx.set(result_, std::move(result));
  }
};

}  // namespace

void add_gligen(Registry& registry) {
  registry.add_type(
      {.id = "gligen", .title = "GLIGEN", .colour = "#9ccc65", .doc = "What ties phrases to places of a picture."});
  registry.add<LoadGligen>("gligen.load",
      {.title = "Load GLIGEN",
          .menu = "Loaders",
          .doc = "Opens a GLIGEN text box model for Stable Diffusion 1 or 2.",
          .lane = Lane::Io,
          .foreign = {{.program = "comfyui",
              .name = "GLIGENLoader",
              .inputs = {{"gligen_name", "name"}},
              .outputs = {"gligen"}}}});
  registry.add<GligenTextBox>("conditioning.gligen_text_box",
      {.title = "GLIGEN Text Box",
          .menu = "Conditioning/Place",
          .doc = "Says where in the picture a phrase stands (arXiv:2301.07093). Several may follow each other.",
          .lane = Lane::Device,
          .foreign = {{.program = "comfyui",
              .name = "GLIGENTextBoxApply",
              .inputs = {{"conditioning_to", "conditioning"}, "clip", {"gligen_textbox_model", "gligen"}, "text",
                  "width", "height", "x", "y"},
              .outputs = {"conditioning"}}}});
}

}  // namespace weft::model
