// Building the networks of a Checkpoint, which checkpoint_reader.cpp read.
#include "nodes/sd/families/checkpoint.h"

#include <ATen/ATen.h>
#include <fmt/format.h>

#include "nodes/sd/files/model_error.h"
#include "nodes/sd/networks/weight_loader.h"

namespace weft::sd {
const TensorMap& Checkpoint::tensors(Part part) const {
  static const TensorMap kNone;
  const auto found = parts_.find(part);
  return found == parts_.end() ? kNone : found->second;
}

namespace {

template <class Parts>
const typename Parts::mapped_type::mapped_type* find_in(const Parts& parts, Part part, const std::string& name) {
  const auto of_part = parts.find(part);
  if (of_part == parts.end()) return nullptr;
  const auto found = of_part->second.find(name);
  return found == of_part->second.end() ? nullptr : &found->second;
}

}  // namespace

at::ScalarType Checkpoint::kept_type(Part part, const std::string& name) const {
  if (find_in(packed_, part, name) != nullptr || find_in(scales_, part, name) != nullptr) return at::kHalf;
  return tensors(part).at(name).scalar_type();
}

std::string Checkpoint::stored_type(Part part, const std::string& name) const {
  if (const PackedTensor* packed = find_in(packed_, part, name)) return std::string(packed->type->name);
  const std::string type = safetensors_type(tensors(part).at(name).scalar_type(), name, path_.string());
  return find_in(scales_, part, name) != nullptr ? type + " (scaled)" : type;
}

std::string Checkpoint::absence(Part part) const {
  const auto lost = lost_folders_.find(part);
  return lost == lost_folders_.end()
      ? fmt::format("has no {}", title(part))
      : fmt::format("lacks the folder '{}', which its model_index.json lists", lost->second);
}

NetworkSize Checkpoint::network(
    const std::string& title, Part part, at::ScalarType dtype, std::string_view without) const {
  NetworkSize what{.name = title + " " + path_.filename().string()};
  for (const auto& [name, tensor] : tensors(part))
    if (without.empty() || !name.starts_with(without))
      what.bytes += static_cast<std::uint64_t>(tensor.numel()) * c10::elementSize(dtype);
  return what;
}

NetworkSize Checkpoint::patched_network(
    const std::string& title, Part part, at::ScalarType dtype, const Patching& patching) const {
  NetworkSize what{.name = title + " " + path_.filename().string()};
  const std::string prefix = std::string(info(part).folder) + ".";
  for (const auto& [name, tensor] : tensors(part))
    if (!patching.shared || !patching.shared->has(name, key_of(patches_of(prefix + name, patching.patches))))
      what.bytes += static_cast<std::uint64_t>(tensor.numel()) * c10::elementSize(dtype);
  return what;
}

std::shared_ptr<WeightLoader> Checkpoint::weights(
    Part part, at::Device device, at::ScalarType dtype, const Patching& patching) const {
  if (!has(part)) throw ModelError(path_.string(), absence(part), "use a model that has one");
  const auto scales = scales_.find(part);
  const auto packed = packed_.find(part);
  WeightLoader::Request request{.tensors = tensors(part),
      .scales = scales == scales_.end() ? TensorMap() : scales->second,
      .origin = path_.string(),
      .device = device,
      .dtype = dtype,
      .patches = patching.patches,
      .network = std::string(info(part).folder),
      .shared = patching.shared,
      .release_files = [this] {
        for (const auto& file : files_) file.release_memory();
      }};
  if (packed != packed_.end())
    request.unpacked = [&of_part = packed->second](const std::string& name) {
      const auto found = of_part.find(name);
      return found == of_part.end() ? at::Tensor() : found->second.unpacked();
    };
  return std::make_shared<WeightLoader>(std::move(request));
}

template <class Network, class Config>
Network Checkpoint::build(
    Part part, const Config& config, at::Device device, at::ScalarType dtype, const Patching& patching) const {
  const auto loader = weights(part, device, dtype, patching);
  Network network(config, Weights(loader));
  loader->finish();
  return network;
}

void Checkpoint::require_half_of_tiny_vae(const std::string& half) const {
  if (!vae_config_.tiny) return;
  const TensorMap& vae = tensors(Part::VAE);
  const auto found = vae.lower_bound(half + ".layers.");
  if (found != vae.end() && found->first.starts_with(half)) return;
  throw ModelError(path_.string(), fmt::format("is half a tiny VAE: it has no {}", half),
      fmt::format("put the file of the {0} beside it, with \"{0}\" in the place of \"{1}\" in its name", half,
          half == "encoder" ? "decoder" : "encoder"));
}

UNet Checkpoint::unet(at::Device device, at::ScalarType dtype, const Patching& patching) const {
  return build<UNet>(Part::UNet, unet_config_, device, dtype, patching);
}
ControlNet Checkpoint::control_net(at::Device device, at::ScalarType dtype) const {
  return build<ControlNet>(Part::ControlNet, control_net_config_, device, dtype);
}
VisionEncoder Checkpoint::vision_encoder(at::Device device, at::ScalarType dtype) const {
  return build<VisionEncoder>(Part::VisionEncoder, vision_encoder_config_, device, dtype);
}
VAEEncoder Checkpoint::vae_encoder(at::Device device, at::ScalarType dtype, const Patching& patching) const {
  require_half_of_tiny_vae("encoder");
  return build<VAEEncoder>(Part::VAE, vae_config_, device, dtype, patching);
}
VAEDecoder Checkpoint::vae_decoder(at::Device device, at::ScalarType dtype, const Patching& patching) const {
  require_half_of_tiny_vae("decoder");
  return build<VAEDecoder>(Part::VAE, vae_config_, device, dtype, patching);
}
TextEncoder Checkpoint::text_encoder(
    at::Device device, at::ScalarType dtype, Part part, const Patching& patching) const {
  return build<TextEncoder>(part, text_encoder_config(part), device, dtype, patching);
}

const Checkpoint::Text& Checkpoint::text(Part part) const {
  static const Text kNone;
  const auto found = texts_.find(part);
  return found == texts_.end() ? kNone : found->second;
}

Tokenizer Checkpoint::tokenizer(Part part) const { return text(part).kind->tokenizer(tokenizer_files(part), path_); }

}  // namespace weft::sd
