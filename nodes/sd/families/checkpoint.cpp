// Building the networks of a Checkpoint, which checkpoint_reader.cpp read.
#include "nodes/sd/families/checkpoint.h"

#include <ATen/ATen.h>
#include <fmt/format.h>

#include "base/cancel_point.h"
#include "nodes/sd/files/model_error.h"

namespace weft::sd {
namespace {

/// Tensors of mapped files. What was read of a file is given back to the system on the way: a network has its
/// own copy of almost everything, and a model that is in memory twice would be the peak of the whole run.
class MappedWeights final : public WeightSource {
 public:
  MappedWeights(TensorMapSource source, const std::vector<SafetensorsFile>& files)
      : source_(std::move(source)), files_(files) {}
  ~MappedWeights() override { release(); }

  at::Tensor get(const std::string& name, at::IntArrayRef shape, Init init) override {
    cancel_point();
    at::Tensor tensor = source_.get(name, shape, init);
    read_ += tensor.nbytes();
    if (read_ > kReleaseAfter) release();
    return tensor;
  }
  bool has(const std::string& name) const override { return source_.has(name); }

 private:
  static constexpr std::size_t kReleaseAfter = std::size_t{128} << 20;

  void release() {
    for (const auto& file : files_) file.release_memory();
    read_ = 0;
  }

  TensorMapSource source_;
  const std::vector<SafetensorsFile>& files_;
  std::size_t read_ = 0;
};

}  // namespace

const TensorMap& Checkpoint::tensors(Part part) const {
  static const TensorMap kNone;
  const auto found = parts_.find(part);
  return found == parts_.end() ? kNone : found->second;
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

template <class Network, class Config>
Network Checkpoint::build(
    Part part, const Config& config, at::Device device, at::ScalarType dtype, const Patches& patches) const {
  if (!has(part)) throw ModelError(path_.string(), absence(part), "use a model that has one");
  const auto scales = scales_.find(part);
  TensorMapSource source(
      tensors(part), path_.string(), dtype, device, scales == scales_.end() ? TensorMap() : scales->second);
  return Network(config,
      Weights(patched(
          std::make_shared<MappedWeights>(std::move(source), files_), patches, std::string(info(part).folder))));
}

UNet Checkpoint::unet(at::Device device, at::ScalarType dtype, const Patches& patches) const {
  return build<UNet>(Part::UNet, unet_config_, device, dtype, patches);
}
ControlNet Checkpoint::control_net(at::Device device, at::ScalarType dtype) const {
  return build<ControlNet>(Part::ControlNet, control_net_config_, device, dtype);
}
VAEEncoder Checkpoint::vae_encoder(at::Device device, at::ScalarType dtype) const {
  return build<VAEEncoder>(Part::VAE, vae_config_, device, dtype);
}
VAEDecoder Checkpoint::vae_decoder(at::Device device, at::ScalarType dtype) const {
  return build<VAEDecoder>(Part::VAE, vae_config_, device, dtype);
}
TextEncoder Checkpoint::text_encoder(at::Device device, at::ScalarType dtype, Part part, const Patches& patches) const {
  return build<TextEncoder>(part, text_encoder_config(part), device, dtype, patches);
}

const Checkpoint::Text& Checkpoint::text(Part part) const {
  static const Text kNone;
  const auto found = texts_.find(part);
  return found == texts_.end() ? kNone : found->second;
}

Tokenizer Checkpoint::tokenizer(Part part) const { return text(part).kind->tokenizer(tokenizer_files(part), path_); }

}  // namespace weft::sd
