// The autoencoders of latent diffusion: pictures to latents an eighth their size (with 4 levels; a quarter with 3), and back.
// KL, as Stable Diffusion 1.x has it, and VQ, which differs by rounding a latent to vectors of a codebook
// before it is decoded. Names of weights are those of diffusers' AutoencoderKL and VQModel. TAESD (tiny_vae.h) is a third kind.
// Constant once built. [any thread]
#pragma once

#include <memory>
#include <vector>

#include "nodes/sd/networks/latent_space.h"
#include "nodes/sd/networks/layers.h"
#include "nodes/sd/networks/tiny_vae.h"

namespace weft::sd {

struct VAEConfig {
  std::int64_t image_channels = 3;
  std::int64_t latent_channels = 4;
  std::vector<std::int64_t> block_channels{
      128, 256, 512, 512};  ///< one a level; each level but the last halves H and W
  std::int64_t layers_per_block = 2;
  std::int64_t norm_groups = 32;
  bool mid_attention = true;
  std::vector<bool> level_attention = {};  ///< a level: attention after each residual block? Empty: nowhere
  bool tiny = false;  ///< TAESD: of block_channels only the first counts, and how many they are
  std::int64_t codebook = 0;  ///< VQ: how many vectors there are; 0: KL
  /// Latents that the U-Net sees = (mean - shift_factor) * scaling_factor; callers apply it, by space().
  double scaling_factor = LatentSpace().scale, shift_factor = LatentSpace().shift;
  ChannelStatistics statistics = {};  ///< which come before these
  PreviewColours colours = LatentSpace().colours;
  GreyLatent grey = LatentSpace().grey;

  /// How many pixels one latent spans, in each direction.
  std::int64_t downscale() const { return std::int64_t{1} << (block_channels.size() - 1); }
  LatentSpace space() const {
    return {.channels = latent_channels,
        .downscale = downscale(),
        .scale = scaling_factor,
        .shift = shift_factor,
        .statistics = statistics,
        .colours = colours,
        .grey = grey};
  }
};

/// Encoder and decoder are separate, because most workflows use one of them.
class VAEEncoder {
 public:
  VAEEncoder(const VAEConfig& config, const Weights& weights);
  ~VAEEncoder();
  VAEEncoder(VAEEncoder&&) noexcept;
  VAEEncoder& operator=(VAEEncoder&&) noexcept;

  /// image [B, 3, H, W] in [-1, 1], H and W multiples of downscale(). Returns the posterior's
  /// {mean, log variance} on the channel axis: [B, 2 * latent_channels, H/8, W/8]; of a VQ autoencoder the
  /// latent alone, not yet rounded, and of a tiny one, too. Not scaled.
  at::Tensor encode_moments(const at::Tensor& image) const;

  /// The mean, or a VQ autoencoder's latent before it is rounded: what everything uses (not scaled).
  at::Tensor encode(const at::Tensor& image) const;

 private:
  struct Parts;
  std::unique_ptr<Parts> parts_;
  std::unique_ptr<const TinyEncoder> tiny_;  ///< in place of parts_
};

class VAEDecoder {
 public:
  VAEDecoder(const VAEConfig& config, const Weights& weights);
  ~VAEDecoder();
  VAEDecoder(VAEDecoder&&) noexcept;
  VAEDecoder& operator=(VAEDecoder&&) noexcept;

  /// latent [B, latent_channels, h, w], not scaled (divide by scaling_factor first). Returns [B, 3, 8h, 8w],
  /// about [-1, 1].
  at::Tensor decode(const at::Tensor& latent) const;

  /// VQ only: which vector of the codebook each place of a latent is rounded to, [B, h, w] int64.
  at::Tensor code_indices(const at::Tensor& latent) const;

 private:
  struct Parts;
  std::unique_ptr<Parts> parts_;
  std::unique_ptr<const TinyDecoder> tiny_;  ///< in place of parts_
};

/// Both halves of a KL autoencoder.
struct AutoencoderKL {
  AutoencoderKL(const VAEConfig& vae_config, const Weights& weights)
      : config(vae_config), encoder(vae_config, weights), decoder(vae_config, weights) {}

  at::Tensor encode_moments(const at::Tensor& image) const { return encoder.encode_moments(image); }
  at::Tensor decode(const at::Tensor& latent) const { return decoder.decode(latent); }

  VAEConfig config;
  VAEEncoder encoder;
  VAEDecoder decoder;
};

}  // namespace weft::sd
