// What networks need in memory while they work, beside their weights: read off their configuration and the size of what
// they are given, so that it can be said before anything is computed.
#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <optional>
#include <string>

#include "graph/residency.h"
#include "nodes/sd/unet.h"
#include "nodes/sd/vae.h"

namespace weft::sd {

struct MemoryNeed {
  std::uint64_t least = 0;  ///< bytes that are held at the same time, whatever the kernels: with less it cannot work
  std::uint64_t about = 0;  ///< bytes at the peak, as measured
};

/// For NodeOptions::bytes_per_pixel: of sampling with Stable Diffusion 1.x's U-Net and guidance in 16 bits, of latents,
/// and of pictures that are put together from tiles.
inline constexpr double kStepBytesPerPixel = 420, kLatentBytesPerPixel = 0.25, kPictureBytesPerPixel = 24;

/// One application to [batch, C, height, width]; `height` and `width` in latents.
MemoryNeed unet_need(const UNetConfig& config, at::ScalarType dtype, int64_t batch, int64_t height, int64_t width);
/// A picture of height x width pixels.
MemoryNeed encoding_need(const VAEConfig& config, at::ScalarType dtype, int64_t height, int64_t width);
MemoryNeed decoding_need(const VAEConfig& config, at::ScalarType dtype, int64_t height, int64_t width);

/// Throws NodeError if `where` is too small for `need` in any case. `work` names it: "1024 x 1024, batch 1".
void require_memory(const Residency& where, const MemoryNeed& need, const std::string& work);

/// Evicts what is idle until there is room for `need`. Gives the bytes that are free if it is less; so it may still go
/// well, or not.
std::optional<std::uint64_t> make_room(const Residency& where, const MemoryNeed& need);

/// "1024 x 1024, batch 1, needs about 9.5 GiB; 2.0 GiB are free"
std::string shortage_text(const MemoryNeed& need, const std::string& work, std::uint64_t free);

}  // namespace weft::sd
