#include "nodes/sd/adapters/ip_adapter_file.h"

#include <ATen/ATen.h>
#include <fmt/format.h>

#include "nodes/sd/families/inspection.h"
#include "nodes/sd/files/model_error.h"

namespace weft::sd {
namespace {

constexpr const char* kRemedy = "use an ip-adapter, ip-adapter-plus, full-face or FaceID file in .safetensors";
constexpr std::int64_t kHeadWidth = 64, kLinearTokens = 4;

std::int64_t size(const TensorMap& tensors, const std::string& name, std::int64_t axis) {
  const auto found = tensors.find("image_proj." + name);
  return found == tensors.end() || found->second.dim() <= axis ? 0 : found->second.size(axis);
}

/// How the file makes tokens of an image, without the U-Net's part.
IPAdapterConfig projection_of(const TensorMap& tensors, const std::string& origin) {
  using Projection = IPAdapterConfig::Projection;
  const auto has = [&](const char* name) { return tensors.contains(std::string("image_proj.") + name); };
  IPAdapterConfig config;
  if (has("perceiver_resampler.proj_in.weight"))
    throw ModelError(origin, "is a FaceID Plus adapter, which is not supported yet", kRemedy);
  if (has("proj.weight")) {
    config.image_width = size(tensors, "proj.weight", 1);
    config.tokens = kLinearTokens;
    config.token_width = size(tensors, "norm.weight", 0);
  } else if (has("latents")) {
    config.projection = Projection::Resampler;
    config.image_width = size(tensors, "proj_in.weight", 1);
    config.tokens = size(tensors, "latents", 1);
    config.hidden = size(tensors, "latents", 2);
    config.token_width = size(tensors, "proj_out.weight", 0);
    config.heads = size(tensors, "layers.0.0.to_q.weight", 0) / kHeadWidth;
    while (has(fmt::format("layers.{}.0.to_q.weight", config.depth).c_str())) ++config.depth;
  } else if (has("proj.3.weight")) {
    config.projection = Projection::FullMlp;
    config.image_width = size(tensors, "proj.0.weight", 1);
    config.hidden = size(tensors, "proj.0.weight", 0);
    config.token_width = size(tensors, "proj.3.weight", 0);
  } else if (has("proj.0.weight") && has("norm.weight")) {
    config.projection = Projection::Mlp;
    config.image_width = size(tensors, "proj.0.weight", 1);
    config.hidden = size(tensors, "proj.0.weight", 0);
    config.token_width = size(tensors, "norm.weight", 0);
    config.tokens = size(tensors, "proj.2.weight", 0) / std::max<std::int64_t>(1, config.token_width);
  } else {
    throw ModelError(origin, "is no IP-Adapter that is known", kRemedy);
  }
  return config;
}

}  // namespace

std::shared_ptr<const IPAdapterFile> IPAdapterFile::open(const std::filesystem::path& path, const UNetConfig& unet) {
  const std::shared_ptr<IPAdapterFile> opened(new IPAdapterFile(path, SafetensorsFile::open(path)));
  opened->read(unet);
  return opened;
}

void IPAdapterFile::read(const UNetConfig& unet) {
  const std::string origin = path_.string();
  for (const auto& [name, entry] : file_.entries())
    if (name.starts_with("image_proj.") || name.starts_with("ip_adapter.")) tensors_[name] = file_.tensor(name);
  config_ = projection_of(tensors_, origin);
  std::int64_t number = 1;
  for (auto found = tensors_.end();
      (found = tensors_.find(fmt::format("ip_adapter.{}.to_k_ip.weight", number))) != tensors_.end(); number += 2)
    config_.widths.push_back(found->second.size(0));
  const std::size_t wanted = attentions_to_context(unet).size();
  if (config_.widths.size() != wanted || config_.token_width != unet.context_dim)
    throw ModelError(origin,
        fmt::format(
            "was made for another kind of model: for {} attentions to a context {} wide, where the model has {} to one "
            "{} wide",
            config_.widths.size(), config_.token_width, wanted, unet.context_dim),
        "use an IP-Adapter that was made for this model's family");
  static_cast<void>(inspect<IPAdapter>(tensors_, config_, origin));
}

std::shared_ptr<const IPAdapter> IPAdapterFile::on(at::Device device, at::ScalarType dtype) const {
  const std::lock_guard lock(mutex_);
  auto& network = networks_[fmt::format("{} {}", device.str(), at::toString(dtype))];
  if (!network)
    network = std::make_shared<const IPAdapter>(
        config_, Weights(std::make_shared<TensorMapSource>(tensors_, path_.string(), dtype, device)));
  return network;
}

}  // namespace weft::sd
