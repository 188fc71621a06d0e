// conditioning.pix2pix: a picture to change, for models that follow instructions. It stands in this library because it encodes.
#include <ATen/ATen.h>

#include "nodes/vae/coding.h"
#include "nodes/vae/nodes.h"

namespace weft::vae {
namespace {

class Pix2PixConditioning final : public Node {
  Input<Conditioning> positive_{*this, "positive", {.tip = "the instruction: what to change"}};
  Input<Conditioning> negative_{*this, "negative", {.tip = "what the result should not show"}};
  Input<Vae> vae_{*this, "vae", {.tip = "the autoencoder of the model"}};
  Input<Image> image_{*this, "image",
      {.tip = "the picture to change; sides are cut to multiples of what a latent spans (8 for Stable Diffusion)"}};
  Output<Conditioning> positive_out_{*this, "positive", {.tip = "with the picture beside the noisy latent"}};
  Output<Conditioning> negative_out_{*this, "negative", {.tip = "with the picture beside the noisy latent"}};
  Output<Latent> latent_{*this, "latent", {.tip = "an empty latent of the picture's size, for the sampler"}};

  void run(RunContext& ctx) const override {
    const Vae& vae = ctx[vae_];
    const torch::Tensor pixels = cut_to_multiples(ctx, ctx[image_].pixels(), vae.space().downscale);
    Latent latent = encode(ctx, vae, pixels);
    const auto shown = [&](const Conditioning& c) {
      return Conditioning{sd::set_concat(c.entries, latent.samples, torch::Tensor())};
    };
    ctx.set(positive_out_, shown(ctx[positive_]));
    ctx.set(negative_out_, shown(ctx[negative_]));
    latent.samples = torch::zeros_like(latent.samples);
    ctx.set(latent_, std::move(latent));
  }
};

}  // namespace

void add_pix2pix(Registry& registry) {
  registry.add<Pix2PixConditioning>("conditioning.pix2pix",
      {.title = "Pix2Pix Conditioning",
          .menu = "Conditioning/Picture",
          .doc =
              "Context by concatenation: shows a model that was trained on instructions (InstructPix2Pix, Brooks et al. "
              "2023, arXiv:2211.09800; 8 input channels) the picture that it is to change, at every step.",
          .lane = Lane::Device,
          .foreign = {{.program = "comfyui",
              .name = "InstructPixToPixConditioning",
              .inputs = {"positive", "negative", "vae", {"pixels", "image"}},
              .outputs = {"positive", "negative", "latent"}}}});
}

}  // namespace weft::vae
