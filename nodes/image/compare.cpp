// image.difference, image.metrics: two pictures against each other.
#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "nodes/image/image_file.h"
#include "nodes/image/nodes.h"
#include "nodes/sd/pictures/false_colour.h"
#include "nodes/sd/tensors/finite.h"
#include "nodes/sd/tensors/resize.h"

namespace weft::image {
namespace {

/// a - b, where b is resized to a, which is said, and a single picture stands against each of a batch.
torch::Tensor difference(RunContext& ctx, const Image& a, const Image& b) {
  if (a.batch() != b.batch() && a.batch() != 1 && b.batch() != 1)
    throw NodeError(fmt::format("'a' holds {} pictures and 'b' {}", a.batch(), b.batch()),
        "give as many to both, or one to one of them");
  torch::Tensor other = b.pixels();
  if (a.height() != b.height() || a.width() != b.width()) {
    ctx.warn(fmt::format(
        "'b' of {} x {} was resized to {} x {}, the size of 'a'", b.width(), b.height(), a.width(), a.height()));
    other = sd::resize(other.permute({0, 3, 1, 2}), a.width(), a.height(), sd::Resize::Bilinear).permute({0, 2, 3, 1});
  }
  return a.pixels() - other;
}

class ImageDifference final : public Node {
  Input<Image> a_{*this, "a", {.tip = "a picture, or a batch"}};
  Input<Image> b_{*this, "b", {.tip = "what to compare it with; resized to the size of 'a'"}};
  Param<double> amplify_{*this, "amplify",
      {.init = 4,
          .min = 0,
          .max = 1000,
          .step = 0.5,
          .tip = "1 shows a difference of the whole range as white; 4 one of a quarter"}};
  Param<std::string> colors_{*this, "colors",
      {.init = "heat",
          .choices = {"heat", "grey", "signed"},
          .tip = "heat: black over red and yellow to white; signed: around grey, channel by channel"}};
  Output<Image> result_{*this, "image", {.tip = "dark where both are the same"}};

  void run(RunContext& ctx) const override {
    const torch::Tensor change = difference(ctx, ctx[a_], ctx[b_]) * ctx[amplify_];
    if (ctx[colors_] == "signed") return ctx.set(result_, Image((change / 2 + 0.5).clamp(0, 1)));
    const torch::Tensor size = change.abs().mean(3);
    ctx.set(result_,
        Image(ctx[colors_] == "heat" ? sd::heat_colours(size) : size.clamp(0, 1).unsqueeze(3).repeat({1, 1, 1, 3})));
  }
};

class ImageMetrics final : public Node {
  Input<Image> a_{*this, "a", {.tip = "a picture, or a batch"}};
  Input<Image> b_{*this, "b", {.tip = "what to compare it with; resized to the size of 'a'"}};
  Output<double> psnr_{
      *this, "psnr", {.tip = "peak signal to noise ratio in dB, higher is more similar; 100 for equal pictures"}};
  Output<double> mean_{*this, "mean", {.tip = "mean absolute difference, 0 to 1"}};
  Output<double> largest_{*this, "largest", {.tip = "largest absolute difference, 0 to 1"}};
  Output<std::string> text_{*this, "text", {.tip = "all three in words, as a caption"}};

  void run(RunContext& ctx) const override {
    const torch::Tensor change = difference(ctx, ctx[a_], ctx[b_]);
    const double square = change.square().mean().item<double>(), mean = change.abs().mean().item<double>();
    const double largest = change.abs().max().item<double>();
    const double psnr = std::min(-10 * std::log10(square), 100.0);
    ctx.set(psnr_, psnr);
    ctx.set(mean_, mean);
    ctx.set(largest_, largest);
    ctx.set(text_, fmt::format("PSNR {:.1f} dB, mean {:.4f}, largest {:.3f}", psnr, mean, largest));
  }
};

class CompareImages final : public Node {
  Input<Image> a_{*this, "a", {.tip = "a picture, or a batch", .optional = true}};
  Input<Image> b_{*this, "b", {.tip = "what to compare it with", .optional = true}};
  Output<Image> result_{
      *this, "image", {.tip = "the first of 'a' and the first of 'b' side by side, both as high as 'a'"}};

  void run(RunContext& ctx) const override {
    if (!ctx.has(a_) && !ctx.has(b_)) throw NodeError("there is nothing to compare", "connect 'a' and 'b'");
    std::vector<torch::Tensor> both;
    for (const Input<Image>* port : {&a_, &b_})
      if (ctx.has(*port)) both.push_back(ctx[*port].pixels().narrow(0, 0, 1));
    const std::int64_t height = both.front().size(1);
    if (torch::Tensor& last = both.back(); last.size(1) != height) {
      const double scale = static_cast<double>(height) / static_cast<double>(last.size(1));
      const auto width = std::max<std::int64_t>(1, std::llrint(static_cast<double>(last.size(2)) * scale));
      last = sd::resize(last.permute({0, 3, 1, 2}), width, height, sd::Resize::Bilinear).permute({0, 2, 3, 1});
    }
    const torch::Tensor pixels = torch::cat(both, 2);
    sd::require_finite(pixels, "the picture holds", "look at the node that made it");
    if (ctx.wants_preview())
      ctx.preview({.width = static_cast<int>(pixels.size(2)),
          .height = static_cast<int>(pixels.size(1)),
          .rgb = to_bytes(pixels[0])});
    ctx.set(result_, Image(pixels));
  }
};

}  // namespace

void add_compare(Registry& registry) {
  registry.add<ImageDifference>("image.difference",
      {.title = "Image Difference", .menu = "Image/Explain", .doc = "Shows where two pictures differ, and how much."});
  registry.add<CompareImages>("image.compare",
      {.title = "Compare Images",
          .menu = "Image/Explain",
          .doc = "Shows two pictures side by side.",
          .result = true,
          .foreign = {{.program = "comfyui",
              .name = "ImageCompare",
              .inputs = {{"image_a", "a"}, {"image_b", "b"}, {"compare_view", ""}}}}});
  registry.add<ImageMetrics>("image.metrics",
      {.title = "Image Metrics", .menu = "Image/Explain", .doc = "How similar two pictures are, in numbers."});
}

}  // namespace weft::image
