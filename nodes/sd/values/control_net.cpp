// ControlNet: the value that holds one, or a T2I-Adapter.
#include "nodes/sd/networks/control_net.h"

#include <ATen/ATen.h>
#include <c10/core/InferenceMode.h>
#include <fmt/format.h>

#include <mutex>

#include "base/error.h"
#include "nodes/sd/families/checkpoint.h"
#include "nodes/sd/families/t2i_adapter_file.h"
#include "nodes/sd/tensors/precision.h"
#include "nodes/sd/tensors/resize.h"
#include "nodes/sd/values/node_device.h"
#include "nodes/sd/values/per_device.h"
#include "nodes/sd/values/values.h"

namespace weft {

struct ControlNet::Shared final : sd::ControlSource {
  std::shared_ptr<const sd::Checkpoint> checkpoint;
  std::string dtype;
  mutable sd::PerDevice<sd::ControlNet> networks;

  /// What it reads must be what the U-Net reads.
  void require_fit(const sd::NetworkCall& call) const {
    const sd::UNetConfig& own = checkpoint->control_net_config().unet;
    const bool fits = call.context.size(2) == own.context_dim && call.x.size(1) == own.in_channels;
    if (fits && (own.vector_width == 0 || call.vector.defined())) return;
    throw NodeError(
        fmt::format("'{}' was made for another kind of model: it reads a context {} wide, and the model's is {} wide",
            checkpoint->path().filename().string(), own.context_dim, call.context.size(2)),
        "use a ControlNet that was made for this model's family");
  }
};

ControlNet::ControlNet(std::shared_ptr<const sd::Checkpoint> checkpoint, std::string dtype) {
  auto shared = std::make_shared<Shared>();
  shared->checkpoint = std::move(checkpoint);
  shared->dtype = std::move(dtype);
  source_ = std::move(shared);
}

struct ControlNet::Adapter final : sd::ControlSource {
  std::shared_ptr<const sd::T2IAdapterFile> file;
  std::string dtype;
  mutable sd::PerDevice<sd::T2IAdapter> networks;

  /// It sees the picture once: what it says of it is kept for the steps that follow.
  sd::ControlFunction open(const Residency& where) const {
    const at::Device device = sd::torch_device(where.device());
    const at::ScalarType type = sd::unet_dtype(dtype, device);
    const auto network = networks.get(where, file->network(type), [&] { return file->adapter(device, type); });
    struct Seen {
      std::mutex mutex;
      at::Tensor hint;
      std::int64_t width = 0, height = 0;
      sd::ControlResiduals residuals;
    };
    return [network, seen = std::make_shared<Seen>()](const sd::NetworkCall& call, const at::Tensor& hint) {
      constexpr std::int64_t kPixelsALatent = 8;
      const std::int64_t step = network->config().unshuffle;
      const auto side = [&](std::int64_t latents) { return (latents * kPixelsALatent + step - 1) / step * step; };
      const std::int64_t width = side(call.x.size(3)), height = side(call.x.size(2));
      const std::lock_guard lock(seen->mutex);
      if (!seen->hint.is_same(hint) || seen->width != width || seen->height != height)
        seen->residuals = network->forward(sd::resize(hint, width, height, sd::Resize::NearestExact, sd::Crop::Center));
      seen->hint = hint;
      seen->width = width;
      seen->height = height;
      return seen->residuals;
    };
  }
};

ControlNet::ControlNet(std::shared_ptr<const sd::T2IAdapterFile> adapter, std::string dtype) {
  auto shared = std::make_shared<Adapter>();
  shared->file = std::move(adapter);
  shared->dtype = std::move(dtype);
  source_ = std::move(shared);
}

std::shared_ptr<const sd::ControlSource> ControlNet::source() const { return source_; }

sd::ControlFunction open_control(const sd::ControlSource& source, const Residency& where) {
  const c10::InferenceMode inference;
  if (const auto* adapter = dynamic_cast<const ControlNet::Adapter*>(&source)) return adapter->open(where);
  const auto& shared = dynamic_cast<const ControlNet::Shared&>(source);
  const at::Device device = sd::torch_device(where.device());
  const at::ScalarType dtype = sd::unet_dtype(shared.dtype, device);
  const auto network = shared.networks.get(where, shared.checkpoint->network("ControlNet", sd::Part::ControlNet, dtype),
      [&] { return shared.checkpoint->control_net(device, dtype); });
  return [&shared, network](const sd::NetworkCall& call, const at::Tensor& hint) {
    shared.require_fit(call);
    const std::int64_t scale = network->downscale();
    const at::Tensor fitted =
        sd::resize(hint, call.x.size(3) * scale, call.x.size(2) * scale, sd::Resize::NearestExact, sd::Crop::Center);
    return network->forward(call, fitted);
  };
}

}  // namespace weft
