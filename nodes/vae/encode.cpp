// vae.encode, vae.encode_tiled, vae.encode_inpaint: pictures to latents, z = E(x).
#include <ATen/ops/conv2d.h>

#include "nodes/sd/tensors/resize.h"
#include "nodes/vae/coding.h"
#include "nodes/vae/nodes.h"

namespace weft::vae {
namespace {

class Encode final : public Node {
  Input<Image> image_{*this, "image",
      {.tip = "sides are cropped around the middle to multiples of what a latent spans (8 for Stable Diffusion)"}};
  Input<Vae> vae_{*this, "vae", {.tip = "the autoencoder of the model that will use the latent"}};
  Output<Latent> latent_{*this, "latent", {.tip = "the posterior's mean, so that a picture gives one latent"}};

  void run(RunContext& ctx) const override { ctx.set(latent_, encode(ctx, ctx[vae_], ctx[image_].pixels())); }
};

class EncodeTiled final : public Node {
  Input<Image> image_{*this, "image",
      {.tip = "sides are cropped around the middle to multiples of what a latent spans (8 for Stable Diffusion)"}};
  Input<Vae> vae_{*this, "vae", {.tip = "the autoencoder of the model that will use the latent"}};
  Param<std::int64_t> tile_{*this, "tile", {.init = 512, .min = 64, .max = 4096, .step = 64, .tip = "side, in pixels"}};
  Param<std::int64_t> overlap_{*this, "overlap",
      {.init = 64, .min = 0, .max = 2048, .step = 32, .tip = "in pixels; at most a quarter of a tile"}};
  Output<Latent> latent_{
      *this, "latent", {.tip = "the picture by the posterior's mean, an eighth as large (Stable Diffusion)"}};

  void run(RunContext& ctx) const override {
    ctx.set(latent_, encode(ctx, ctx[vae_], ctx[image_].pixels(), {ctx[tile_], ctx[overlap_]}));
  }
};

class EncodeForInpaint final : public Node {
  Input<Image> image_{*this, "image",
      {.tip = "sides are cropped around the middle to multiples of what a latent spans (8 for Stable Diffusion)"}};
  Input<Vae> vae_{*this, "vae", {.tip = "the autoencoder of the model that will use the latent"}};
  Input<Mask> mask_{*this, "mask", {.tip = "1 where the picture should be made anew"}};
  Param<std::int64_t> grow_{*this, "grow",
      {.init = 6, .min = 0, .max = 64, .tip = "the mask grows by this many pixels, so that the seam blends"}};
  Output<Latent> latent_{*this, "latent", {.tip = "with the mask; what it covers is grey"}};

  void run(RunContext& ctx) const override {
    const Image& image = ctx[image_];
    const torch::Tensor fitted =
        at::upsample_bilinear2d(ctx[mask_].values().unsqueeze(1), {image.height(), image.width()},
            /*align_corners=*/false)
            .permute({0, 2, 3, 1});
    // Cut together, so that the mask stays where it was drawn.
    const torch::Tensor both = cut_to_multiples(
        ctx, torch::cat({image.pixels(), sd::repeat_to_batch(fitted, image.batch())}, 3), ctx[vae_].space().downscale);
    const torch::Tensor pixels = both.narrow(3, 0, 3), mask = both.narrow(3, 3, 1).permute({0, 3, 1, 2});
    const torch::Tensor keep = 1 - both.narrow(3, 3, 1).round();
    Latent latent = encode(ctx, ctx[vae_], (pixels - 0.5) * keep + 0.5);
    const std::int64_t grow = ctx[grow_];
    latent.noise_mask = mask;
    if (grow > 0) {
      const torch::Tensor grown =
          at::conv2d(mask.round(), torch::ones({1, 1, grow, grow}), {}, /*stride=*/1, /*padding=*/grow / 2);
      latent.noise_mask = grown.clamp(0, 1)
                              .narrow(2, 0, std::min(grown.size(2), pixels.size(1)))
                              .narrow(3, 0, std::min(grown.size(3), pixels.size(2)));
    }
    latent.noise_mask = latent.noise_mask.round();
    ctx.set(latent_, std::move(latent));
  }
};

}  // namespace

void add_encode(Registry& registry) {
  registry.add<Encode>("vae.encode",
      {.title = "VAE Encode",
          .menu = "Latent/VAE",
          .doc = "A picture as a latent, z = E(x). If memory is short it continues in tiles.",
          .lane = Lane::Device,
          .bytes_per_pixel = sd::kPictureBytesPerPixel,
          .foreign = {{.program = "comfyui",
              .name = "VAEEncode",
              .inputs = {{"pixels", "image"}, "vae"},
              .outputs = {"latent"}}}});
  registry.add<EncodeTiled>("vae.encode_tiled",
      {.title = "VAE Encode (Tiled)",
          .menu = "Latent/VAE",
          .doc = "Encodes a large picture piece by piece; the pieces blend into each other.",
          .revision = 2,
          .lane = Lane::Device,
          .bytes_per_pixel = sd::kPictureBytesPerPixel,
          .foreign = {{.program = "comfyui",
              .name = "VAEEncodeTiled",
              .inputs = {{"pixels", "image"}, "vae", {"tile_size", "tile"}, "overlap", {"temporal_size", ""},
                  {"temporal_overlap", ""}},
              .outputs = {"latent"}}}});
  registry.add<EncodeForInpaint>("vae.encode_inpaint",
      {.title = "VAE Encode (Inpainting)",
          .menu = "Latent/VAE",
          .doc =
              "Encodes a picture with a hole: what the mask covers becomes grey, and the sampler fills it (denoise 1).",
          .revision = 2,
          .lane = Lane::Device,
          .bytes_per_pixel = sd::kPictureBytesPerPixel,
          .foreign = {{.program = "comfyui",
              .name = "VAEEncodeForInpaint",
              .inputs = {{"pixels", "image"}, "vae", "mask", {"grow_mask_by", "grow"}},
              .outputs = {"latent"}}}});
}

}  // namespace weft::vae
