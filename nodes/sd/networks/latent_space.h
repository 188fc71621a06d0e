// What the latents of an autoencoder are: how many channels, how many pixels each spans, how they are scaled for the
// U-Net, and which colours they have in a preview. Models say it (checkpoint_reader.cpp), latents carry it, and all that
// depends on it asks here. A value; any thread.
#pragma once

#include <ATen/core/Tensor.h>

#include <array>
#include <cstdint>

namespace weft::sd {

/// A linear fit of a decoder, for latents of unit deviation: the red, green and blue of each of four channels, then of
/// the constant, for colours in [-1, 1].
using PreviewColours = std::array<double, 15>;

/// Stable Diffusion 1's, as published on the Hugging Face forum in 2022 ("Decoding latents to RGB without upscaling").
inline constexpr PreviewColours kStableDiffusionColours{
    0.298, 0.207, 0.208, 0.187, 0.286, 0.173, -0.158, 0.189, 0.264, -0.184, -0.271, -0.473, 0, 0, 0};

/// Its latents' standard deviation is about 1 / this.
inline constexpr double kStableDiffusionScale = 0.18215;

/// Without anything said it is Stable Diffusion 1's.
struct LatentSpace {
  int64_t channels = 4;
  int64_t downscale = 8;  ///< how many pixels one latent spans, in each direction
  double scale = kStableDiffusionScale, shift = 0;  ///< the network's latents = (the autoencoder's - shift) * scale
  PreviewColours colours = kStableDiffusionColours;  ///< only of four channels

  /// The autoencoder's latents as the U-Net sees them. Those of an empty latent, all 0, stay 0 also where there is a
  /// shift, as in ComfyUI.
  at::Tensor to_network(const at::Tensor& latents) const;
  /// And back.
  at::Tensor from_network(const at::Tensor& latents) const;

  bool operator==(const LatentSpace&) const = default;
};

}  // namespace weft::sd
