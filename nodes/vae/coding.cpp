#include "nodes/vae/coding.h"

#include <c10/core/InferenceMode.h>
#include <fmt/format.h>

#include "nodes/sd/tiled.h"
#include "nodes/sd/torch_errors.h"
#include "nodes/sd/transfer.h"

namespace weft::vae {
namespace {

/// Tiles that fit nearly everywhere, for when the whole picture does not.
constexpr Tiles kFallback{.size = 512, .overlap = 64};

/// `half` on each item of `in` [B, C, H, W], whole or in tiles of `side` (in units of the input).
torch::Tensor apply(RunContext& ctx, const Vae::Half& half, const torch::Tensor& in, const Tiles& tiles, int64_t unit,
                    double scale) {
  const auto on_tile = [&](int64_t index, int64_t count) { ctx.progress(index, count); };
  const auto in_tiles = [&](const Tiles& t) {
    const int64_t side = std::max<int64_t>(t.size / unit, 1);
    const sd::TilePlan plan{.tile_height = side, .tile_width = side,
                            .overlap = std::min(t.overlap / unit, side / 2), .scale = scale};
    return sd::apply_tiled_three_ways(in, plan, half, on_tile);
  };
  return sd::with_memory_errors([&] {
    if (tiles.size > 0) return in_tiles(tiles);
    try {
      std::vector<torch::Tensor> items;
      for (int64_t i = 0; i < in.size(0); ++i) {  // one by one: a batch would only need more memory
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

}  // namespace

torch::Tensor cut_to_multiples(RunContext& ctx, const torch::Tensor& pixels, int64_t unit) {
  const int64_t height = pixels.size(1) / unit * unit, width = pixels.size(2) / unit * unit;
  if (height == pixels.size(1) && width == pixels.size(2)) return pixels;
  if (height == 0 || width == 0)
    throw NodeError(fmt::format("a picture of {} x {} is smaller than one latent", pixels.size(2), pixels.size(1)),
                    fmt::format("give at least {0} x {0} pixels", unit));
  ctx.warn(fmt::format("{} x {} was cut to {} x {}: sides must be multiples of {}", pixels.size(2), pixels.size(1), width,
                       height, unit));
  return pixels.narrow(1, (pixels.size(1) - height) / 2, height).narrow(2, (pixels.size(2) - width) / 2, width);
}

torch::Tensor encode(RunContext& ctx, const Vae& vae, torch::Tensor pixels, const Tiles& tiles) {
  const c10::InferenceMode inference;
  const int64_t unit = vae.downscale();
  pixels = cut_to_multiples(ctx, pixels, unit);
  const Vae::Half half = sd::with_memory_errors([&] { return vae.encoder(ctx.device()); });
  return apply(ctx, half, pixels.permute({0, 3, 1, 2}) * 2 - 1, tiles, 1, 1.0 / static_cast<double>(unit))
      .contiguous();
}

torch::Tensor decode(RunContext& ctx, const Vae& vae, const torch::Tensor& samples, const Tiles& tiles) {
  const c10::InferenceMode inference;
  if (samples.size(1) != vae.latent_channels())
    throw NodeError(fmt::format("the latent has {} channels, this VAE's have {}", samples.size(1), vae.latent_channels()),
                    "use the VAE that belongs to the model that made the latent");
  const int64_t unit = vae.downscale();
  const Vae::Half half = sd::with_memory_errors([&] { return vae.decoder(ctx.device()); });
  const torch::Tensor image = apply(ctx, half, samples, tiles, unit, static_cast<double>(unit));
  return sd::to_cpu(((image + 1) / 2).clamp(0, 1).permute({0, 2, 3, 1}).contiguous());
}

}  // namespace weft::vae
