// A model on disk, of a family that is known (family.h): one .safetensors file (CompVis/LDM layout) or a diffusers folder;
// whole, or one of its networks alone.
//
// Opening reads headers only (milliseconds); tensors stay in the memory-mapped file until a network is built,
// and only the network that is asked for is. A Checkpoint is immutable. [any thread]
//
//   const Checkpoint model = Checkpoint::open("models/checkpoints/sd15.safetensors");
//   const UNet unet = model.unet(at::kCPU, at::kBFloat16);
#pragma once

#include <filesystem>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "nodes/sd/families/family.h"
#include "nodes/sd/families/part.h"
#include "nodes/sd/files/safetensors.h"
#include "nodes/sd/networks/control_net.h"
#include "nodes/sd/networks/label_table.h"
#include "nodes/sd/networks/map_rescaler.h"
#include "nodes/sd/networks/memory_need.h"
#include "nodes/sd/networks/patch.h"
#include "nodes/sd/networks/text_encoder.h"
#include "nodes/sd/networks/unet.h"
#include "nodes/sd/networks/vae.h"
#include "nodes/sd/sampling/noise_schedule.h"

namespace weft::sd {

class Checkpoint {
 public:
  /// At least a U-Net; other parts may be missing. Throws ModelError: not there, damaged, incomplete, or of
  /// another family (then it says which).
  static Checkpoint open(const std::filesystem::path& path);
  /// A U-Net alone: a .safetensors file with CompVis' or diffusers' names, or a diffusers "unet" folder.
  static Checkpoint open_unet(const std::filesystem::path& path);
  /// An autoencoder alone: a .safetensors file with CompVis' or diffusers' names, or a diffusers "vae"
  /// folder.
  static Checkpoint open_vae(const std::filesystem::path& path);
  /// A ControlNet alone: a .safetensors file with CompVis' or diffusers' names, or a diffusers folder.
  static Checkpoint open_control_net(const std::filesystem::path& path);

  const std::filesystem::path& path() const { return path_; }
  bool has(Part part) const { return parts_.contains(part); }
  /// Of a part that is not there, how to say so of the model: "has no VAE".
  std::string absence(Part part) const;
  /// Whether that part should be there: the folder's model_index.json lists it.
  bool lost(Part part) const { return lost_folders_.contains(part); }

  /// What it was recognised as.
  const Family& family() const { return *family_; }

  /// Of parts that are there.
  const UNetConfig& unet_config() const { return unet_config_; }
  const VAEConfig& vae_config() const { return vae_config_; }
  const ControlNetConfig& control_net_config() const { return control_net_config_; }
  const TextEncoderConfig& text_encoder_config(Part part = Part::TextEncoder) const { return text(part).config; }
  Prediction prediction() const { return prediction_; }

  /// What the U-Net was trained with.
  const NoiseTable& noise_table() const { return noise_table_; }
  /// Of its autoencoder; of a U-Net alone, what its config says and what the published model of that shape has.
  const LatentSpace& latent_space() const { return latent_space_; }

  /// A text encoder's own tokenizer files (a folder, or a vocab.txt beside a single file); nothing means the usual
  /// vocabulary.
  const std::optional<std::filesystem::path>& tokenizer_files(Part part = Part::TextEncoder) const {
    return text(part).tokenizer;
  }
  /// The tokenizer of these files, or the usual one, which set-up brought. Throws ModelError where there is none.
  Tokenizer tokenizer(Part part = Part::TextEncoder) const;

  /// Null where the model is not class-conditional.
  const std::shared_ptr<const LabelTable>& label_encoder() const { return label_encoder_; }
  /// Null where the model has none.
  const std::shared_ptr<const MapRescaler>& spatial_rescaler() const { return spatial_rescaler_; }

  /// A part's tensors by canonical names, as they are in the mapped files; none where the part is not there.
  const TensorMap& tensors(Part part) const;

  /// A network of a part's tensors in `dtype`. `title` begins its name: "model v1-5.safetensors". `without`: tensors whose
  /// names begin so are not in it.
  NetworkSize network(const std::string& title, Part part, at::ScalarType dtype, std::string_view without = {}) const;

  /// Each call builds a new network with its own memory. Throws ModelError if the model has no such part. Of the patches,
  /// those that change weights count.
  UNet unet(at::Device device, at::ScalarType dtype, const Patches& patches = {}) const;
  ControlNet control_net(at::Device device, at::ScalarType dtype) const;
  VAEEncoder vae_encoder(at::Device device, at::ScalarType dtype) const;
  VAEDecoder vae_decoder(at::Device device, at::ScalarType dtype) const;
  TextEncoder text_encoder(
      at::Device device, at::ScalarType dtype, Part part = Part::TextEncoder, const Patches& patches = {}) const;

  /// Tensors that none of the networks uses, by their name in the file: a sign of a model that is not quite
  /// of a family that is known here.
  const std::vector<std::string>& unused() const { return unused_; }
  /// What the model's configuration asks for in vain, a sentence each.
  const std::vector<std::string>& ignored() const { return ignored_; }

 private:
  friend class CheckpointReader;
  Checkpoint() = default;
  template <class Network, class Config>
  Network build(
      Part part, const Config& config, at::Device device, at::ScalarType dtype, const Patches& patches = {}) const;

  struct Text {
    TextEncoderConfig config;
    const TextKind* kind = &kClipText;
    std::optional<std::filesystem::path> tokenizer;
  };
  const Text& text(Part part) const;

  std::filesystem::path path_;
  std::vector<SafetensorsFile> files_;
  PartTensors parts_;  ///< what is there: views of the mapped files, by canonical names
  PartTensors scales_;  ///< of weights that are quantised, by their names
  std::map<Part, std::string> lost_folders_;
  const Family* family_ = nullptr;
  UNetConfig unet_config_;
  VAEConfig vae_config_;
  ControlNetConfig control_net_config_;
  std::map<Part, Text> texts_;
  Prediction prediction_ = Prediction::Noise;
  NoiseTable noise_table_ = NoiseTable::stable_diffusion();
  LatentSpace latent_space_;
  std::shared_ptr<const LabelTable> label_encoder_;
  std::shared_ptr<const MapRescaler> spatial_rescaler_;
  std::vector<std::string> unused_, ignored_;
};

}  // namespace weft::sd
