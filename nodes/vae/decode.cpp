// vae.decode, vae.decode_tiled: latents to pictures, x = D(z).
#include "nodes/vae/coding.h"
#include "nodes/vae/nodes.h"

namespace weft::vae {
namespace {

class Decode final : public Node {
  Input<Vae> vae_{*this, "vae", {.tip = "the autoencoder of the model that made the latent"}};
  Input<Latent> latent_{*this, "latent", {.tip = "from a sampler"}};
  Output<Image> image_{
      *this, "image", {.tip = "eight times as large as the latent (Stable Diffusion), in colours from 0 to 1"}};

  void run(RunContext& ctx) const override { ctx.set(image_, Image(decode(ctx, ctx[vae_], ctx[latent_].samples))); }
};

class DecodeTiled final : public Node {
  Input<Vae> vae_{*this, "vae", {.tip = "the autoencoder of the model that made the latent"}};
  Input<Latent> latent_{*this, "latent", {.tip = "from a sampler"}};
  Param<std::int64_t> tile_{*this, "tile", {.init = 512, .min = 64, .max = 4096, .step = 32, .tip = "side, in pixels"}};
  Param<std::int64_t> overlap_{*this, "overlap",
      {.init = 64, .min = 0, .max = 2048, .step = 32, .tip = "in pixels; at most a quarter of a tile"}};
  Output<Image> image_{
      *this, "image", {.tip = "eight times as large as the latent (Stable Diffusion), in colours from 0 to 1"}};

  void run(RunContext& ctx) const override {
    ctx.set(image_, Image(decode(ctx, ctx[vae_], ctx[latent_].samples, {ctx[tile_], ctx[overlap_]})));
  }
};

}  // namespace

void add_decode(Registry& registry) {
  registry.add<Decode>("vae.decode",
      {.title = "VAE Decode",
          .menu = "Latent/VAE",
          .doc = "A latent as a picture, x = D(z). If memory is short it continues in tiles.",
          .lane = Lane::Device,
          .bytes_per_pixel = sd::kPictureBytesPerPixel,
          .foreign = {{.program = "comfyui",
              .name = "VAEDecode",
              .inputs = {{"samples", "latent"}, "vae"},
              .outputs = {"image"}}}});
  registry.add<DecodeTiled>("vae.decode_tiled",
      {.title = "VAE Decode (Tiled)",
          .menu = "Latent/VAE",
          .doc = "Decodes a large picture piece by piece; the pieces blend into each other.",
          .revision = 2,
          .lane = Lane::Device,
          .bytes_per_pixel = sd::kPictureBytesPerPixel,
          .foreign = {{.program = "comfyui",
              .name = "VAEDecodeTiled",
              .inputs = {{"samples", "latent"}, "vae", {"tile_size", "tile"}, "overlap", {"temporal_size", ""},
                  {"temporal_overlap", ""}},
              .outputs = {"image"}}}});
}

}  // namespace weft::vae
