#include "nodes/sd/values/values.h"

#include <ATen/ATen.h>
#include <ATen/core/grad_mode.h>
#include <c10/core/InferenceMode.h>
#include <fmt/format.h>

#include <mutex>

#include "base/error.h"
#include "nodes/sd/families/checkpoint.h"
#include "nodes/sd/networks/step_graph.h"
#include "nodes/sd/sampling/sample.h"
#include "nodes/sd/tensors/precision.h"
#include "nodes/sd/values/node_device.h"
#include "nodes/sd/values/per_device.h"

namespace weft {

std::string Latent::size_text() const {
  return fmt::format("a latent of {} x {}, batch {}", samples.size(3), samples.size(2), samples.size(0));
}

Latent for_space(const Latent& latent, const sd::LatentSpace& space) {
  const sd::LatentSpace unsaid;
  if (latent.space != unsaid) return latent;
  Latent told = latent;
  told.space = space;
  const bool fits = space.downscale == unsaid.downscale && latent.samples.size(1) == space.channels;
  if (fits || latent.samples.any().item<bool>()) return told;
  const auto side = [&](std::int64_t axis) {
    return std::max<std::int64_t>(1, latent.samples.size(axis) * unsaid.downscale / space.downscale);
  };
  told.samples = latent.samples.new_zeros({latent.samples.size(0), space.channels, side(2), side(3)});
  return told;
}

at::Tensor noise_for(const Latent& latent, std::uint64_t seed, sd::BatchNoise batch) {
  return sd::initial_noise(latent.samples.sizes(), seed, batch, latent.places());
}

float Sigmas::at(std::int64_t step) const {
  if (step < 0 || step >= static_cast<std::int64_t>(values.size()))
    throw NodeError(fmt::format("there is no step {}: the schedule has {} steps", step, steps()),
        fmt::format("give a step from 0 to {}", std::max<std::int64_t>(steps() - 1, 0)));
  return values[static_cast<std::size_t>(step)];
}

std::size_t Conditioning::bytes() const {
  std::size_t sum = 0;
  for (const auto& entry : entries)
    for (const at::Tensor& t :
        {entry.context, entry.pooled, entry.mask, entry.concat_latent, entry.concat_mask, entry.concat_map})
      if (t.defined()) sum += t.nbytes();
  return sum;
}

// ---- Model ----

struct Model::Shared {
  std::shared_ptr<const sd::Checkpoint> checkpoint;
  std::string dtype;
  sd::PerPatches<sd::DiffusionModel> networks;

  sd::DiffusionModel build(const Device& where, const sd::Patching& patching) const;
  at::ScalarType dtype_on(const Device& where) const { return sd::unet_dtype(dtype, sd::torch_device(where)); }
};

namespace {

/// The U-Net as a function. On a GPU its kernels are launched as one graph.
sd::Network network_of(std::shared_ptr<const sd::UNet> unet, const at::Device& device) {
  auto step = [unet = std::move(unet)](const sd::NetworkCall& call) { return unet->forward(call); };
  if (!device.is_cuda()) return step;
  struct Guarded {
    sd::StepGraph graph;
    std::mutex mutex;  // a StepGraph serves one thread at a time
  };
  auto guarded = std::make_shared<Guarded>(sd::StepGraph(step));
  return [guarded, step](const sd::NetworkCall& call) {
    if (!call.patches.empty()) return step(call);  // a replayed graph would not call them
    if (call.guidance.defined()) return step(call);  // nor look at another guidance
    const std::lock_guard lock(guarded->mutex);
    return guarded->graph(call);
  };
}

}  // namespace

sd::DiffusionModel Model::Shared::build(const Device& where, const sd::Patching& patching) const {
  const at::Device device = sd::torch_device(where);
  const c10::InferenceMode inference;
  auto unet = std::make_shared<const sd::UNet>(checkpoint->unet(device, dtype_on(where), patching));
  sd::DiffusionModel model;
  model.in_channels = unet->config().in_channels;
  static_cast<sd::ModelSampling&>(model) = checkpoint->sampling();
  model.takes_guidance = unet->config().guidance_width > 0;
  model.vector = {checkpoint->family().vector, unet->config().vector_width, checkpoint->image_norm()};
  model.dtype = unet->dtype();
  model.device = device;
  model.network = network_of(std::move(unet), device);
  return model;
}

Model::Model(std::shared_ptr<const sd::Checkpoint> checkpoint, std::string dtype)
    : shared_(std::make_shared<Shared>()) {
  shared_->checkpoint = std::move(checkpoint);
  shared_->dtype = std::move(dtype);
  networks_ = shared_->networks.for_key("");
}

Model Model::with(sd::Patch patch) const {
  Model other = *this;
  other.patches_.push_back(std::make_shared<const sd::Patch>(std::move(patch)));
  other.networks_ = shared_->networks.for_key(sd::key_of(sd::weight_patches(other.patches_)));
  return other;
}

Model Model::with(sd::ModelSampling sampling, const std::string& key) const {
  Model other = *this;
  other.sampling_ = std::make_shared<const sd::ModelSampling>(std::move(sampling));
  other.sampling_key_ += fmt::format("[{}]", key);
  return other;
}

std::shared_ptr<const sd::DiffusionModel> Model::on(const Residency& where) const {
  const Device& device = where.device();
  const sd::Patching patching{patches_, shared_->networks.shared_on(device)};
  const auto size = shared_->checkpoint->patched_network("model", sd::Part::UNet, shared_->dtype_on(device), patching);
  const auto built = networks_->get(where, size, [&] { return shared_->build(device, patching); });
  if (patches_.empty() && sampling_ == nullptr) return built;
  auto model = std::make_shared<sd::DiffusionModel>(*built);
  model->network = [built](const sd::NetworkCall& call) { return built->network(call); };
  model->patches = patches_;
  if (sampling_ != nullptr) static_cast<sd::ModelSampling&>(*model) = *sampling_;
  return model;
}

sd::MemoryNeed Model::need(const Device& device, const at::Tensor& latents, double cfg) const {
  sd::MemoryNeed need = sd::unet_need(
      shared_->checkpoint->unet_config(), shared_->dtype_on(device), latents.size(0), latents.size(2), latents.size(3));
  if (cfg != 1) need.about *= 2;  // both sides in one batch, where they are of one form
  return need;
}

const sd::Checkpoint& Model::checkpoint() const { return *shared_->checkpoint; }

const sd::ModelSampling& Model::sampling() const {
  return sampling_ != nullptr ? *sampling_ : shared_->checkpoint->sampling();
}

std::shared_ptr<const sd::Checkpoint> Model::shared_checkpoint() const { return shared_->checkpoint; }

at::Tensor Model::add_noise(const at::Tensor& latent, const at::Tensor& noise, float sigma) const {
  return space().from_network(sd::add_noise(table(), space().to_network(latent), noise, sigma));
}

// ---- Vae ----

struct Vae::Shared {
  std::shared_ptr<const sd::Checkpoint> checkpoint;
  std::string dtype;
  sd::PerPatches<sd::VAEEncoder> encoders;
  sd::PerPatches<sd::VAEDecoder> decoders;

  /// Throws NodeError where the model has no VAE.
  const sd::VAEConfig& config() const {
    if (checkpoint->has(sd::Part::VAE)) return checkpoint->vae_config();
    throw NodeError(fmt::format("'{}' {}", checkpoint->path().filename().string(), checkpoint->absence(sd::Part::VAE)),
        "connect the VAE of another model, or one from vae.load");
  }
  at::ScalarType dtype_on(const Device& where) const { return sd::vae_dtype(dtype, sd::torch_device(where)); }
};

Vae::Vae(std::shared_ptr<const sd::Checkpoint> checkpoint, std::string dtype) : shared_(std::make_shared<Shared>()) {
  shared_->checkpoint = std::move(checkpoint);
  shared_->dtype = std::move(dtype);
  encoders_ = shared_->encoders.for_key("");
  decoders_ = shared_->decoders.for_key("");
}

Vae Vae::with(sd::Patch patch) const {
  Vae other = *this;
  other.patches_.push_back(std::make_shared<const sd::Patch>(std::move(patch)));
  const std::string key = sd::key_of(sd::weight_patches(other.patches_));
  other.encoders_ = shared_->encoders.for_key(key);
  other.decoders_ = shared_->decoders.for_key(key);
  return other;
}

std::shared_ptr<const sd::Checkpoint> Vae::shared_checkpoint() const {
  static_cast<void>(shared_->config());
  return shared_->checkpoint;
}

Vae::Half Vae::encoder(const Residency& where) const {
  static_cast<void>(shared_->config());
  const at::Device device = sd::torch_device(where.device());
  const at::ScalarType dtype = shared_->dtype_on(where.device());
  const c10::InferenceMode inference;
  auto encoder =
      encoders_->get(where, shared_->checkpoint->network("VAE encoder", sd::Part::VAE, dtype, /*without=*/"decoder."),
          [&] { return shared_->checkpoint->vae_encoder(device, dtype, {patches_, {}}); });
  return [=](const at::Tensor& image) {
    return encoder->encode(sd::to_device(image, device, dtype).contiguous(at::MemoryFormat::ChannelsLast));
  };
}

Vae::Half Vae::decoder(const Residency& where) const {
  static_cast<void>(shared_->config());
  const at::Device device = sd::torch_device(where.device());
  const at::ScalarType dtype = shared_->dtype_on(where.device());
  const c10::InferenceMode inference;
  auto decoder =
      decoders_->get(where, shared_->checkpoint->network("VAE decoder", sd::Part::VAE, dtype, /*without=*/"encoder."),
          [&] { return shared_->checkpoint->vae_decoder(device, dtype, {patches_, {}}); });
  return [=](const at::Tensor& latent) {
    // The decoder casts by itself: a VQ codebook's nearest vectors are to be found in float32.
    return decoder->decode(sd::to_device(latent, device, at::kFloat)).to(dtype);
  };
}

sd::LatentSpace Vae::space() const { return shared_->config().space(); }

at::ScalarType Vae::dtype(const Device& device) const { return shared_->dtype_on(device); }

sd::MemoryNeed Vae::encoding_need(const Device& device, std::int64_t height, std::int64_t width) const {
  return sd::encoding_need(shared_->config(), shared_->dtype_on(device), height, width);
}

sd::MemoryNeed Vae::decoding_need(const Device& device, std::int64_t height, std::int64_t width) const {
  return sd::decoding_need(shared_->config(), shared_->dtype_on(device), height, width);
}

}  // namespace weft
