// latent.flip, latent.rotate, latent.crop, latent.cut, latent.cut_to_batch, latent.concat: latents at another place.
#include <fmt/format.h>

#include <algorithm>

#include "nodes/latent/nodes.h"
#include "nodes/sd/tensors/resize.h"

namespace weft::latent {
namespace {

constexpr std::int64_t kRows = 2, kColumns = 3;  ///< axes of [B, C, h, w]

class FlipLatent final : public Node {
  Input<Latent> latent_{*this, "latent", {.tip = "a latent, or a batch"}};
  Param<std::string> direction_{*this, "direction",
      {.init = "vertical",
          .choices = {"vertical", "horizontal"},
          .tip = "vertical: upside down; horizontal: as in a mirror"}};
  Output<Latent> result_{*this, "latent", {.tip = "flipped; a mask stays as it is"}};

  void run(RunContext& ctx) const override {
    Latent latent = ctx[latent_];
    latent.samples = latent.samples.flip({ctx[direction_] == "vertical" ? kRows : kColumns});
    ctx.set(result_, std::move(latent));
  }
};

class RotateLatent final : public Node {
  Input<Latent> latent_{*this, "latent", {.tip = "a latent, or a batch"}};
  Param<std::string> angle_{*this, "angle",
      {.init = "none", .choices = {"none", "90 degrees", "180 degrees", "270 degrees"}, .tip = "clockwise"}};
  Output<Latent> result_{*this, "latent", {.tip = "turned; a mask stays as it is"}};

  void run(RunContext& ctx) const override {
    const std::string angle = ctx[angle_];
    const std::int64_t quarters = angle == "90 degrees" ? 1
        : angle == "180 degrees"                        ? 2
        : angle == "270 degrees"                        ? 3
                                                        : 0;
    Latent latent = ctx[latent_];
    latent.samples = latent.samples.rot90(quarters, {kColumns, kRows}).contiguous();
    ctx.set(result_, std::move(latent));
  }
};

class CropLatent final : public Node {
  Input<Latent> latent_{*this, "latent", {.tip = "a latent, or a batch"}};
  Param<std::int64_t> width_{
      *this, "width", {.init = 512, .min = 8, .max = 16384, .step = 8, .tip = "in pixels; cut at the edge"}};
  Param<std::int64_t> height_{
      *this, "height", {.init = 512, .min = 8, .max = 16384, .step = 8, .tip = "in pixels; cut at the edge"}};
  Param<std::int64_t> x_{*this, "x",
      {.init = 0, .min = 0, .max = 16384, .step = 8, .tip = "left edge, in pixels; at least 64 of them are left"}};
  Param<std::int64_t> y_{*this, "y",
      {.init = 0, .min = 0, .max = 16384, .step = 8, .tip = "upper edge, in pixels; at least 64 of them are left"}};
  Output<Latent> result_{*this, "latent", {.tip = "only the rectangle; a mask stays as it is"}};

  void run(RunContext& ctx) const override {
    constexpr std::int64_t kLeast = 8;  // latents that are left at least, as in ComfyUI
    Latent latent = ctx[latent_];
    const std::int64_t unit = latent.space.downscale;
    const auto corner = [&](std::int64_t pixels, std::int64_t length) {
      return std::max<std::int64_t>(0, std::min(pixels / unit, length - kLeast));
    };
    const std::int64_t x = corner(ctx[x_], latent.samples.size(3)), y = corner(ctx[y_], latent.samples.size(2));
    const auto side = [&](std::int64_t pixels) { return std::max<std::int64_t>(1, pixels / unit); };
    latent.samples =
        latent.samples.slice(kRows, y, y + side(ctx[height_])).slice(kColumns, x, x + side(ctx[width_])).contiguous();
    ctx.set(result_, std::move(latent));
  }
};

const std::vector<std::string> kAxes{"x", "y"};
std::int64_t axis_of(const std::string& name) { return name == "x" ? kColumns : kRows; }

class CutLatent final : public Node {
  Input<Latent> latent_{*this, "latent", {.tip = "a latent, or a batch"}};
  Param<std::string> axis_{*this, "axis", {.init = "x", .choices = kAxes, .tip = "x: columns are taken; y: rows"}};
  Param<std::int64_t> index_{*this, "index",
      {.init = 0, .min = -16384, .max = 16384, .tip = "of the first, in latents; negative: from the end"}};
  Param<std::int64_t> amount_{
      *this, "amount", {.init = 1, .min = 1, .max = 16384, .tip = "how many, in latents; as many as there are"}};
  Output<Latent> result_{*this, "latent", {.tip = "only those; a mask stays as it is"}};

  void run(RunContext& ctx) const override {
    Latent latent = ctx[latent_];
    const std::int64_t axis = axis_of(ctx[axis_]), length = latent.samples.size(axis), index = ctx[index_];
    const std::int64_t first = index >= 0 ? std::min(index, length - 1) : std::max<std::int64_t>(index + length, 0);
    latent.samples = latent.samples.slice(axis, first, first + ctx[amount_]).contiguous();
    ctx.set(result_, std::move(latent));
  }
};

class CutLatentToBatch final : public Node {
  Input<Latent> latent_{*this, "latent", {.tip = "a latent, or a batch"}};
  Param<std::string> axis_{*this, "axis", {.init = "x", .choices = kAxes, .tip = "x: into columns; y: into rows"}};
  Param<std::int64_t> size_{*this, "size",
      {.init = 1, .min = 1, .max = 16384, .tip = "of a slice, in latents; what is left over is dropped"}};
  Output<Latent> result_{*this, "latent", {.tip = "all slices as one batch"}};

  void run(RunContext& ctx) const override {
    Latent latent = ctx[latent_];
    const std::int64_t axis = axis_of(ctx[axis_]), length = latent.samples.size(axis);
    const std::int64_t size = std::min<std::int64_t>(ctx[size_], length);
    // [B, length, C, other side]: neighbours along the axis follow each other, so a slice is a run of them.
    const torch::Tensor lines = latent.samples.movedim(axis, 1).narrow(1, 0, length / size * size).contiguous();
    latent.samples = lines.view({-1, size, lines.size(2), lines.size(3)}).movedim(1, axis).contiguous();
    ctx.set(result_, std::move(latent));
  }
};

class ConcatLatents final : public Node {
  Input<Latent> a_{*this, "a", {.tip = "the one that stays where it is"}};
  Input<Latent> b_{
      *this, "b", {.tip = "put beside it, as wide or high where they meet; cut or repeated to its number"}};
  Param<std::string> side_{
      *this, "side", {.init = "right", .choices = {"right", "left", "down", "up"}, .tip = "where the second is put"}};
  Output<Latent> result_{*this, "latent", {.tip = "both as one; the first one's mask stays as it is"}};

  void run(RunContext& ctx) const override {
    Latent latent = ctx[a_];
    const torch::Tensor &a = latent.samples, b = sd::repeat_to_batch(ctx[b_].samples, a.size(0));
    const std::string side = ctx[side_];
    const std::int64_t axis = side == "right" || side == "left" ? kColumns : kRows,
                       meet = axis == kRows ? kColumns : kRows;
    if (a.size(1) != b.size(1) || a.size(meet) != b.size(meet))
      throw NodeError(fmt::format("the first latent is {} x {} with {} channels, the second {} x {} with {}", a.size(3),
                          a.size(2), a.size(1), b.size(3), b.size(2), b.size(1)),
          "resize one of them so that the sides that meet are of one length");
    const bool behind = side == "right" || side == "down";
    latent.samples = behind ? torch::cat({a, b}, axis) : torch::cat({b, a}, axis);
    ctx.set(result_, std::move(latent));
  }
};

}  // namespace

void add_arrange(Registry& registry) {
  registry.add<FlipLatent>("latent.flip",
      {.title = "Flip Latent",
          .menu = "Latent/Transform",
          .doc = "Turns a latent upside down, or shows it as in a mirror.",
          .bytes_per_pixel = sd::kLatentBytesPerPixel,
          .foreign = {{.program = "comfyui",
              .name = "LatentFlip",
              .inputs = {{"samples", "latent"},
                  {"flip_method", "direction",
                      {{"x-axis: vertically", "vertical"}, {"y-axis: horizontally", "horizontal"}}}},
              .outputs = {"latent"}}}});
  registry.add<RotateLatent>("latent.rotate",
      {.title = "Rotate Latent",
          .menu = "Latent/Transform",
          .doc = "Turns a latent by quarters of a circle.",
          .bytes_per_pixel = sd::kLatentBytesPerPixel,
          .foreign = {{.program = "comfyui",
              .name = "LatentRotate",
              .inputs = {{"samples", "latent"}, {"rotation", "angle"}},
              .outputs = {"latent"}}}});
  registry.add<CropLatent>("latent.crop",
      {.title = "Crop Latent",
          .menu = "Latent/Transform",
          .doc = "Cuts a rectangle out of every latent of a batch.",
          .bytes_per_pixel = sd::kLatentBytesPerPixel,
          .foreign = {{.program = "comfyui",
              .name = "LatentCrop",
              .inputs = {{"samples", "latent"}, "width", "height", "x", "y"},
              .outputs = {"latent"}}}});
  registry.add<CutLatent>("latent.cut",
      {.title = "Cut Latent",
          .menu = "Latent/Transform",
          .doc = "Takes some columns or rows out of a latent.",
          .bytes_per_pixel = sd::kLatentBytesPerPixel,
          .foreign = {{.program = "comfyui",
              .name = "LatentCut",
              .inputs = {{"samples", "latent"}, {"dim", "axis"}, "index", "amount"},
              .outputs = {"latent"}}}});
  registry.add<CutLatentToBatch>("latent.cut_to_batch",
      {.title = "Cut Latent into Batch",
          .menu = "Latent/Transform",
          .doc = "Cuts a latent into slices of one size, which become a batch.",
          .bytes_per_pixel = sd::kLatentBytesPerPixel,
          .foreign = {{.program = "comfyui",
              .name = "LatentCutToBatch",
              .inputs = {{"samples", "latent"}, {"dim", "axis"}, {"slice_size", "size"}},
              .outputs = {"latent"}}}});
  registry.add<ConcatLatents>("latent.concat",
      {.title = "Concatenate Latents",
          .menu = "Latent/Transform",
          .doc = "Puts a second latent at one side of the first.",
          .bytes_per_pixel = sd::kLatentBytesPerPixel,
          .foreign = {{.program = "comfyui",
              .name = "LatentConcat",
              .inputs = {{"samples1", "a"}, {"samples2", "b"},
                  {"dim", "side", {{"x", "right"}, {"-x", "left"}, {"y", "down"}, {"-y", "up"}}}},
              .outputs = {"latent"}}}});
}

}  // namespace weft::latent
