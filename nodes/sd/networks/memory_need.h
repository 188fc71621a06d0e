// What networks need in memory: read off their configuration and the size of what
// they are given, so that it can be said before anything is computed.
#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <string>

#include "nodes/sd/networks/unet.h"
#include "nodes/sd/networks/vae.h"

namespace weft::sd {

/// A network's weights in memory.
struct NetworkSize {
  std::string name;  ///< "model v1-5.safetensors"
  std::uint64_t bytes = 0;
};

/// What it needs beside them.
struct MemoryNeed {
  std::uint64_t least = 0;  ///< bytes that are held at the same time, whatever the kernels: with less it cannot work
  std::uint64_t about = 0;  ///< bytes at the peak, as measured
};

/// For NodeOptions::bytes_per_pixel: of sampling with Stable Diffusion 1.x's U-Net and guidance in 16 bits, of latents,
/// and of pictures that are put together from tiles.
inline constexpr double kStepBytesPerPixel = 420, kLatentBytesPerPixel = 0.25, kPictureBytesPerPixel = 24;

/// One application to [batch, C, height, width]; `height` and `width` in latents.
MemoryNeed unet_need(
    const UNetConfig& config, at::ScalarType dtype, std::int64_t batch, std::int64_t height, std::int64_t width);
/// A picture of height x width pixels.
MemoryNeed encoding_need(const VAEConfig& config, at::ScalarType dtype, std::int64_t height, std::int64_t width);
MemoryNeed decoding_need(const VAEConfig& config, at::ScalarType dtype, std::int64_t height, std::int64_t width);

}  // namespace weft::sd
