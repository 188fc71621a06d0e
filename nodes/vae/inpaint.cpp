// conditioning.inpaint: a picture and a mask for models that were trained to inpaint. It stands in this library because it
// encodes.
#include <fmt/format.h>

#include "nodes/sd/pictures/masks.h"
#include "nodes/sd/tensors/resize.h"
#include "nodes/vae/coding.h"
#include "nodes/vae/nodes.h"

namespace weft::vae {
namespace {

class InpaintConditioning final : public Node {
  Input<Conditioning> positive_{*this, "positive", {.tip = "what the masked part should show"}};
  Input<Conditioning> negative_{*this, "negative", {.tip = "what it should not show"}};
  Input<Vae> vae_{*this, "vae", {.tip = "the autoencoder of the inpainting model"}};
  Input<Image> image_{*this, "image",
      {.tip = "the picture to repaint in part; sides are cut to multiples of what a latent spans (8 for Stable "
              "Diffusion)"}};
  Input<Mask> mask_{*this, "mask", {.tip = "1 where to repaint; resized to the picture"}};
  Param<bool> keep_{*this, "keep_outside",
      {.init = true,
          .tip = "the sampler changes only what the mask selects; off: the model may touch up the rest too"}};
  Output<Conditioning> positive_out_{
      *this, "positive", {.tip = "with mask and masked picture beside the noisy latent"}};
  Output<Conditioning> negative_out_{
      *this, "negative", {.tip = "with mask and masked picture beside the noisy latent"}};
  Output<Latent> latent_{*this, "latent", {.tip = "the whole picture, encoded, for the sampler"}};

  void run(RunContext& ctx) const override {
    const Vae& vae = ctx[vae_];
    const torch::Tensor both = cut_to_multiples(ctx, with_mask(ctx), vae.space().downscale);
    const torch::Tensor pixels = both.narrow(3, 0, 3), mask = both.narrow(3, 3, 1).permute({0, 3, 1, 2});
    // What the mask covers is grey, so that the model cannot see it.
    const torch::Tensor masked = encode(ctx, vae, sd::blank_masked(pixels, mask)).samples;
    Latent latent = encode(ctx, vae, pixels);
    if (ctx[keep_]) latent.noise_mask = mask.contiguous();
    const auto shown = [&](const Conditioning& c) {
      return Conditioning{sd::set_concat(c.entries, masked, mask.contiguous())};
    };
    ctx.set(positive_out_, shown(ctx[positive_]));
    ctx.set(negative_out_, shown(ctx[negative_]));
    ctx.set(latent_, std::move(latent));
  }

  /// The picture with the mask as a fourth channel: [B, H, W, 4].
  torch::Tensor with_mask(RunContext& ctx) const {
    const Image& image = ctx[image_];
    torch::Tensor mask = ctx[mask_].values().unsqueeze(1);
    if (mask.size(2) != image.height() || mask.size(3) != image.width()) {
      ctx.warn(fmt::format("the mask of {} x {} was resized to {} x {}, the size of the picture", mask.size(3),
          mask.size(2), image.width(), image.height()));
      mask = sd::resize(mask, image.width(), image.height(), sd::Resize::Bilinear);
    }
    mask = sd::repeat_to_batch(mask, image.batch()).permute({0, 2, 3, 1});
    return torch::cat({image.pixels(), mask}, 3);
  }
};

}  // namespace

void add_inpaint(Registry& registry) {
  registry.add<InpaintConditioning>("conditioning.inpaint",
      {.title = "Inpaint Conditioning",
          .menu = "Conditioning/Picture",
          .doc =
              "Context by concatenation: shows an inpainting model (9 input channels) the picture without its masked "
              "part, "
              "and the mask, at every step.",
          .lane = Lane::Device,
          .foreign = {{.program = "comfyui",
              .name = "InpaintModelConditioning",
              .inputs = {"positive", "negative", "vae", {"pixels", "image"}, "mask", {"noise_mask", "keep_outside"}},
              .outputs = {"positive", "negative", "latent"}}}});
}

}  // namespace weft::vae
