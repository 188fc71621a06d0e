// latent.add, latent.subtract, latent.multiply, latent.interpolate, latent.blend: sums of latents.
#include <fmt/format.h>

#include "nodes/latent/nodes.h"
#include "nodes/sd/tensors/resize.h"

namespace weft::latent {
namespace {

using sd::Resize;

/// The samples of `other` in the size and number of those of `first`; the middle of them where the shape differs.
torch::Tensor matched(const Latent& other, const Latent& first, Resize method) {
  const torch::Tensor& samples = other.samples;
  if (samples.size(1) != first.samples.size(1))
    throw NodeError(
        fmt::format("the first latent has {} channels and the second {}", first.samples.size(1), samples.size(1)),
        "give latents of one kind of model");
  const std::int64_t width = first.samples.size(3), height = first.samples.size(2);
  const bool same = samples.size(3) == width && samples.size(2) == height;
  return sd::repeat_to_batch(
      same ? samples : sd::resize(samples, width, height, method, sd::Crop::Center), first.samples.size(0));
}

/// The second latent: said once, as all of these take it alike.
constexpr const char* kSecondTip = "cropped and resized to the size of the first, cut or repeated to its number";

class AddLatents final : public Node {
  Input<Latent> a_{*this, "a", {.tip = "gives the size"}};
  Input<Latent> b_{*this, "b", {.tip = kSecondTip}};
  Output<Latent> result_{*this, "latent", {.tip = "the sum of both"}};

  void run(RunContext& ctx) const override {
    Latent latent = ctx[a_];
    latent.samples = latent.samples + matched(ctx[b_], latent, Resize::Bilinear);
    ctx.set(result_, std::move(latent));
  }
};

class SubtractLatents final : public Node {
  Input<Latent> a_{*this, "a", {.tip = "gives the size"}};
  Input<Latent> b_{*this, "b", {.tip = kSecondTip}};
  Output<Latent> result_{*this, "latent", {.tip = "the first less the second"}};

  void run(RunContext& ctx) const override {
    Latent latent = ctx[a_];
    latent.samples = latent.samples - matched(ctx[b_], latent, Resize::Bilinear);
    ctx.set(result_, std::move(latent));
  }
};

class MultiplyLatent final : public Node {
  Input<Latent> latent_{*this, "latent", {.tip = "a latent, or a batch"}};
  Param<double> factor_{*this, "factor", {.init = 1, .min = -10, .max = 10, .step = 0.01, .tip = "1 changes nothing"}};
  Output<Latent> result_{*this, "latent", {.tip = "each value times the factor"}};

  void run(RunContext& ctx) const override {
    Latent latent = ctx[latent_];
    latent.samples = latent.samples * ctx[factor_];
    ctx.set(result_, std::move(latent));
  }
};

class InterpolateLatents final : public Node {
  Input<Latent> a_{*this, "a", {.tip = "gives the size"}};
  Input<Latent> b_{*this, "b", {.tip = kSecondTip}};
  Param<double> share_{
      *this, "share", {.init = 1, .min = 0, .max = 1, .step = 0.01, .tip = "of the first: 1 gives it alone"}};
  Output<Latent> result_{*this, "latent", {.tip = "between the two, at each place as strong as they are"}};

  void run(RunContext& ctx) const override {
    const double share = ctx[share_];
    Latent latent = ctx[a_];
    const torch::Tensor b = matched(ctx[b_], latent, Resize::Bilinear);
    const auto length = [](const torch::Tensor& t) { return t.norm(2, {1}, /*keepdim=*/true); };
    const auto direction = [&](const torch::Tensor& t) { return (t / length(t)).nan_to_num(); };
    const torch::Tensor mixed = direction(latent.samples) * share + direction(b) * (1 - share);
    latent.samples = direction(mixed) * (length(latent.samples) * share + length(b) * (1 - share));
    ctx.set(result_, std::move(latent));
  }
};

class BlendLatents final : public Node {
  Input<Latent> a_{*this, "a", {.tip = "gives the size"}};
  Input<Latent> b_{*this, "b", {.tip = kSecondTip}};
  Param<double> share_{
      *this, "share", {.init = 0.5, .min = 0, .max = 1, .step = 0.01, .tip = "of the first: 1 gives it alone"}};
  Output<Latent> result_{*this, "latent", {.tip = "the weighted mean of both"}};

  void run(RunContext& ctx) const override {
    const double share = ctx[share_];
    Latent latent = ctx[a_];
    latent.samples = latent.samples * share + matched(ctx[b_], latent, Resize::Bicubic) * (1 - share);
    ctx.set(result_, std::move(latent));
  }
};

}  // namespace

void add_arithmetic(Registry& registry) {
  const std::vector<ForeignInput> both{{"samples1", "a"}, {"samples2", "b"}};
  registry.add<AddLatents>("latent.add",
      {.title = "Add Latents",
          .menu = "Latent/Arithmetic",
          .doc = "Adds two latents value by value.",
          .bytes_per_pixel = sd::kLatentBytesPerPixel,
          .foreign = {{.program = "comfyui", .name = "LatentAdd", .inputs = both, .outputs = {"latent"}}}});
  registry.add<SubtractLatents>("latent.subtract",
      {.title = "Subtract Latents",
          .menu = "Latent/Arithmetic",
          .doc = "Subtracts the second latent from the first, value by value.",
          .bytes_per_pixel = sd::kLatentBytesPerPixel,
          .foreign = {{.program = "comfyui", .name = "LatentSubtract", .inputs = both, .outputs = {"latent"}}}});
  registry.add<MultiplyLatent>("latent.multiply",
      {.title = "Multiply Latent",
          .menu = "Latent/Arithmetic",
          .doc = "Makes a latent stronger or weaker.",
          .bytes_per_pixel = sd::kLatentBytesPerPixel,
          .foreign = {{.program = "comfyui",
              .name = "LatentMultiply",
              .inputs = {{"samples", "latent"}, {"multiplier", "factor"}},
              .outputs = {"latent"}}}});
  registry.add<InterpolateLatents>("latent.interpolate",
      {.title = "Interpolate Latents",
          .menu = "Latent/Arithmetic",
          .doc = "Mixes the directions and the lengths of two latents' channel vectors apart, so that a mixture is not "
                 "weaker than both.",
          .bytes_per_pixel = sd::kLatentBytesPerPixel,
          .foreign = {{.program = "comfyui",
              .name = "LatentInterpolate",
              .inputs = {{"samples1", "a"}, {"samples2", "b"}, {"ratio", "share"}},
              .outputs = {"latent"}}}});
  registry.add<BlendLatents>("latent.blend",
      {.title = "Blend Latents",
          .menu = "Latent/Arithmetic",
          .doc = "The weighted mean of two latents.",
          .bytes_per_pixel = sd::kLatentBytesPerPixel,
          .foreign = {{.program = "comfyui",
              .name = "LatentBlend",
              .inputs = {{"samples1", "a"}, {"samples2", "b"}, {"blend_factor", "share"}},
              .outputs = {"latent"}}}});
}

}  // namespace weft::latent
