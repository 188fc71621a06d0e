// image.upscale: a picture made larger by a network, in tiles.
#include <ATen/ATen.h>
#include <c10/core/InferenceMode.h>
#include <fmt/format.h>

#include "nodes/image/nodes.h"
#include "nodes/sd/tensors/tiled.h"
#include "nodes/sd/tensors/torch_errors.h"
#include "nodes/sd/tensors/transfer.h"
#include "nodes/sd/values/node_device.h"
#include "nodes/sd/values/values.h"

namespace weft::image {
namespace {

// ComfyUI's: larger ones need more memory, smaller ones show their seams.
constexpr std::int64_t kTile = 512, kSmallestTile = 128, kOverlap = 32;

class UpscaleImage final : public Node {
  Input<UpscaleModel> model_{*this, "upscale_model", {.tip = "from Load Upscale Model: it says how much larger"}};
  Input<Image> image_{*this, "image", {.tip = "a picture, or a batch"}};
  Output<Image> result_{*this, "image", {.tip = "the same, larger"}};

  void run(RunContext& ctx) const override {
    const c10::InferenceMode inference;
    const UpscaleModel model = ctx[model_];
    const auto network = model.on(ctx.memory());
    const at::Tensor pixels = sd::to_device(
        ctx[image_].pixels().permute({0, 3, 1, 2}).contiguous(), sd::torch_device(ctx.device()), at::kFloat);
    for (std::int64_t tile = kTile;; tile /= 2) {
      try {
        const at::Tensor large = upscaled(ctx, pixels, static_cast<double>(model.scale()), tile, network);
        ctx.set(result_, Image(sd::to_cpu(large.clamp(0, 1).permute({0, 2, 3, 1}).contiguous())));
        return;
      } catch (const OutOfMemory& error) {
        if (tile / 2 < kSmallestTile) throw;
        ctx.warn(fmt::format("{}; going on in tiles of {} pixels", error.what(), tile / 2));
      }
    }
  }

  static at::Tensor upscaled(
      RunContext& ctx, const at::Tensor& pixels, double scale, std::int64_t tile, const sd::TileNetwork& network) {
    const sd::TilePlan plan{.tile_height = tile, .tile_width = tile, .overlap = kOverlap, .scale = scale};
    return sd::with_memory_errors([&] {
      return sd::apply_tiled(
          pixels, plan, network, [&](std::int64_t index, std::int64_t count) { ctx.progress(index, count); });
    });
  }
};

}  // namespace

void add_upscale(Registry& registry) {
  registry.add<UpscaleImage>("image.upscale",
      {.title = "Upscale Image (by Model)",
          .menu = "Image/Transform",
          .doc =
              "Makes a picture larger by a network that was trained for it, in tiles of 512 pixels that are faded into each "
              "other.",
          .lane = Lane::Device,
          .foreign = {{.program = "comfyui",
              .name = "ImageUpscaleWithModel",
              .inputs = {"upscale_model", "image"},
              .outputs = {"image"}}}});
}

}  // namespace weft::image
