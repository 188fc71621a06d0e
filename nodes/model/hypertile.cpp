// model.hypertile: self-attention in tiles (tfernd's HyperTile), which saves most of its time on large pictures.
//
// ComfyUI tiles the queries alone: the keys of a tile are as many pixels in a row, read from the top. Layout "comfyui" does
// the same, so that its workflows give the same pictures; with "tiles" each tile attends to itself, as the method was
// published.
#include <ATen/ATen.h>
#include <ATen/CPUGeneratorImpl.h>
#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <optional>

#include "nodes/sd/values/values.h"
#include "plugins/sdk.h"

namespace weft::model {
namespace {

struct Tiling {
  std::int64_t height, width;  ///< of the picture, as the tiles count it
  std::int64_t rows, columns;  ///< of tiles
};

/// [B, height * width, C] to [B * rows * columns, places of a tile, C].
at::Tensor in_tiles(const at::Tensor& x, const Tiling& t) {
  return x.view({x.size(0), t.rows, t.height / t.rows, t.columns, t.width / t.columns, x.size(2)})
      .transpose(2, 3)
      .reshape({x.size(0) * t.rows * t.columns, -1, x.size(2)});
}

at::Tensor joined(const at::Tensor& x, const Tiling& t) {
  const std::int64_t batch = x.size(0) / (t.rows * t.columns);
  return x.contiguous()
      .view({batch, t.rows, t.columns, t.height / t.rows, t.width / t.columns, x.size(2)})
      .transpose(2, 3)
      .reshape({batch, t.height * t.width, x.size(2)});
}

/// Into how many equal parts of at least `least` a side may be cut: one of the `options` largest numbers.
std::int64_t parts(std::int64_t side, std::int64_t least, std::int64_t options, at::Generator& draws) {
  std::vector<std::int64_t> counts;
  for (std::int64_t size = std::min(least, side); size <= side && std::ssize(counts) < options; ++size)
    if (side % size == 0) counts.push_back(side / size);
  if (counts.size() < 2) return counts.at(0);
  // The last one is never drawn, as in the original.
  const at::Tensor drawn = at::randint(0, std::ssize(counts) - 1, {1}, draws, at::kLong);
  return counts.at(static_cast<std::size_t>(drawn.item<std::int64_t>()));
}

struct Options {
  std::int64_t tile, swap, depth;
  bool scale_depth, published;
  std::uint64_t seed;
};

/// How the attention of a level is tiled; none: it is left whole.
std::optional<Tiling> tiling_of(const sd::AttentionLayerCall& call, const Options& options, at::Generator& draws) {
  if (!call.self) return std::nullopt;
  const std::int64_t whole_height = call.whole.x.size(2), whole_width = call.whole.x.size(3);
  for (std::int64_t level = 0; level <= options.depth; ++level) {
    const std::int64_t shrink = std::int64_t{1} << level;
    if (whole_height % shrink != 0 || whole_width % shrink != 0) break;
    const std::int64_t height = whole_height / shrink, width = whole_width / shrink;
    if (call.x.size(1) != height * width) continue;
    const std::int64_t least = options.tile * (options.scale_depth ? shrink : 1);
    Tiling tiling{height, width, 1, 1};
    if (!options.published) std::swap(tiling.height, tiling.width);  // ComfyUI's count of a picture that is not square
    tiling.rows = parts(tiling.height, least, options.swap, draws);
    tiling.columns = parts(tiling.width, least, options.swap, draws);
    if (tiling.rows * tiling.columns > 1) return tiling;
    break;
  }
  return std::nullopt;
}

sd::Patch tiling(const Options& options) {
  const auto draws = std::make_shared<at::Generator>(at::detail::createCPUGenerator(options.seed));
  return {.attention_layer = [=](sd::AttentionLayerCall call, const sd::AttendLayer& next) {
    const auto tiles = tiling_of(call, options, *draws);
    if (!tiles) return next(call);
    const auto rows = [&](const at::Tensor& x) {
      return x.contiguous().view({-1, x.size(1) / (tiles->rows * tiles->columns), x.size(2)});
    };
    const auto cut = [&](const at::Tensor& x) {
      return options.published ? in_tiles(x.contiguous(), *tiles) : rows(x);
    };
    call.k_context = cut(call.k_context);
    call.v_context = cut(call.v_context);
    call.x = in_tiles(call.x.contiguous(), *tiles);
    return joined(next(call), *tiles);
  }};
}

class HyperTile final : public Node {
  Input<Model> model_{*this, "model", {.tip = "the U-Net to change"}};
  Param<std::int64_t> tile_{
      *this, "tile_size", {.init = 256, .min = 1, .max = 2048, .tip = "the least side of a tile, in pixels"}};
  Param<std::int64_t> swap_{*this, "swap_size",
      {.init = 2,
          .min = 1,
          .max = 128,
          .tip = "from how many sizes each layer draws its own, above 2: seams move about"}};
  Param<std::int64_t> depth_{
      *this, "max_depth", {.init = 0, .min = 0, .max = 10, .tip = "how many levels below the finest are tiled, too"}};
  Param<bool> scale_depth_{
      *this, "scale_depth", {.init = false, .tip = "tiles of deeper levels are larger in proportion"}};
  Param<std::string> layout_{*this, "layout",
      {.init = "comfyui",
          .choices = {"comfyui", "tiles"},
          .tip = "what a tile attends to: as many pixels in a row, as in ComfyUI, or the tile itself, as published"}};
  Param<std::uint64_t> seed_{*this, "seed", {.init = 0, .tip = "of the sizes that are drawn with swap_size above 2"}};
  Output<Model> patched_{*this, "model", {.tip = "the same U-Net, for samplers"}};

  void run(RunContext& ctx) const override {
    const Options options{.tile = std::max<std::int64_t>(32, ctx[tile_]) / 8,
        .swap = ctx[swap_],
        .depth = ctx[depth_],
        .scale_depth = ctx[scale_depth_],
        .published = ctx[layout_] == "tiles",
        .seed = ctx[seed_]};
    ctx.set(patched_,
        ctx[model_].with({.key = fmt::format("hypertile {} {} {} {} {} {}", options.tile, options.swap, options.depth,
                              options.scale_depth, options.published, options.seed),
            .begin = [=] { return tiling(options); }}));
  }
};

}  // namespace

void add_hypertile(Registry& registry) {
  registry.add<HyperTile>("model.hypertile",
      {.title = "HyperTile",
          .menu = "Model/Patches",
          .doc = "Cuts self-attention into tiles: large pictures take less time, and lose a little of their wholeness.",
          .foreign = {{.program = "comfyui",
              .name = "HyperTile",
              .inputs = {"model", "tile_size", "swap_size", "max_depth", "scale_depth"},
              .outputs = {"model"}}}});
}

}  // namespace weft::model
