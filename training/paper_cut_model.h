// The embedded model: the sizes of its three networks, and how to draw pictures with them. Stable
// Diffusion 1.x scaled down to 20 MB in float16.
#pragma once

#include <ATen/core/Tensor.h>

#include <filesystem>
#include <string>
#include <vector>

#include "nodes/sd/networks/text_encoder.h"
#include "nodes/sd/networks/unet.h"
#include "nodes/sd/networks/vae.h"
#include "nodes/sd/sampling/conditioning.h"
#include "training/vocabulary.h"

namespace weft::paper_cut {

sd::UNetConfig unet_config();
sd::TextEncoderConfig text_encoder_config(const Vocabulary& vocabulary);
/// The scaling factor is measured after training.
sd::VAEConfig vae_config(double scaling_factor = 1);

/// The vocabulary of all captions.
const Vocabulary& vocabulary();

/// Token ids of captions: [N, 77].
at::Tensor caption_ids(const std::vector<std::string>& captions);

/// Where text_encoder's and unet's weights begin in one map of both.
inline constexpr const char* kTextPrefix = "text_encoder";
inline constexpr const char* kUNetPrefix = "unet";

/// The part of a map whose names begin with `prefix` and a dot, without it.
sd::TensorMap without_prefix(const sd::TensorMap& map, const std::string& prefix);

struct DrawOptions {
  std::string sampler = "dpmpp_2m", schedule = "karras";
  std::int64_t steps = 20;
  double cfg = 4;
  std::uint64_t seed = 1;
};

/// What pictures are made from beside noise: text or label, and where the U-Net sees more, map or masked
/// picture.
struct Asked {
  sd::ConditioningEntry positive, negative;  ///< a row for each picture, or one for all
  at::Tensor latent;           ///< [N, 4, 16, 16], not scaled: what is there already; zeros: nothing
  at::Tensor noise_mask = {};  ///< [N, 1, H, W], 1 where to paint; undefined: everywhere
};

/// Nothing that is there already, for `count` pictures.
at::Tensor empty_latents(std::int64_t count);

/// The three networks, ready to draw.
class PaperCutModel {
 public:
  /// An exported diffusers folder.
  static PaperCutModel open(const std::filesystem::path& folder);

  /// The same with the U-Net of another folder, which sees more than a noisy latent.
  static PaperCutModel open(const std::filesystem::path& folder, const std::filesystem::path& unet_folder);

  /// `text_and_unet` with the prefixes above; `vae` with AutoencoderKL's names.
  PaperCutModel(const sd::TensorMap& text_and_unet, const sd::TensorMap& vae, double scaling_factor);

  /// What cross-attention sees of captions: [N, 77, 128].
  at::Tensor encode(const std::vector<std::string>& captions) const;

  /// A picture for each row of asked.latent: [N, 3, 128, 128] in [-1, 1]. Item k's noise depends on seed + k
  /// alone.
  at::Tensor draw(const Asked& asked, const DrawOptions& options = {}) const;

  /// One picture a caption.
  at::Tensor draw(const std::vector<std::string>& captions, const DrawOptions& options = {}) const;

 private:
  PaperCutModel(double scaling_factor, sd::TextEncoder text_encoder, sd::UNet unet, sd::VAEDecoder decoder);

  double scaling_factor_;
  sd::TextEncoder text_encoder_;
  sd::UNet unet_;
  sd::VAEDecoder decoder_;
};

}  // namespace weft::paper_cut
