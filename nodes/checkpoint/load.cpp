// checkpoint.load, unet.load, vae.load: models from the model folders.
#include <fmt/format.h>

#include "assets/model_files.h"
#include "nodes/checkpoint/nodes.h"
#include "nodes/sd/families/checkpoint.h"
#include "nodes/sd/families/upscaler_file.h"
#include "nodes/sd/files/file_hash.h"
#include "nodes/sd/values/encoder_values.h"

namespace weft::checkpoint {
namespace {

/// What the loaders have in common: the model of a name in a model folder, opened as it is read there.
class Loader : public Node {
 protected:
  using Open = sd::Checkpoint (*)(const std::filesystem::path&);

  Loader(std::string folder, std::string tip, Open open)
      : folder_(std::move(folder)),
        open_(open),
        name_(*this, "name", {.required = true, .widget = Widget::Model, .folder = folder_, .tip = std::move(tip)}) {}

  std::shared_ptr<const sd::Checkpoint> load(RunContext& ctx) const {
    const auto path = require_asset(ctx.environment().model_folders, folder_, ctx[name_]);
    auto checkpoint = std::make_shared<const sd::Checkpoint>(open_(path));
    const auto& unused = checkpoint->unused();
    if (!unused.empty())
      ctx.warn(fmt::format("{} tensors of '{}' are not used, such as {}", unused.size(), ctx[name_], unused.front()));
    for (const std::string& sentence : checkpoint->ignored()) ctx.warn(sentence);
    ctx.note("model", {{"name", ctx[name_]}, {"sha256", sd::model_hash(path)}});
    return checkpoint;
  }

  std::string fingerprint(const RunContext& ctx) const override {
    if (!ctx.input(name_.index)) return {};
    return sd::file_stamp(require_asset(ctx.environment().model_folders, folder_, ctx[name_]));
  }

  std::string name(const RunContext& ctx) const { return ctx[name_]; }

 private:
  std::string folder_;
  Open open_;
  Param<std::string> name_;
};

class LoadCheckpoint final : public Loader {
 public:
  LoadCheckpoint()
      : Loader("checkpoints", "a .safetensors file or a diffusers folder in the model folder 'checkpoints'",
            &sd::Checkpoint::open) {}

 private:
  Output<Model> model_{*this, "model", {.tip = "the U-Net, for samplers"}};
  Output<Clip> clip_{*this, "clip", {.tip = "the text encoder, for Encode Text"}};
  Output<Vae> vae_{*this, "vae", {.tip = "the autoencoder, between pictures and latents"}};
  Output<LabelEncoder> labels_{*this, "labels", {.tip = "the classes that a class-conditional model knows"}};
  Output<SpatialRescaler> rescaler_{*this, "rescaler",
      {.tip = "converts segmentation maps to the form that a model for semantic synthesis was trained on"}};

  void run(RunContext& ctx) const override {
    const auto checkpoint = load(ctx);
    const std::string& dtype = ctx.environment().dtype;
    ctx.set(model_, Model(checkpoint, dtype));
    ctx.set(clip_, Clip(checkpoint));
    ctx.set(vae_, Vae(checkpoint, dtype));
    ctx.set(labels_, LabelEncoder(checkpoint->label_encoder(), name(ctx)));
    ctx.set(rescaler_, SpatialRescaler(checkpoint->spatial_rescaler(), name(ctx)));
  }
};

class LoadUnet final : public Loader {
 public:
  LoadUnet()
      : Loader("diffusion_models",
            "a .safetensors file, or a folder with config.json and diffusion_pytorch_model.safetensors, in the model "
            "folder 'diffusion_models' or 'unet'",
            &sd::Checkpoint::open_unet) {}

 private:
  Output<Model> model_{*this, "model", {.tip = "the U-Net, for samplers"}};

  void run(RunContext& ctx) const override { ctx.set(model_, Model(load(ctx), ctx.environment().dtype)); }
};

class LoadControlNet final : public Loader {
 public:
  LoadControlNet()
      : Loader("controlnet",
            "a .safetensors file, or a folder with config.json and diffusion_pytorch_model.safetensors, in the model "
            "folder 'controlnet'",
            &sd::Checkpoint::open_control_net) {}

 private:
  Output<ControlNet> control_net_{*this, "control_net", {.tip = "for Apply ControlNet"}};

  void run(RunContext& ctx) const override { ctx.set(control_net_, ControlNet(load(ctx), ctx.environment().dtype)); }
};

class LoadUpscaler final : public Node {
  Param<std::string> name_{*this, "name",
      {.required = true,
          .widget = Widget::Model,
          .folder = "upscale_models",
          .tip =
              "a .safetensors file in the model folder 'upscale_models': ESRGAN, Real-ESRGAN or its compact network"}};
  Output<UpscaleModel> model_{*this, "upscale_model", {.tip = "for Upscale Image"}};

  std::filesystem::path path(const RunContext& ctx) const {
    return require_asset(ctx.environment().model_folders, "upscale_models", ctx[name_]);
  }
  void run(RunContext& ctx) const override {
    ctx.note("model", {{"name", ctx[name_]}, {"sha256", sd::model_hash(path(ctx))}});
    ctx.set(model_, UpscaleModel(std::make_shared<const sd::UpscalerFile>(sd::UpscalerFile::open(path(ctx)))));
  }
  std::string fingerprint(const RunContext& ctx) const override {
    return ctx.input(name_.index) ? sd::file_stamp(path(ctx)) : std::string();
  }
};

class LoadVae final : public Loader {
 public:
  LoadVae()
      : Loader("vae",
            "a .safetensors file, or a folder with config.json and diffusion_pytorch_model.safetensors, in the model "
            "folder 'vae'",
            &sd::Checkpoint::open_vae) {}

 private:
  Output<Vae> vae_{*this, "vae", {.tip = "the autoencoder, between pictures and latents"}};

  void run(RunContext& ctx) const override { ctx.set(vae_, Vae(load(ctx), ctx.environment().dtype)); }
};

}  // namespace

void add_load(Registry& registry) {
  registry.add<LoadCheckpoint>("checkpoint.load",
      {.title = "Load Checkpoint",
          .menu = "Loaders",
          .doc =
              "Opens a whole model of Stable Diffusion 1.x, 2.x, XL or of latent diffusion before them: one .safetensors "
              "file, or a "
              "diffusers folder. Only what is used is read; the networks are built on the device where they are first "
              "needed. What the file lacks, such as a VAE, matters only where it is used.",
          .revision = 2,
          .lane = Lane::Io,
          .foreign = {{.program = "comfyui",
              .name = "CheckpointLoaderSimple",
              .inputs = {{"ckpt_name", "name"}},
              .outputs = {"model", "clip", "vae"}}}});
  registry.add<LoadUnet>("unet.load",
      {.title = "Load U-Net",
          .menu = "Loaders",
          .doc =
              "Opens a U-Net alone, such as one for inpainting that shares text encoder and VAE with a whole model. "
              "Its config.json states \"scaling_factor\" if its latents are not scaled by Stable Diffusion's 0.18215.",
          .revision = 2,
          .lane = Lane::Io,
          .foreign = {{.program = "comfyui",
              .name = "UNETLoader",
              .inputs = {{"unet_name", "name"}, {"weight_dtype", ""}},
              .outputs = {"model"}}}});
  registry.add<LoadControlNet>("control_net.load",
      {.title = "Load ControlNet",
          .menu = "Loaders",
          .doc = "Opens a ControlNet for Stable Diffusion 1.x, 2.x or XL, as its authors or diffusers write it.",
          .lane = Lane::Io,
          .foreign = {{.program = "comfyui",
              .name = "ControlNetLoader",
              .inputs = {{"control_net_name", "name"}},
              .outputs = {"control_net"}}}});
  registry.add<LoadUpscaler>("upscale_model.load",
      {.title = "Load Upscale Model",
          .menu = "Loaders",
          .doc = "Opens a network that makes pictures larger.",
          .lane = Lane::Io,
          .foreign = {{.program = "comfyui",
              .name = "UpscaleModelLoader",
              .inputs = {{"model_name", "name"}},
              .outputs = {"upscale_model"}}}});
  registry.add<LoadVae>("vae.load",
      {.title = "Load VAE",
          .menu = "Loaders",
          .doc = "Opens an autoencoder alone, KL or VQ, to use in place of a checkpoint's own.",
          .revision = 2,
          .lane = Lane::Io,
          .foreign = {
              {.program = "comfyui", .name = "VAELoader", .inputs = {{"vae_name", "name"}}, .outputs = {"vae"}}}});
}

}  // namespace weft::checkpoint
