// checkpoint.load, unet.load, vae.load: models from the model folders.
#include <fmt/format.h>

#include "assets/model_files.h"
#include "nodes/checkpoint/nodes.h"
#include "nodes/sd/adapters/rounding.h"
#include "nodes/sd/families/checkpoint.h"
#include "nodes/sd/families/t2i_adapter_file.h"
#include "nodes/sd/families/tiny_vae_file.h"
#include "nodes/sd/families/upscaler_file.h"
#include "nodes/sd/files/file_hash.h"
#include "nodes/sd/values/clip_vision.h"
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

  std::filesystem::path path(const RunContext& ctx) const {
    return require_asset(ctx.environment().model_folders, folder_, ctx[name_]);
  }

  void note_model(RunContext& ctx) const {
    ctx.note("model", {{"name", ctx[name_]}, {"sha256", sd::model_hash(path(ctx))}});
  }

  std::shared_ptr<const sd::Checkpoint> load(RunContext& ctx) const {
    auto checkpoint = std::make_shared<const sd::Checkpoint>(open_(path(ctx)));
    const auto& unused = checkpoint->unused();
    if (!unused.empty())
      ctx.warn(fmt::format("{} tensors of '{}' are not used, such as {}", unused.size(), ctx[name_], unused.front()));
    for (const std::string& sentence : checkpoint->ignored()) ctx.warn(sentence);
    note_model(ctx);
    return checkpoint;
  }

  std::string fingerprint(const RunContext& ctx) const override {
    return ctx.input(name_.index) ? sd::file_stamp(path(ctx)) : std::string();
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
      : Loader("checkpoints", "a .safetensors or .gguf file, or a diffusers folder, in the model folder 'checkpoints'",
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

class LoadUnClip final : public Loader {
 public:
  LoadUnClip()
      : Loader("checkpoints",
            "an unCLIP model: a .safetensors file or a diffusers folder in the model folder 'checkpoints'",
            &sd::Checkpoint::open) {}

 private:
  Output<Model> model_{*this, "model", {.tip = "the U-Net, for samplers"}};
  Output<Clip> clip_{*this, "clip", {.tip = "the text encoder, for Encode Text"}};
  Output<Vae> vae_{*this, "vae", {.tip = "the autoencoder, between pictures and latents"}};
  Output<ClipVision> clip_vision_{*this, "clip_vision", {.tip = "the vision encoder, for Encode Image (CLIP Vision)"}};

  void run(RunContext& ctx) const override {
    const auto checkpoint = load(ctx);
    const std::string& dtype = ctx.environment().dtype;
    ctx.set(model_, Model(checkpoint, dtype));
    ctx.set(clip_, Clip(checkpoint));
    ctx.set(vae_, Vae(checkpoint, dtype));
    ctx.set(clip_vision_, ClipVision(checkpoint));
  }
};

class LoadClipVision final : public Loader {
 public:
  LoadClipVision()
      : Loader("clip_vision",
            "a .safetensors file, or a folder with config.json and model.safetensors, in the model folder 'clip_vision'",
            &sd::Checkpoint::open_vision_encoder) {}

 private:
  Output<ClipVision> clip_vision_{*this, "clip_vision", {.tip = "for Encode Image (CLIP Vision)"}};

  void run(RunContext& ctx) const override { ctx.set(clip_vision_, ClipVision(load(ctx))); }
};

class LoadUnet final : public Loader {
 public:
  LoadUnet()
      : Loader("diffusion_models",
            "a .safetensors or .gguf file, or a folder with config.json and diffusion_pytorch_model.safetensors, in the "
            "model folder 'diffusion_models' or 'unet'",
            &sd::Checkpoint::open_unet) {}

 private:
  Param<std::string> weight_dtype_{*this, "weight_dtype",
      {.init = "default",
          .choices = {"default", "fp8_e4m3fn", "fp8_e5m2"},
          .tip =
              "fp8 rounds the weights as ComfyUI does to save memory; here it saves none, and serves to get its pictures"}};
  Output<Model> model_{*this, "model", {.tip = "the U-Net, for samplers"}};

  void run(RunContext& ctx) const override {
    const Model model(load(ctx), ctx.environment().dtype);
    const std::string type = ctx[weight_dtype_];
    ctx.set(model_, type == "default" ? model : model.with(sd::rounding_patch(type)));
  }
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

  void run(RunContext& ctx) const override {
    const std::string& dtype = ctx.environment().dtype;
    if (!sd::T2IAdapterFile::recognises(path(ctx))) return ctx.set(control_net_, ControlNet(load(ctx), dtype));
    note_model(ctx);
    ctx.set(control_net_,
        ControlNet(std::make_shared<const sd::T2IAdapterFile>(sd::T2IAdapterFile::open(path(ctx))), dtype));
  }
};

class LoadUpscaler final : public Node {
  Param<std::string> name_{*this, "name",
      {.required = true,
          .widget = Widget::Model,
          .folder = "upscale_models",
          .tip =
              "a .safetensors file in the model folder 'upscale_models': ESRGAN, Real-ESRGAN, its compact network, SwinIR, "
              "DAT, HAT, SPAN or PLKSR"}};
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
            "folder 'vae'; taesd and taesdxl: the two files of that name in 'vae_approx'",
            &sd::Checkpoint::open_vae) {}

 private:
  Output<Vae> vae_{*this, "vae", {.tip = "the autoencoder, between pictures and latents"}};

  /// A tiny VAE may be in two files.
  std::string fingerprint(const RunContext& ctx) const override {
    const std::string first = Loader::fingerprint(ctx);
    if (first.empty()) return first;
    const auto other = sd::other_half_of_tiny_vae(require_asset(ctx.environment().model_folders, "vae", name(ctx)));
    return other ? first + " " + sd::file_stamp(*other) : first;
  }

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
                          .outputs = {"model", "clip", "vae"}},
              {.program = "comfyui",
                  .name = "CheckpointLoader",
                  .inputs = {{"config_name", ""}, {"ckpt_name", "name"}},
                  .outputs = {"model", "clip", "vae"}}}});
  registry.add<LoadUnClip>("checkpoint.load_unclip",
      {.title = "Load unCLIP Checkpoint",
          .menu = "Loaders",
          .doc =
              "Opens a model that takes pictures as a prompt (Stable Diffusion 2.1 unCLIP), with its vision encoder.",
          .lane = Lane::Io,
          .foreign = {{.program = "comfyui",
              .name = "unCLIPCheckpointLoader",
              .inputs = {{"ckpt_name", "name"}},
              .outputs = {"model", "clip", "vae", "clip_vision"}}}});
  registry.add<LoadClipVision>("clip_vision.load",
      {.title = "Load CLIP Vision",
          .menu = "Loaders",
          .doc = "Opens CLIP's encoder of pictures: ViT-L, ViT-H or ViT-bigG, of OpenAI, open_clip or transformers.",
          .lane = Lane::Io,
          .foreign = {{.program = "comfyui",
              .name = "CLIPVisionLoader",
              .inputs = {{"clip_name", "name"}},
              .outputs = {"clip_vision"}}}});
  registry.add<LoadUnet>("unet.load",
      {.title = "Load U-Net",
          .menu = "Loaders",
          .doc =
              "Opens a U-Net alone, such as one for inpainting that shares text encoder and VAE with a whole model. "
              "Its config.json states \"scaling_factor\" if its latents are not scaled by Stable Diffusion's 0.18215. Files of "
              "GGUF are unpacked as they are loaded.",
          .revision = 2,
          .lane = Lane::Io,
          .foreign = {{.program = "comfyui",
                          .name = "UNETLoader",
                          .inputs = {{"unet_name", "name"},
                              {"weight_dtype", "weight_dtype", {{"fp8_e4m3fn_fast", "fp8_e4m3fn"}}}},
                          .outputs = {"model"}},
              {.program = "comfyui",
                  .name = "UnetLoaderGGUF",
                  .inputs = {{"unet_name", "name"}},
                  .outputs = {"model"}}}});
  registry.add<LoadControlNet>("control_net.load",
      {.title = "Load ControlNet",
          .menu = "Loaders",
          .doc =
              "Opens a ControlNet for Stable Diffusion 1.x, 2.x or XL, or a T2I-Adapter for 1.x or XL, as its authors or "
              "diffusers write it.",
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
          .doc = "Opens an autoencoder alone, KL, VQ or tiny (TAESD), to use in place of a checkpoint's own.",
          .revision = 2,
          .lane = Lane::Io,
          .foreign = {
              {.program = "comfyui", .name = "VAELoader", .inputs = {{"vae_name", "name"}}, .outputs = {"vae"}}}});
}

}  // namespace weft::checkpoint
