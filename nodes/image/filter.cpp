// image.invert, image.blur, image.sharpen, image.morphology, image.edges, image.add_noise: pictures from pictures of the
// same size.
#include "nodes/sd/pictures/filters.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <utility>

#include "nodes/image/nodes.h"
#include "nodes/sd/pictures/edges.h"
#include "nodes/sd/sampling/noise.h"

namespace weft::image {
namespace {

/// Filters mirror the picture at its edges, which must be that wide.
void require_side_above(const Image& image, std::int64_t reach) {
  if (std::min(image.width(), image.height()) <= reach)
    throw NodeError(fmt::format("the picture of {} x {} is too small for a window that reaches {} pixels",
                        image.width(), image.height(), reach),
        "give a larger picture, or a smaller radius");
}

class InvertImage final : public Node {
  Input<Image> image_{*this, "image", {.tip = "a picture, or a batch"}};
  Output<Image> result_{*this, "image", {.tip = "its negative"}};

  void run(RunContext& ctx) const override { ctx.set(result_, Image(1 - ctx[image_].pixels())); }
};

class BlurImage final : public Node {
  Input<Image> image_{*this, "image", {.tip = "a picture, or a batch"}};
  Param<std::int64_t> radius_{*this, "radius",
      {.init = 1, .min = 0, .max = 31, .tip = "how far the window reaches, in pixels; 0 changes nothing"}};
  Param<double> sigma_{*this, "sigma",
      {.init = 1,
          .min = 0.1,
          .max = 10,
          .step = 0.1,
          .tip = "standard deviation in radii: 1 is a soft blur, 10 nearly the mean of the window"}};
  Output<Image> result_{*this, "image", {.tip = "blurred"}};

  void run(RunContext& ctx) const override {
    const Image& image = ctx[image_];
    if (ctx[radius_] == 0) return ctx.forward(image_, result_);
    require_side_above(image, ctx[radius_]);
    ctx.set(result_, Image(sd::blur(image.pixels(), ctx[radius_], ctx[sigma_])));
  }
};

class SharpenImage final : public Node {
  Input<Image> image_{*this, "image", {.tip = "a picture, or a batch"}};
  Param<std::int64_t> radius_{*this, "radius",
      {.init = 1, .min = 0, .max = 31, .tip = "how far the window reaches, in pixels; 0 changes nothing"}};
  Param<double> sigma_{
      *this, "sigma", {.init = 1, .min = 0.1, .max = 10, .step = 0.01, .tip = "of the blur, in radii"}};
  Param<double> amount_{*this, "amount",
      {.init = 1,
          .min = 0,
          .max = 5,
          .step = 0.01,
          .tip = "counts tenfold: 0.1 adds once what a blur would take away, 1 is very strong"}};
  Output<Image> result_{*this, "image", {.tip = "sharpened"}};

  void run(RunContext& ctx) const override {
    const Image& image = ctx[image_];
    if (ctx[radius_] == 0) return ctx.forward(image_, result_);
    require_side_above(image, ctx[radius_]);
    ctx.set(result_, Image(sd::sharpen(image.pixels(), ctx[radius_], ctx[sigma_], ctx[amount_])));
  }
};

constexpr std::array<std::pair<const char*, sd::Morphology>, 7> kOperations{
    {{"erode", sd::Morphology::Erode}, {"dilate", sd::Morphology::Dilate}, {"open", sd::Morphology::Open},
        {"close", sd::Morphology::Close}, {"gradient", sd::Morphology::Gradient},
        {"bottom_hat", sd::Morphology::BottomHat}, {"top_hat", sd::Morphology::TopHat}}};

std::vector<std::string> operations() {
  std::vector<std::string> names;
  for (const auto& [name, operation] : kOperations) names.emplace_back(name);
  return names;
}

class MorphImage final : public Node {
  Input<Image> image_{*this, "image", {.tip = "a picture, or a batch"}};
  Param<std::string> operation_{*this, "operation",
      {.init = "erode",
          .choices = operations(),
          .tip = "erode takes the darkest of the window, dilate the brightest; gradient shows outlines, the hats small "
                 "dark or bright spots"}};
  Param<std::int64_t> size_{*this, "size", {.init = 3, .min = 3, .max = 999, .tip = "side of the window, in pixels"}};
  Output<Image> result_{*this, "image", {.tip = "channel by channel"}};

  void run(RunContext& ctx) const override {
    const std::string name = ctx[operation_];
    const auto* operation =
        std::ranges::find(kOperations, name, [](const auto& entry) { return std::string(entry.first); });
    ctx.set(result_, Image(sd::morphed(ctx[image_].pixels(), operation->second, ctx[size_])));
  }
};

class FindEdges final : public Node {
  Input<Image> image_{*this, "image", {.tip = "a picture, or a batch"}};
  Param<double> low_{
      *this, "low", {.init = 0.4, .min = 0.01, .max = 0.99, .step = 0.01, .tip = "fainter changes are never an edge"}};
  Param<double> high_{*this, "high",
      {.init = 0.8,
          .min = 0.01,
          .max = 0.99,
          .step = 0.01,
          .tip = "every edge has a place with a change above this; at least 'low'"}};
  Output<Image> result_{*this, "image", {.tip = "white lines on black, as a ControlNet for Canny edges takes them"}};

  void run(RunContext& ctx) const override {
    if (ctx[low_] > ctx[high_])
      throw NodeError(
          fmt::format("'low' is {} and 'high' {}", ctx[low_], ctx[high_]), "make 'low' the smaller of the two");
    require_side_above(ctx[image_], 2);
    const torch::Tensor edges = sd::canny_edges(ctx[image_].pixels(), ctx[low_], ctx[high_]);
    ctx.set(result_, Image(edges.unsqueeze(3).repeat({1, 1, 1, 3})));
  }
};

class AddNoiseToImage final : public Node {
  Input<Image> image_{*this, "image", {.tip = "a picture, or a batch"}};
  Param<std::uint64_t> seed_{*this, "seed", {.widget = Widget::Seed, .tip = "the same seed gives the same noise"}};
  Param<double> strength_{*this, "strength",
      {.init = 0.5, .min = 0, .max = 1, .step = 0.01, .tip = "standard deviation; 1 is the range from black to white"}};
  Output<Image> result_{*this, "image", {.tip = "with noise, clamped to 0 and 1"}};

  void run(RunContext& ctx) const override {
    ctx.note("seed", ctx[seed_]);
    const torch::Tensor& pixels = ctx[image_].pixels();
    ctx.set(result_, Image((pixels + ctx[strength_] * sd::initial_noise(pixels.sizes(), ctx[seed_])).clamp(0, 1)));
  }
};

}  // namespace

void add_filter(Registry& registry) {
  registry.add<InvertImage>("image.invert",
      {.title = "Invert Image",
          .menu = "Image/Filter",
          .doc = "Turns white into black and each colour into its opposite.",
          .foreign = {{.program = "comfyui", .name = "ImageInvert", .inputs = {"image"}, .outputs = {"image"}}}});
  registry.add<BlurImage>("image.blur",
      {.title = "Blur Image",
          .menu = "Image/Filter",
          .doc = "Blurs a picture with a Gaussian over a square window.",
          .foreign = {{.program = "comfyui",
              .name = "ImageBlur",
              .inputs = {"image", {"blur_radius", "radius"}, "sigma"},
              .outputs = {"image"}}}});
  registry.add<SharpenImage>("image.sharpen",
      {.title = "Sharpen Image",
          .menu = "Image/Filter",
          .doc = "Adds to a picture what a blur would take from it.",
          .foreign = {{.program = "comfyui",
              .name = "ImageSharpen",
              .inputs = {"image", {"sharpen_radius", "radius"}, "sigma", {"alpha", "amount"}},
              .outputs = {"image"}}}});
  registry.add<MorphImage>("image.morphology",
      {.title = "Morphology",
          .menu = "Image/Filter",
          .doc = "The darkest or brightest of a square window around each pixel, and what follows from these.",
          .foreign = {{.program = "comfyui",
              .name = "Morphology",
              .inputs = {"image", "operation", {"kernel_size", "size"}},
              .outputs = {"image"}}}});
  registry.add<FindEdges>("image.edges",
      {.title = "Find Edges (Canny)",
          .menu = "Image/Filter",
          .doc = "Draws the edges of a picture as white lines, after Canny (1986).",
          .foreign = {{.program = "comfyui",
              .name = "Canny",
              .inputs = {"image", {"low_threshold", "low"}, {"high_threshold", "high"}},
              .outputs = {"image"}}}});
  registry.add<AddNoiseToImage>("image.add_noise",
      {.title = "Add Noise to Image",
          .menu = "Image/Filter",
          .doc = "Adds Gaussian noise to a picture, as a grain or to give a sampler something to work on.",
          .foreign = {{.program = "comfyui",
              .name = "ImageAddNoise",
              .inputs = {"image", "seed", "strength"},
              .outputs = {"image"}}}});
}

}  // namespace weft::image
