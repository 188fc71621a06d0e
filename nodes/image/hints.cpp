// hint.*: pictures for ControlNets from pictures, without a network.
#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "nodes/image/nodes.h"
#include "nodes/sd/pictures/annotators.h"
#include "nodes/sd/pictures/eight_bit.h"
#include "nodes/sd/tensors/finite.h"
#include "nodes/sd/tensors/resize.h"

namespace weft::image {
namespace {

constexpr std::int64_t kLargestSide = 16384;

/// What all of them share: pictures one by one, as bytes.
class HintNode : public Node {
 protected:
  Input<Image> image_{*this, "image", {.tip = "a picture, or a batch"}};

  using Draw = std::function<torch::Tensor(const torch::Tensor& rgb)>;

  /// `draw`: uint8 [H, W, 3] to uint8 [h, w, 3].
  Image drawn(RunContext& ctx, const Draw& draw) const {
    const torch::Tensor& pixels = ctx[image_].pixels();
    sd::require_finite(pixels, "the picture holds", "look at the node that made it");
    std::vector<torch::Tensor> hints;
    for (const torch::Tensor& picture : pixels.unbind(0)) {
      ctx.progress(static_cast<std::int64_t>(hints.size()), pixels.size(0));
      hints.push_back(draw(sd::to_eight_bit(picture)));
    }
    return Image(torch::stack(hints).to(torch::kFloat32) / 255);
  }
};

/// Those that scale the picture first.
class ScaledHintNode : public HintNode {
 protected:
  Param<std::int64_t> resolution_{*this, "resolution",
      {.init = 512,
          .min = 0,
          .max = kLargestSide,
          .step = 64,
          .tip = "the shorter side of the hint, in pixels; 0 keeps the picture's size"}};
  Output<Image> result_{*this, "image", {.tip = "for a ControlNet that was trained on such hints"}};

  void set_drawn(RunContext& ctx, sd::Enlarge enlarge, const Draw& draw) const {
    const Image& image = ctx[image_];
    const double longer = static_cast<double>(std::max(image.width(), image.height()));
    const double shorter = static_cast<double>(std::min(image.width(), image.height()));
    if (const double side = static_cast<double>(ctx[resolution_]) * longer / shorter; side > kLargestSide)
      throw NodeError(fmt::format("the hint would become {:.0f} pixels long", side),
          fmt::format("give a resolution that makes no side larger than {}", kLargestSide));
    ctx.set(result_,
        drawn(ctx, [&](const torch::Tensor& rgb) { return sd::annotated(rgb, ctx[resolution_], enlarge, draw); }));
  }
};

class CannyHint final : public ScaledHintNode {
  Param<std::int64_t> low_{
      *this, "low", {.init = 100, .min = 0, .max = 255, .tip = "fainter changes are never an edge"}};
  Param<std::int64_t> high_{
      *this, "high", {.init = 200, .min = 0, .max = 255, .tip = "every edge has a place with a change above this"}};

  void run(RunContext& ctx) const override {
    set_drawn(
        ctx, sd::Enlarge::Cubic, [&](const torch::Tensor& rgb) { return sd::canny_hint(rgb, ctx[low_], ctx[high_]); });
  }
};

class ScribbleHint final : public ScaledHintNode {
  void run(RunContext& ctx) const override { set_drawn(ctx, sd::Enlarge::Area, sd::scribble_hint); }
};

class DifferenceHint final : public ScaledHintNode {
  Param<std::int64_t> threshold_{
      *this, "threshold", {.init = 32, .min = 1, .max = 64, .tip = "lower draws more and fainter lines"}};

  void run(RunContext& ctx) const override {
    set_drawn(ctx, sd::Enlarge::Cubic,
        [&](const torch::Tensor& rgb) { return sd::difference_of_gaussians_hint(rgb, ctx[threshold_]); });
  }
};

class LineArtHint final : public ScaledHintNode {
  Param<double> sigma_{*this, "sigma",
      {.init = 6, .min = 0.1, .max = 100, .step = 0.1, .tip = "of the blur that lines stand out from, in pixels"}};
  Param<std::int64_t> threshold_{*this, "threshold",
      {.init = 8, .min = 0, .max = 16, .tip = "what is darker than the blur by less counts as no line"}};

  void run(RunContext& ctx) const override {
    set_drawn(ctx, sd::Enlarge::Cubic, [&](const torch::Tensor& rgb) {
      return sd::line_art_hint(rgb, ctx[sigma_], static_cast<double>(ctx[threshold_]));
    });
  }
};

class ShuffleHint final : public ScaledHintNode {
  Param<std::uint64_t> seed_{*this, "seed", {.widget = Widget::Seed, .tip = "the same seed moves everything alike"}};

  void run(RunContext& ctx) const override {
    ctx.note("seed", ctx[seed_]);
    set_drawn(ctx, sd::Enlarge::Cubic, [&](const torch::Tensor& rgb) { return sd::shuffled_hint(rgb, ctx[seed_]); });
  }
};

class LightnessHint final : public ScaledHintNode {
  Param<double> gamma_{
      *this, "gamma", {.init = 1, .min = 0.1, .max = 2, .step = 0.01, .tip = "below 1 brightens, above 1 darkens"}};

  void run(RunContext& ctx) const override {
    set_drawn(ctx, sd::Enlarge::Cubic, [&](const torch::Tensor& rgb) { return sd::lightness_hint(rgb, ctx[gamma_]); });
  }
};

class IntensityHint final : public ScaledHintNode {
  Param<double> gamma_{
      *this, "gamma", {.init = 1, .min = 0.1, .max = 2, .step = 0.01, .tip = "below 1 brightens, above 1 darkens"}};

  void run(RunContext& ctx) const override {
    set_drawn(ctx, sd::Enlarge::Cubic, [&](const torch::Tensor& rgb) { return sd::intensity_hint(rgb, ctx[gamma_]); });
  }
};

class BinaryHint final : public ScaledHintNode {
  Param<std::int64_t> threshold_{*this, "threshold",
      {.init = 100, .min = 0, .max = 255, .tip = "what is brighter becomes white; 0 and 255 look for the best one"}};

  void run(RunContext& ctx) const override {
    set_drawn(ctx, sd::Enlarge::Cubic, [&](const torch::Tensor& rgb) { return sd::binary_hint(rgb, ctx[threshold_]); });
  }
};

class ColourGridHint final : public HintNode {
  Param<std::int64_t> resolution_{*this, "resolution",
      {.init = 512, .min = 64, .max = kLargestSide, .step = 64, .tip = "the shorter side of the hint, in pixels"}};
  Output<Image> result_{*this, "image", {.tip = "squares of about 64 pixels, each of one colour"}};

  void run(RunContext& ctx) const override {
    const Image& image = ctx[image_];
    const double longer = static_cast<double>(std::max(image.width(), image.height()));
    const double shorter = static_cast<double>(std::min(image.width(), image.height()));
    if (static_cast<double>(ctx[resolution_]) * longer / shorter > kLargestSide)
      throw NodeError("the hint would become too long",
          fmt::format("give a resolution that makes no side larger than {}", kLargestSide));
    ctx.set(result_, drawn(ctx, [&](const torch::Tensor& rgb) { return sd::colour_grid_hint(rgb, ctx[resolution_]); }));
  }
};

class TileHint final : public HintNode {
  Param<std::int64_t> halvings_{
      *this, "halvings", {.init = 3, .min = 1, .max = 10, .tip = "how often the picture is halved and doubled again"}};
  Output<Image> result_{*this, "image", {.tip = "blurred; its sides are rounded to multiples of 64"}};

  void run(RunContext& ctx) const override {
    const Image& image = ctx[image_];
    const double blocks = static_cast<double>(std::min(image.width(), image.height())) / 64;
    if (std::lrint(blocks) * 64 < std::int64_t{1} << ctx[halvings_])
      throw NodeError(fmt::format("the picture of {} x {} is too small to be halved {} times", image.width(),
                          image.height(), ctx[halvings_]),
          "give a larger picture, or halve it less often");
    ctx.set(result_, drawn(ctx, [&](const torch::Tensor& rgb) { return sd::tile_hint(rgb, ctx[halvings_]); }));
  }
};

class InpaintHint final : public Node {
  Input<Image> image_{*this, "image", {.tip = "a picture, or a batch"}};
  Input<Mask> mask_{*this, "mask", {.tip = "what shall be painted, resized to the picture's size"}};
  Param<bool> black_{*this, "black",
      {.init = false, .tip = "marks it by 0 as some models for SDXL want it, instead of by -1 as those for SD 1.5 do"}};
  Output<Image> result_{*this, "image", {.tip = "with what the mask selects marked: not to be looked at"}};

  void run(RunContext& ctx) const override {
    const Image& image = ctx[image_];
    const torch::Tensor planes = ctx[mask_].values().unsqueeze(1);
    const torch::Tensor mask =
        sd::repeat_to_batch(sd::resize(planes, image.width(), image.height(), sd::Resize::Bilinear), image.batch());
    const torch::Tensor marked = mask.permute({0, 2, 3, 1}) > 0.5;
    ctx.set(result_, Image(torch::where(marked, ctx[black_] ? 0.0 : -1.0, image.pixels()).to(torch::kFloat32)));
  }
};

constexpr const char* kMenu = "Image/Hint";

/// A class of comfyui_controlnet_aux, whose inputs end in its resolution.
std::vector<ForeignClass> aux(const char* name, std::vector<ForeignInput> inputs) {
  return {{.program = "comfyui", .name = name, .inputs = std::move(inputs), .outputs = {"image"}}};
}

}  // namespace

void add_hints(Registry& registry) {
  registry.add<CannyHint>("hint.canny",
      {.title = "Canny Hint",
          .menu = kMenu,
          .doc = "White edges on black, as OpenCV's Canny draws them, for a ControlNet trained on such edges.",
          .foreign = aux(
              "CannyEdgePreprocessor", {"image", {"low_threshold", "low"}, {"high_threshold", "high"}, "resolution"})});
  registry.add<ScribbleHint>("hint.scribble",
      {.title = "Scribble Hint",
          .menu = kMenu,
          .doc = "Makes a drawing black and white: black where any channel is below the middle.",
          .foreign = aux("ScribblePreprocessor", {"image", "resolution"})});
  registry.add<DifferenceHint>("hint.xdog",
      {.title = "Scribble Hint (XDoG)",
          .menu = kMenu,
          .doc = "Draws the dark lines of a picture in white, by the difference of two Gaussian blurs.",
          .foreign = aux("Scribble_XDoG_Preprocessor", {"image", "threshold", "resolution"})});
  registry.add<LineArtHint>("hint.lineart",
      {.title = "Line Art Hint",
          .menu = kMenu,
          .doc = "Draws the dark lines of a drawing in white, with soft edges.",
          .foreign = aux("LineartStandardPreprocessor",
              {"image", {"guassian_sigma", "sigma"}, {"intensity_threshold", "threshold"}, "resolution"})});
  registry.add<TileHint>("hint.tile",
      {.title = "Tile Hint",
          .menu = kMenu,
          .doc = "Blurs a picture by halving and doubling it, for a ControlNet that adds details.",
          .foreign = aux("TilePreprocessor", {"image", {"pyrUp_iters", "halvings"}, {"resolution", ""}})});
  registry.add<ShuffleHint>("hint.shuffle",
      {.title = "Shuffle Hint",
          .menu = kMenu,
          .doc = "Moves the content of a picture about smoothly, so that only its colours and textures count.",
          .foreign = aux("ShufflePreprocessor", {"image", "resolution", "seed"})});
  registry.add<LightnessHint>("hint.luminance",
      {.title = "Luminance Hint",
          .menu = kMenu,
          .doc = "The lightness of a picture, for a ControlNet that colours it.",
          .foreign = aux("ImageLuminanceDetector", {"image", {"gamma_correction", "gamma"}, "resolution"})});
  registry.add<IntensityHint>("hint.intensity",
      {.title = "Intensity Hint",
          .menu = kMenu,
          .doc = "The strongest channel of each pixel, for a ControlNet that colours a picture.",
          .foreign = aux("ImageIntensityDetector", {"image", {"gamma_correction", "gamma"}, "resolution"})});
  registry.add<ColourGridHint>("hint.color",
      {.title = "Colour Grid Hint",
          .menu = kMenu,
          .doc = "Squares of the picture's colours, for an adapter that takes the colours alone.",
          .foreign = aux("ColorPreprocessor", {"image", "resolution"})});
  registry.add<BinaryHint>("hint.binary",
      {.title = "Binary Hint",
          .menu = kMenu,
          .doc = "Makes a picture black and white by its brightness.",
          .foreign = aux("BinaryPreprocessor", {"image", {"bin_threshold", "threshold"}, "resolution"})});
  registry.add<InpaintHint>("hint.inpaint",
      {.title = "Inpaint Hint",
          .menu = kMenu,
          .doc = "Marks what shall be painted, for a ControlNet for inpainting.",
          .foreign = aux("InpaintPreprocessor", {"image", "mask", {"black_pixel_for_xinsir_cn", "black"}})});
}

}  // namespace weft::image
