// The value types of diffusion: what travels along the links between the stages. All are cheap to copy and share what is
// large. Networks are built on first use, on the device that the using node was given (ctx.memory()), and shared by all who
// hold the value; what nobody uses goes when memory is short, and is built again. [any thread]
#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "graph/residency.h"
#include "nodes/sd/networks/latent_space.h"
#include "nodes/sd/networks/patch.h"
#include "nodes/sd/sampling/conditioning.h"
#include "nodes/sd/sampling/denoiser.h"
#include "nodes/sd/sampling/noise.h"
#include "nodes/sd/sampling/samplers.h"
#include "nodes/sd/text/dialect.h"
#include "nodes/sd/values/room.h"

namespace weft {

namespace sd {
class Checkpoint;
class T2IAdapterFile;
class TextEncoder;
class UpscalerFile;
class VAEDecoder;
class VAEEncoder;
template <class T>
class PerDevice;
}  // namespace sd

/// Pictures in the autoencoder's space.
struct Latent {
  static constexpr std::string_view kType = "latent";

  at::Tensor samples;  ///< float32 [B, C, h, w], as the encoder gives them: not scaled
  at::Tensor noise_mask = {};  ///< float32 [B or 1, 1, H, W], any size, 1 = may change; undefined: all may
  std::vector<std::int64_t> batch_index = {};  ///< places in the batch that they were taken from; empty: 0, 1, 2 ...
  std::int64_t batch_size = 0;  ///< of the batch that batch_index is of; 0: of no particular one (sd::BatchPlaces)
  sd::LatentSpace space = {};  ///< whose latents they are; Stable Diffusion's where nobody said it

  sd::BatchPlaces places() const { return {batch_index, batch_size}; }
  std::size_t bytes() const { return samples.defined() ? samples.nbytes() : 0; }
  /// "a latent of 64 x 64, batch 1"
  std::string size_text() const;
};

/// `latent` for a model of that space: its own, where nobody said whose it is. An empty one, all 0, is of no space yet, so
/// one of other channels or another downscale is made anew, as large in pixels.
Latent for_space(const Latent& latent, const sd::LatentSpace& space);

/// Standard normal noise in the shape of `latent`, on the CPU; each item's is that of its place in the batch.
at::Tensor noise_for(const Latent& latent, std::uint64_t seed, sd::BatchNoise batch = sd::BatchNoise::Together);

/// The noise levels that a sampler visits, falling.
struct Sigmas {
  static constexpr std::string_view kType = "sigmas";

  std::vector<float> values;

  std::int64_t steps() const { return values.empty() ? 0 : static_cast<std::int64_t>(values.size()) - 1; }
  /// The level at which step `step` begins (or, for step = steps(), where the last ends). Throws NodeError outside.
  float at(std::int64_t step) const;
};

struct Conditioning {
  static constexpr std::string_view kType = "conditioning";

  sd::ConditioningEntries entries;

  std::size_t bytes() const;
};

/// A way to go from noise to picture: one of Weft's own, or a plugin's.
struct Sampler {
  static constexpr std::string_view kType = "sampler";

  std::string name;
  sd::SamplerMethod method;
};

/// A U-Net and what sampling must know of it.
class Model {
 public:
  static constexpr std::string_view kType = "model";

  /// `dtype`: auto, float32, bfloat16 or float16.
  Model(std::shared_ptr<const sd::Checkpoint> checkpoint, std::string dtype);

  /// The model on a device. The first call there builds it; several threads may call at once. It cannot be evicted as long
  /// as it is held.
  std::shared_ptr<const sd::DiffusionModel> on(const Residency& where) const;
  /// The same model with one more patch, which is the outermost. Nothing is built: models with equal weight patches share
  /// their networks, and those with none share the plain model's.
  Model with(sd::Patch patch) const;
  /// The same model with other levels of noise, another prediction or the like. `key` says what is other.
  Model with(sd::ModelSampling sampling, const std::string& key) const;
  /// Of its patches, in their order, and of its sampling; empty for a plain model. With the checkpoint and dtype, it says what
  /// the model does.
  std::string patch_key() const { return sd::key_of(patches_) + sampling_key_; }
  const sd::Patches& patches() const { return patches_; }
  /// What a step on latents [B, C, h, w] needs there beside the weights, with guidance `cfg` (1: no negative side).
  sd::MemoryNeed need(const Device& device, const at::Tensor& latents, double cfg) const;

  const sd::Checkpoint& checkpoint() const;
  std::shared_ptr<const sd::Checkpoint> shared_checkpoint() const;
  const sd::ModelSampling& sampling() const;
  const sd::NoiseTable& table() const { return sampling().table; }
  /// Of the latents that it was trained on.
  const sd::LatentSpace& space() const { return sampling().space; }
  /// latent + noise as sampling along levels from `sigma` down begins; latent and result not scaled, as in Latent.
  at::Tensor add_noise(const at::Tensor& latent, const at::Tensor& noise, float sigma) const;

 private:
  struct Shared;
  std::shared_ptr<Shared> shared_;
  sd::Patches patches_;
  std::shared_ptr<const sd::ModelSampling> sampling_;  ///< null: the checkpoint's
  std::string sampling_key_;
  std::shared_ptr<sd::PerDevice<sd::DiffusionModel>> networks_;
};

/// A model's text encoders with their tokenizers: one, or the two of Stable Diffusion XL.
class Clip {
 public:
  static constexpr std::string_view kType = "clip";

  explicit Clip(std::shared_ptr<const sd::Checkpoint> checkpoint);

  /// The file of a textual inversion by its name in a text, "embedding:name"; none: the name is left out.
  using EmbeddingFiles = std::function<std::optional<std::filesystem::path>(const std::string& name)>;

  /// Words to conditioning, with weights, chunks of 75 tokens and embeddings. Of A1111's dialect, what changes in the course of
  /// sampling and what is composed by AND is not read here. Throws NodeError for an embedding that has no vectors for any of
  /// the encoders, ModelError for one that cannot be read.
  Conditioning encode(const std::string& text, const Residency& where, const EmbeddingFiles& embeddings = {},
      sd::Dialect dialect = sd::Dialect::ComfyUI) const;
  /// One text for each encoder. Throws NodeError where they are not as many.
  Conditioning encode_each(
      const std::vector<std::string>& texts, const Residency& where, const EmbeddingFiles& embeddings = {}) const;
  /// Where the tokens of `words` stand on the token axis of encode(text, ..., embeddings), each occurrence; empty if `text`
  /// does not hold them. Several encoders are taken to read alike.
  std::vector<std::int64_t> find_tokens(
      const std::string& text, const std::string& words, const EmbeddingFiles& embeddings = {}) const;
  /// The same, of which the output of the layer `skip` - 1 before the last is taken: 1 is the last.
  Clip with_skip(std::int64_t skip) const;
  const sd::Checkpoint& checkpoint() const;
  std::shared_ptr<const sd::Checkpoint> shared_checkpoint() const;
  /// The same encoder with its weights patched. The other parts of a patch do nothing here.
  Clip with(sd::Patch patch) const;
  /// As Model's.
  std::string patch_key() const { return sd::key_of(patches_); }
  const sd::Patches& patches() const { return patches_; }

 private:
  struct Shared;

  std::shared_ptr<const sd::TextEncoder> encoder(std::size_t slot, const Residency& where) const;
  Conditioning encode_chunked(const std::vector<std::string>& texts, const Residency& where,
      const EmbeddingFiles& embeddings, sd::Dialect dialect) const;
  Conditioning encode_as_compel(
      const std::string& text, const Residency& where, const EmbeddingFiles& embeddings) const;

  std::shared_ptr<Shared> shared_;
  sd::Patches patches_;
  std::vector<std::shared_ptr<sd::PerDevice<sd::TextEncoder>>> encoders_;
  std::int64_t skip_ = 0;  ///< 0: as the model was trained
};

/// A ControlNet or a T2I-Adapter. The first use on a device builds it there.
class ControlNet {
 public:
  static constexpr std::string_view kType = "control_net";

  /// `dtype`: as a Model's.
  ControlNet(std::shared_ptr<const sd::Checkpoint> checkpoint, std::string dtype);
  ControlNet(std::shared_ptr<const sd::T2IAdapterFile> adapter, std::string dtype);

  /// What conditioning carries of it.
  std::shared_ptr<const sd::ControlSource> source() const;

 private:
  struct Shared;
  struct Adapter;
  std::shared_ptr<const sd::ControlSource> source_;
  friend sd::ControlFunction open_control(const sd::ControlSource& source, const Residency& where);
};

/// A ControlNet on a device, for a sampler. It cannot be evicted as long as the function is held, and throws NodeError for a
/// model of another family.
sd::ControlFunction open_control(const sd::ControlSource& source, const Residency& where);

/// A network that makes pictures larger.
class UpscaleModel {
 public:
  static constexpr std::string_view kType = "upscale_model";

  explicit UpscaleModel(std::shared_ptr<const sd::UpscalerFile> file);

  std::int64_t scale() const;  ///< how much larger
  /// The network on a device: takes and gives [B, 3, H, W] float32 in [0, 1], there. It cannot be evicted as long as it is
  /// held.
  std::function<at::Tensor(const at::Tensor&)> on(const Residency& where) const;

 private:
  struct Shared;
  std::shared_ptr<Shared> shared_;
};

/// An autoencoder, KL or VQ.
class Vae {
 public:
  static constexpr std::string_view kType = "vae";

  Vae(std::shared_ptr<const sd::Checkpoint> checkpoint, std::string dtype);

  /// Half a network, on a device: takes and gives [B, C, H, W] of any float type, image values in [-1, 1]. It cannot be
  /// evicted as long as it is held.
  using Half = std::function<at::Tensor(const at::Tensor&)>;
  Half encoder(const Residency& where) const;  ///< to the posterior's mean
  Half decoder(const Residency& where) const;

  /// Throws NodeError where the model has no VAE.
  std::shared_ptr<const sd::Checkpoint> shared_checkpoint() const;
  /// The same autoencoder with its weights patched. The other parts of a patch do nothing here.
  Vae with(sd::Patch patch) const;
  const sd::Patches& patches() const { return patches_; }

  sd::LatentSpace space() const;
  at::ScalarType dtype(const Device& device) const;  ///< what it computes in there
  /// What a picture of height x width pixels, by itself and whole, needs there beside the weights.
  sd::MemoryNeed encoding_need(const Device& device, std::int64_t height, std::int64_t width) const;
  sd::MemoryNeed decoding_need(const Device& device, std::int64_t height, std::int64_t width) const;

 private:
  struct Shared;
  std::shared_ptr<Shared> shared_;
  sd::Patches patches_;
  std::shared_ptr<sd::PerDevice<sd::VAEEncoder>> encoders_;
  std::shared_ptr<sd::PerDevice<sd::VAEDecoder>> decoders_;
};

}  // namespace weft
