// A Stable Diffusion 1.x model on disk: one .safetensors file (CompVis/LDM layout) or a diffusers folder.
//
// Opening reads headers only (milliseconds); tensors stay in the memory-mapped file until a network is built,
// and only the network that is asked for is. A Checkpoint is immutable: any thread.
//
//   const Checkpoint model = Checkpoint::open("models/checkpoints/sd15.safetensors");
//   const UNet unet = model.unet(at::kCPU, at::kBFloat16);
#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "nodes/sd/model_config.h"
#include "nodes/sd/safetensors.h"
#include "nodes/sd/text_encoder.h"
#include "nodes/sd/unet.h"
#include "nodes/sd/vae.h"

namespace weft::sd {

class Checkpoint {
 public:
  /// Throws ModelError: not there, damaged, incomplete, or of another family (then it says which).
  static Checkpoint open(const std::filesystem::path& path);

  const std::filesystem::path& path() const { return path_; }
  const UNetConfig& unet_config() const { return unet_config_; }
  const VAEConfig& vae_config() const { return vae_config_; }
  const TextEncoderConfig& text_encoder_config() const { return text_encoder_config_; }
  Prediction prediction() const { return prediction_; }

  /// The model's own tokenizer files; nothing for a single file, which means CLIP's vocabulary.
  const std::optional<std::filesystem::path>& tokenizer_folder() const { return tokenizer_folder_; }

  /// Bytes of each part's tensors in the file.
  std::size_t unet_bytes() const { return bytes_of(unet_); }
  std::size_t vae_bytes() const { return bytes_of(vae_); }
  std::size_t text_encoder_bytes() const { return bytes_of(text_encoder_); }

  /// Each call builds a new network with its own memory. Throws ModelError when a tensor is missing or
  /// misshapen.
  UNet unet(at::Device device, at::ScalarType dtype) const;
  VAEEncoder vae_encoder(at::Device device, at::ScalarType dtype) const;
  VAEDecoder vae_decoder(at::Device device, at::ScalarType dtype) const;
  TextEncoder text_encoder(at::Device device, at::ScalarType dtype) const;

  /// Tensors that none of the networks uses, by their name in the file: a sign of a model that is not quite
  /// SD 1.x.
  const std::vector<std::string>& unused() const { return unused_; }

 private:
  friend class CheckpointReader;
  Checkpoint() = default;
  template <class Network, class Config>
  Network build(const Config& config, const TensorMap& tensors, at::Device device,
                at::ScalarType dtype) const;

  std::filesystem::path path_;
  std::vector<SafetensorsFile> files_;
  TensorMap unet_, vae_, text_encoder_;  ///< views of the mapped files, by canonical names
  UNetConfig unet_config_;
  VAEConfig vae_config_;
  TextEncoderConfig text_encoder_config_;
  Prediction prediction_ = Prediction::kNoise;
  std::optional<std::filesystem::path> tokenizer_folder_;
  std::vector<std::string> unused_;
};

/// A VAE on its own: a .safetensors file with CompVis' or diffusers' names, or a diffusers "vae" folder.
class VAEFile {
 public:
  static VAEFile open(const std::filesystem::path& path);

  const VAEConfig& config() const { return config_; }
  VAEEncoder encoder(at::Device device, at::ScalarType dtype) const;
  VAEDecoder decoder(at::Device device, at::ScalarType dtype) const;

 private:
  std::filesystem::path path_;
  TensorMap tensors_;
  VAEConfig config_;
};

}  // namespace weft::sd
