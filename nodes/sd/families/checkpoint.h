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
#include "nodes/sd/files/weight_file.h"
#include "nodes/sd/networks/control_net.h"
#include "nodes/sd/networks/label_table.h"
#include "nodes/sd/networks/map_rescaler.h"
#include "nodes/sd/networks/memory_need.h"
#include "nodes/sd/networks/patch.h"
#include "nodes/sd/networks/text_encoder.h"
#include "nodes/sd/networks/unet.h"
#include "nodes/sd/networks/vae.h"
#include "nodes/sd/networks/vision_encoder.h"
#include "nodes/sd/sampling/image_prompt.h"
#include "nodes/sd/sampling/model_sampling.h"

namespace weft::sd {

class SharedWeights;
class WeightLoader;

/// What changes a network's weights, and who it shares the others with.
struct Patching {
  Patches patches = {};  ///< those that change weights count
  std::shared_ptr<SharedWeights> shared = {};  ///< of the same part, device and dtype; or null
};

class Checkpoint {
 public:
  /// At least a U-Net; other parts may be missing. Throws ModelError: not there, damaged, incomplete, or of
  /// another family (then it says which).
  static Checkpoint open(const std::filesystem::path& path);
  /// A U-Net alone: a .safetensors file with CompVis' or diffusers' names, or a diffusers "unet" folder.
  static Checkpoint open_unet(const std::filesystem::path& path);
  /// An autoencoder alone: a .safetensors file with CompVis' or diffusers' names, or a diffusers "vae" folder. Of a tiny one
  /// (TAESD) also half, with the other half in a file beside it ("taesd_encoder", "taesd_decoder"), where there is one.
  static Checkpoint open_vae(const std::filesystem::path& path);
  /// A ControlNet alone: a .safetensors file with CompVis' or diffusers' names, or a diffusers folder.
  static Checkpoint open_control_net(const std::filesystem::path& path);
  /// CLIP's encoder of pictures alone: a .safetensors file with transformers' or open_clip's names, or a folder of
  /// transformers.
  static Checkpoint open_vision_encoder(const std::filesystem::path& path);

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
  const VisionEncoderConfig& vision_encoder_config() const { return vision_encoder_config_; }
  const TextEncoderConfig& text_encoder_config(Part part = Part::TextEncoder) const { return text(part).config; }

  /// What the U-Net was trained with and predicts. Its latent space is that of its autoencoder; of a U-Net alone, what its
  /// config says and what the published model of that shape has.
  const ModelSampling& sampling() const { return sampling_; }
  Prediction prediction() const { return sampling_.prediction; }
  const NoiseTable& noise_table() const { return sampling_.table; }
  const LatentSpace& latent_space() const { return sampling_.space; }

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

  /// Of an unCLIP model; a single file does not hold it, and nothing is normalised then.
  const ImageNorm& image_norm() const { return image_norm_; }

  /// A part's tensors by canonical names, as they are in the mapped files; none where the part is not there. Those that are
  /// packed (GGUF) have a shape and no memory: weights() unpacks them.
  const TensorMap& tensors(Part part) const;

  /// The type that a tensor of tensors(part) is best kept in: its own, float16 where it is packed or scaled.
  at::ScalarType kept_type(Part part, const std::string& name) const;
  /// How it is stored: "F16", "Q8_0", "F8_E4M3 (scaled)".
  std::string stored_type(Part part, const std::string& name) const;

  /// A network of a part's tensors in `dtype`. `title` begins its name: "model v1-5.safetensors". `without`: tensors whose
  /// names begin so are not in it.
  NetworkSize network(const std::string& title, Part part, at::ScalarType dtype, std::string_view without = {}) const;
  /// The same of a network with patches: what it would not share.
  NetworkSize patched_network(
      const std::string& title, Part part, at::ScalarType dtype, const Patching& patching) const;

  /// What a network of a part is built from: each tensor is read, converted and patched when it is asked for; finish() before
  /// the network is used. Throws ModelError if the model has no such part. It reads this checkpoint, which has to outlive it.
  std::shared_ptr<WeightLoader> weights(
      Part part, at::Device device, at::ScalarType dtype, const Patching& patching = {}) const;
  /// Each call builds a new network. Throws ModelError if the model has no such part.
  UNet unet(at::Device device, at::ScalarType dtype, const Patching& patching = {}) const;
  ControlNet control_net(at::Device device, at::ScalarType dtype) const;
  VisionEncoder vision_encoder(at::Device device, at::ScalarType dtype) const;
  VAEEncoder vae_encoder(at::Device device, at::ScalarType dtype, const Patching& patching = {}) const;
  VAEDecoder vae_decoder(at::Device device, at::ScalarType dtype, const Patching& patching = {}) const;
  TextEncoder text_encoder(
      at::Device device, at::ScalarType dtype, Part part = Part::TextEncoder, const Patching& patching = {}) const;

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
      Part part, const Config& config, at::Device device, at::ScalarType dtype, const Patching& patching = {}) const;

  void require_half_of_tiny_vae(const std::string& half) const;

  struct Text {
    TextEncoderConfig config;
    const TextKind* kind = &kClipText;
    std::optional<std::filesystem::path> tokenizer;
  };
  const Text& text(Part part) const;

  std::filesystem::path path_;
  std::vector<WeightFile> files_;
  PartTensors parts_;  ///< what is there: views of the mapped files, by canonical names
  PartTensors scales_;  ///< of weights that are quantised, by their names
  std::map<Part, std::map<std::string, PackedTensor>> packed_;  ///< of weights that have no memory in parts_
  std::map<Part, std::string> lost_folders_;
  const Family* family_ = nullptr;
  UNetConfig unet_config_;
  VAEConfig vae_config_;
  ControlNetConfig control_net_config_;
  VisionEncoderConfig vision_encoder_config_;
  ImageNorm image_norm_;
  std::map<Part, Text> texts_;
  ModelSampling sampling_;
  std::shared_ptr<const LabelTable> label_encoder_;
  std::shared_ptr<const MapRescaler> spatial_rescaler_;
  std::vector<std::string> unused_, ignored_;
};

}  // namespace weft::sd
