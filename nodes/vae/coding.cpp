#include "nodes/vae/coding.h"

#include <c10/core/InferenceMode.h>
#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "nodes/sd/tensors/finite.h"
#include "nodes/sd/tensors/tiled.h"
#include "nodes/sd/tensors/torch_errors.h"
#include "nodes/sd/values/node_device.h"
#include "nodes/sd/values/room.h"

namespace weft::vae {
namespace {

/// Tiles that fit nearly everywhere, for when the whole picture does not.
constexpr Tiles kFallback{.size = 512, .overlap = 64};

/// The way from pixels to latents, or back.
struct Direction {
  std::int64_t unit;         ///< of the input: how many of its places a latent is
  double scale;         ///< of the output to the input
  sd::MemoryNeed need;  ///< of an item that is not cut into tiles
};

sd::TilePlan plan_of(const Tiles& tiles, std::int64_t downscale, const Direction& direction) {
  const std::int64_t overlap = tiles.size < 4 * tiles.overlap ? tiles.size / 4 : tiles.overlap;
  const std::int64_t side = std::max<std::int64_t>(tiles.size / downscale, 1) * direction.unit;
  return {.tile_height = side,
      .tile_width = side,
      .overlap = overlap / downscale * direction.unit,
      .unit = direction.unit,
      .scale = direction.scale};
}

/// Throws if not even the pixels fit: those of the pieces, and of the whole that is put together from them.
void require_pixels(RunContext& ctx, std::int64_t batch, std::int64_t height, std::int64_t width) {
  constexpr double kBytes = 2 * 3 * sizeof(float);
  const double pixels = static_cast<double>(batch) * static_cast<double>(height) * static_cast<double>(width);
  const auto bytes = static_cast<std::uint64_t>(kBytes * pixels);
  sd::require_memory(
      ctx.memory(), {.least = bytes, .about = bytes}, fmt::format("{} x {}, batch {}", width, height, batch));
}

/// `half` on each item of `in` [B, C, H, W], whole or in tiles.
torch::Tensor apply(RunContext& ctx, const Vae::Half& half, const torch::Tensor& in, const Tiles& tiles,
    std::int64_t downscale, const Direction& direction) {
  const auto on_tile = [&](std::int64_t index, std::int64_t count) { ctx.progress(index, count); };
  const auto in_tiles = [&](const Tiles& t) {
    return sd::apply_tiled_three_ways(in, plan_of(t, downscale, direction), half, on_tile);
  };
  return sd::with_memory_errors([&] {
    if (tiles.size > 0) return in_tiles(tiles);
    if (const auto free = sd::make_room(ctx.memory(), direction.need)) {
      const double pixels = std::max(direction.scale, 1.0);
      const std::int64_t width = std::lrint(static_cast<double>(in.size(3)) * pixels);
      const std::int64_t height = std::lrint(static_cast<double>(in.size(2)) * pixels);
      ctx.warn(fmt::format("{}: going on in tiles of {} pixels",
          sd::shortage_text(direction.need, fmt::format("{} x {} in one piece", width, height), *free),
          kFallback.size));
      return in_tiles(kFallback);
    }
    try {
      std::vector<torch::Tensor> items;
      for (std::int64_t i = 0; i < in.size(0); ++i) {  // one by one: a batch would only need more memory
        ctx.progress(i, in.size(0));
        items.push_back(sd::with_memory_errors([&] { return half(in.narrow(0, i, 1)).to(at::kFloat); }));
      }
      return at::cat(items);
    } catch (const OutOfMemory& error) {
      ctx.warn(fmt::format("{}; going on in tiles of {} pixels", error.what(), kFallback.size));
      return in_tiles(kFallback);
    }
  });
}

/// What came out of half the VAE; `in` is what came in, by its name.
void require_finite(const RunContext& ctx, const Vae& vae, const torch::Tensor& out, std::string_view half,
    const torch::Tensor& in, std::string_view name) {
  const auto problem = sd::not_finite(out);
  if (!problem) return;
  sd::require_finite(in, fmt::format("the {} that came in holds", name), "look at the node that made it");
  throw NodeError(fmt::format("the VAE's {} gave {}", half, *problem),
      sd::remedy_for(vae.dtype(ctx.device()), "use another VAE (vae.load): this one's file may be damaged"));
}

}  // namespace

torch::Tensor cut_to_multiples(RunContext& ctx, const torch::Tensor& pixels, std::int64_t unit) {
  const std::int64_t height = pixels.size(1) / unit * unit, width = pixels.size(2) / unit * unit;
  if (height == pixels.size(1) && width == pixels.size(2)) return pixels;
  if (height == 0 || width == 0)
    throw NodeError(fmt::format("a picture of {} x {} is smaller than one latent", pixels.size(2), pixels.size(1)),
        fmt::format("give at least {0} x {0} pixels", unit));
  ctx.warn(fmt::format("{} x {} was cut to {} x {}: sides must be multiples of {}", pixels.size(2), pixels.size(1),
      width, height, unit));
  return pixels.narrow(1, (pixels.size(1) - height) / 2, height).narrow(2, (pixels.size(2) - width) / 2, width);
}

Latent encode(RunContext& ctx, const Vae& vae, torch::Tensor pixels, const Tiles& tiles) {
  const c10::InferenceMode inference;
  const std::int64_t unit = vae.space().downscale;
  pixels = cut_to_multiples(ctx, pixels, unit);
  const Vae::Half half = vae.encoder(ctx.memory());
  const Direction direction{.unit = unit,
      .scale = 1.0 / static_cast<double>(unit),
      .need = vae.encoding_need(ctx.device(), pixels.size(1), pixels.size(2))};
  const torch::Tensor samples =
      apply(ctx, half, pixels.permute({0, 3, 1, 2}) * 2 - 1, tiles, unit, direction).contiguous();
  require_finite(ctx, vae, samples, "encoder", pixels, "picture");
  return {.samples = samples, .space = vae.space()};
}

torch::Tensor decode(RunContext& ctx, const Vae& vae, const torch::Tensor& samples, const Tiles& tiles) {
  const c10::InferenceMode inference;
  const auto [channels, unit] = std::pair(vae.space().channels, vae.space().downscale);
  if (samples.size(1) != channels)
    throw NodeError(fmt::format("the latent has {} channels, this VAE's have {}", samples.size(1), channels),
        "use the VAE that belongs to the model that made the latent");
  const std::int64_t height = samples.size(2) * unit, width = samples.size(3) * unit;
  require_pixels(ctx, samples.size(0), height, width);
  const Vae::Half half = vae.decoder(ctx.memory());
  const torch::Tensor image = apply(ctx, half, samples, tiles, unit,
      {.unit = 1, .scale = static_cast<double>(unit), .need = vae.decoding_need(ctx.device(), height, width)});
  require_finite(ctx, vae, image, "decoder", samples, "latent");
  return sd::to_cpu(((image + 1) / 2).clamp(0, 1).permute({0, 2, 3, 1}).contiguous());
}

}  // namespace weft::vae
