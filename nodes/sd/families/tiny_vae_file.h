// Files of the tiny autoencoder (TAESD): its author's two files (taesd_encoder, taesd_decoder) whose layers have numbers only,
// ComfyUI's with both in one, and diffusers' AutoencoderTiny, whose decoder counts one layer less. Pure functions: any thread.
#pragma once

#include <filesystem>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "nodes/sd/networks/latent_space.h"

namespace weft::sd {

/// How the names of a file with such an autoencoder, or half of one, become diffusers'.
class TinyVAENames {
 public:
  /// Nothing if the names are of another kind.
  static std::optional<TinyVAENames> of(std::span<const std::string> names);

  std::string canonical(const std::string& name) const;
  /// Encoder and decoder are files of their own, and this is one of them.
  bool is_half() const { return kind_ == Kind::Encoder || kind_ == Kind::Decoder; }

 private:
  enum class Kind { Encoder, Decoder, Both, Diffusers };
  explicit TinyVAENames(Kind kind) : kind_(kind) {}

  Kind kind_;
};

/// "taesd_decoder.safetensors" -> "taesd_encoder.safetensors" beside it, and back; nothing if it is not there.
std::optional<std::filesystem::path> other_half_of_tiny_vae(const std::filesystem::path& path);

/// Whose latents they are, which no shape tells: Stable Diffusion XL's where the name of the file, or of a folder that a file
/// of diffusers' name lies in, has "xl" in it, else Stable Diffusion 1's.
LatentSpace tiny_vae_space(const std::filesystem::path& path);

}  // namespace weft::sd
