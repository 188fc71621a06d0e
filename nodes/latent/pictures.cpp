// latent.to_image, latent.channels: what is in a latent, without a decoder.
#include "nodes/latent/nodes.h"
#include "nodes/sd/values/latent_preview.h"

namespace weft::latent {
namespace {

/// Each place of [B, h, w, 3] as a square of `side` pixels.
torch::Tensor enlarge(const torch::Tensor& pixels, std::int64_t side) {
  return pixels.repeat_interleave(side, 1).repeat_interleave(side, 2);
}

class LatentToImage final : public Node {
  Input<Latent> latent_{*this, "latent", {.tip = "of any scale, with or without noise"}};
  Input<Model> model_{
      *this, "model", {.tip = "whose latents they are; by default those of the node that made them", .optional = true}};
  Param<std::int64_t> side_{
      *this, "pixels", {.init = 8, .min = 1, .max = 64, .tip = "the side of the square that shows one latent"}};
  Output<Image> image_{*this, "image", {.tip = "a picture for each latent of the batch"}};

  void run(RunContext& ctx) const override {
    const sd::LatentSpace& space = ctx.has(model_) ? ctx[model_].space() : ctx[latent_].space;
    std::vector<torch::Tensor> pictures;
    for (const torch::Tensor& latent : ctx[latent_].samples.split(1)) {
      const Picture preview = sd::latent_preview(latent, space.colours);
      pictures.push_back(
          torch::tensor(preview.rgb).view({1, preview.height, preview.width, 3}).to(torch::kFloat32) / 255);
    }
    ctx.set(image_, Image(enlarge(torch::cat(pictures), ctx[side_])));
  }
};

class LatentChannels final : public Node {
  Input<Latent> latent_{*this, "latent", {.tip = "of any scale, with or without noise"}};
  Param<std::int64_t> side_{
      *this, "pixels", {.init = 8, .min = 1, .max = 64, .tip = "the side of the square that shows one latent"}};
  Output<Image> image_{*this, "image", {.tip = "a grey picture for each channel of each latent"}};

  void run(RunContext& ctx) const override {
    // Three deviations to each side of the mean fill the range from black to white.
    const torch::Tensor samples = ctx[latent_].samples.to(torch::kCPU).flatten(0, 1);  // [B * C, h, w]
    const torch::Tensor mean = samples.mean(torch::IntArrayRef{1, 2}, /*keepdim=*/true);
    const torch::Tensor deviation = samples.std(torch::IntArrayRef{1, 2}, /*unbiased=*/false, /*keepdim=*/true);
    const torch::Tensor grey = ((samples - mean) / deviation.clamp_min(1e-6) / 6 + 0.5).clamp(0, 1);
    ctx.set(image_, Image(enlarge(grey.unsqueeze(3).expand({-1, -1, -1, 3}), ctx[side_])));
  }
};

}  // namespace

void add_pictures(Registry& registry) {
  registry.add<LatentToImage>("latent.to_image",
      {.title = "Latent to Image",
          .menu = "Latent/Explain",
          .doc = "Shows a latent in rough colours without decoding it: one square for each place.",
          .revision = 2});
  registry.add<LatentChannels>("latent.channels",
      {.title = "Latent Channels",
          .menu = "Latent/Explain",
          .doc = "Shows each channel of a latent as a grey picture."});
}

}  // namespace weft::latent
