// ip_adapter.load, model.ip_adapter: IP-Adapter (Ye et al. 2023, arXiv:2308.06721), a picture as a prompt of its own.
#include <ATen/ATen.h>
#include <fmt/format.h>

#include "assets/model_files.h"
#include "nodes/sd/adapters/ip_adapter_file.h"
#include "nodes/sd/families/checkpoint.h"
#include "nodes/sd/files/file_hash.h"
#include "nodes/sd/values/clip_vision.h"
#include "nodes/sd/values/ip_adapter.h"
#include "nodes/sd/values/values.h"
#include "plugins/sdk.h"

namespace weft::model {
namespace {

constexpr const char* kFolder = "ipadapter";

class LoadIPAdapter final : public Node {
  Param<std::string> name_{*this, "name",
      {.required = true,
          .widget = Widget::Model,
          .folder = kFolder,
          .tip = "a .safetensors file in the model folder 'ipadapter': plain, Plus or full face"}};
  Output<IPAdapter> ip_adapter_{*this, "ip_adapter", {.tip = "for Apply IP-Adapter"}};

  std::filesystem::path path(const RunContext& ctx) const {
    return require_asset(ctx.environment().model_folders, kFolder, ctx[name_]);
  }
  void run(RunContext& ctx) const override {
    ctx.note("model", {{"name", ctx[name_]}, {"sha256", sd::model_hash(path(ctx))}});
    ctx.set(ip_adapter_, IPAdapter{path(ctx), sd::file_stamp(path(ctx))});
  }
  std::string fingerprint(const RunContext& ctx) const override {
    return ctx.input(name_.index) ? sd::file_stamp(path(ctx)) : std::string();
  }
};

class ApplyIPAdapter final : public Node {
  Input<Model> model_{*this, "model", {.tip = "the U-Net to show the picture to"}};
  Input<IPAdapter> ip_adapter_{*this, "ip_adapter", {.tip = "from Load IP-Adapter; made for the model's family"}};
  Input<ClipVision> clip_vision_{*this, "clip_vision",
      {.tip = "the vision encoder that it was trained with: ViT-H, for some of Stable Diffusion XL ViT-bigG"}};
  Input<Image> image_{*this, "image",
      {.tip = "what the result should resemble; of a batch, each picture is for the latent of its place"}};
  Input<Mask> mask_{*this, "mask", {.tip = "where the picture counts; without it everywhere", .optional = true}};
  Param<double> weight_{
      *this, "weight", {.init = 1, .min = -1, .max = 5, .step = 0.05, .tip = "how much it counts beside the words"}};
  Param<std::string> weight_type_{*this, "weight_type",
      {.init = "linear", .choices = sd::ip_weight_types(), .tip = "how the weight goes along the U-Net"}};
  Param<double> start_{*this, "start",
      {.init = 0, .min = 0, .max = 1, .step = 0.01, .tip = "when it begins to count: 0 is the noisiest moment"}};
  Param<double> end_{
      *this, "end", {.init = 1, .min = 0, .max = 1, .step = 0.01, .tip = "when it ceases to count: 1 is the end"}};
  Output<Model> patched_{*this, "model", {.tip = "the U-Net that sees the picture"}};

  void run(RunContext& ctx) const override {
    const Model model = ctx[model_];
    const IPAdapter& given = ctx[ip_adapter_];
    if (ctx[weight_] == 0) return ctx.set(patched_, model);
    const sd::UNetConfig& unet = model.checkpoint().unet_config();
    const auto file = sd::IPAdapterFile::open(given.path, unet);
    sd::IPAdapterUse use{.weight = ctx[weight_], .weight_type = ctx[weight_type_]};
    show(ctx, file->config(), use);
    if (ctx.has(mask_)) use.mask = ctx[mask_].values();
    if (ctx[start_] > 0) use.sigma_start = model.table().percent_to_sigma(ctx[start_]);
    if (ctx[end_] < 1) use.sigma_end = model.table().percent_to_sigma(ctx[end_]);
    const std::string key = fmt::format("ip-adapter {} {} {}", given.path.string(), given.stamp, use_key(ctx, use));
    const auto open = [file](at::Device device, at::ScalarType dtype) { return file->on(device, dtype); };
    ctx.set(patched_, model.with(sd::ip_adapter_patch(key, open, unet, std::move(use))));
  }

  /// The negative side sees no picture: of the encoder's hidden states, those of a black one, as in diffusers.
  void show(RunContext& ctx, const sd::IPAdapterConfig& config, sd::IPAdapterUse& use) const {
    using Projection = sd::IPAdapterConfig::Projection;
    if (config.projection == Projection::Mlp)
      throw NodeError("this IP-Adapter sees faces as a face detector describes them (FaceID), which Weft has none of",
          "use a plain, Plus or full-face IP-Adapter");
    const at::Tensor pictures = ctx[image_].pixels().permute({0, 3, 1, 2}).slice(1, 0, 3).contiguous();
    const auto encode = [&](const at::Tensor& of) { return ctx[clip_vision_].encode(of, /*crop=*/true, ctx.memory()); };
    const sd::VisionEncoding seen = encode(pictures);
    const bool whole = config.projection == Projection::Linear;
    use.positive = whole ? seen.embedding : seen.penultimate;
    use.negative =
        whole ? at::zeros_like(seen.embedding) : encode(at::zeros_like(pictures.narrow(0, 0, 1))).penultimate;
    if (use.positive.size(-1) != config.image_width)
      throw NodeError(fmt::format("the vision encoder gives {} values, and the IP-Adapter was trained on {}",
                          use.positive.size(-1), config.image_width),
          config.image_width == 1280 && !whole ? "use ViT-H" : "use the vision encoder that it was trained with");
  }

  std::string use_key(const RunContext& ctx, const sd::IPAdapterUse& use) const {
    const double mask = use.mask.defined() ? use.mask.sum().item<double>() : -1;
    return fmt::format("{} {} {} {} {} {}", use.weight, use.weight_type, ctx[start_], ctx[end_],
        use.positive.to(at::kDouble).sum().item<double>(), mask);
  }
};

}  // namespace

void add_ip_adapter(Registry& registry) {
  registry.add_type({.id = "ip_adapter",
      .title = "IP-Adapter",
      .colour = "#8d6e63",
      .doc = "Small networks that show a picture to a U-Net beside the words."});
  registry.add<LoadIPAdapter>("ip_adapter.load",
      {.title = "Load IP-Adapter",
          .menu = "Loaders",
          .doc = "Opens an IP-Adapter; it is read for the model that it is applied to.",
          .lane = Lane::Io,
          .foreign = {{.program = "comfyui",
              .name = "IPAdapterModelLoader",
              .inputs = {{"ipadapter_file", "name"}},
              .outputs = {"ip_adapter"}}}});
  registry.add<ApplyIPAdapter>("model.ip_adapter",
      {.title = "Apply IP-Adapter",
          .menu = "Conditioning/Picture",
          .doc = "Shows a model a picture as a prompt: each attention to the words attends to the picture, too.",
          .lane = Lane::Device,
          .foreign = {{.program = "comfyui",
              .name = "IPAdapterAdvanced",
              .inputs = {"model", {"ipadapter", "ip_adapter"}, "image", "weight", "weight_type", {"combine_embeds", ""},
                  {"start_at", "start"}, {"end_at", "end"}, {"embeds_scaling", ""}, {"attn_mask", "mask"},
                  "clip_vision"},
              .outputs = {"model"}}}});
}

}  // namespace weft::model
