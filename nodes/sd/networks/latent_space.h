// What the latents of an autoencoder are: how many channels, how many pixels each spans, how they are scaled for the
// U-Net, and how they look. A model's family and configuration say it (families/), latents carry it, and all that depends
// on it asks here. A value. [any thread]
#pragma once

#include <ATen/core/Tensor.h>

#include <array>
#include <cstdint>

namespace weft::sd {

/// A linear fit of a decoder, for latents of unit deviation: the red, green and blue of each of four channels, then of
/// the constant, for colours in [-1, 1].
using PreviewColours = std::array<double, 15>;

/// The latent of a picture that is grey all over, four channels, as the U-Net sees it.
using GreyLatent = std::array<float, 4>;

/// Of an autoencoder's latents, channel by channel. Only of four channels.
struct ChannelStatistics {
  std::array<double, 4> mean{0, 0, 0, 0}, deviation{1, 1, 1, 1};
  bool operator==(const ChannelStatistics&) const = default;
};

/// Where nobody says whose latents they are, they are taken for Stable Diffusion 1's, the most common. Its numbers are the
/// defaults here and nowhere else: the family asks for them (families/stable_diffusion_1.cpp).
struct LatentSpace {
  std::int64_t channels = 4;
  std::int64_t downscale = 8;  ///< how many pixels one latent spans, in each direction
  /// The network's latents = (the autoencoder's - shift) * scale; their standard deviation is about 1.
  double scale = 0.18215, shift = 0;
  /// Before that, each channel is brought to mean 0 and deviation 1 (Playground v2.5).
  ChannelStatistics statistics = {};
  /// Only of four channels. Published on the Hugging Face forum in 2022 ("Decoding latents to RGB without upscaling").
  PreviewColours colours{
      0.298, 0.207, 0.208, 0.187, 0.286, 0.173, -0.158, 0.189, 0.264, -0.184, -0.271, -0.473, 0, 0, 0};
  /// Only of four channels: what an inpainting model sees beside a mask without a picture, as in ComfyUI.
  GreyLatent grey{0.8223f, -0.6876f, 0.6364f, 0.1380f};

  /// The autoencoder's latents as the U-Net sees them. Those of an empty latent, all 0, stay 0 also where there is a
  /// shift or a mean, as in ComfyUI.
  at::Tensor to_network(const at::Tensor& latents) const;
  /// And back.
  at::Tensor from_network(const at::Tensor& latents) const;

  bool operator==(const LatentSpace&) const = default;
};

}  // namespace weft::sd
