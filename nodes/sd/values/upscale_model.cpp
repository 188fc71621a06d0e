// UpscaleModel: the value that holds a network for larger pictures.
#include <ATen/ATen.h>
#include <c10/core/InferenceMode.h>

#include "nodes/sd/families/upscaler_file.h"
#include "nodes/sd/values/node_device.h"
#include "nodes/sd/values/per_device.h"
#include "nodes/sd/values/values.h"

namespace weft {

struct UpscaleModel::Shared {
  std::shared_ptr<const sd::UpscalerFile> file;
  sd::PerDevice<sd::Upscaler> networks;
};

UpscaleModel::UpscaleModel(std::shared_ptr<const sd::UpscalerFile> file) : shared_(std::make_shared<Shared>()) {
  shared_->file = std::move(file);
}

std::int64_t UpscaleModel::scale() const { return shared_->file->config().scale(); }

std::function<at::Tensor(const at::Tensor&)> UpscaleModel::on(const Residency& where) const {
  const at::Device device = sd::torch_device(where.device());
  const c10::InferenceMode inference;
  const auto network =
      shared_->networks.get(where, shared_->file->network(), [&] { return shared_->file->upscaler(device); });
  return [network](const at::Tensor& image) { return network->forward(image); };
}

}  // namespace weft
