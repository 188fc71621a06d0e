#include "nodes/sd/values/clip_vision.h"

#include <ATen/ATen.h>
#include <c10/core/InferenceMode.h>
#include <fmt/format.h>

#include "base/error.h"
#include "nodes/sd/families/checkpoint.h"
#include "nodes/sd/tensors/precision.h"
#include "nodes/sd/values/node_device.h"
#include "nodes/sd/values/per_device.h"

namespace weft {

struct ClipVision::Shared {
  std::shared_ptr<const sd::Checkpoint> checkpoint;
  sd::PerDevice<sd::VisionEncoder> encoders;
};

ClipVision::ClipVision(std::shared_ptr<const sd::Checkpoint> checkpoint) : shared_(std::make_shared<Shared>()) {
  shared_->checkpoint = std::move(checkpoint);
}

sd::VisionEncoding ClipVision::encode(const at::Tensor& pictures, bool crop, const Residency& where) const {
  const sd::Checkpoint& checkpoint = *shared_->checkpoint;
  if (!checkpoint.has(sd::Part::VisionEncoder))
    throw NodeError(
        fmt::format("'{}' {}", checkpoint.path().filename().string(), checkpoint.absence(sd::Part::VisionEncoder)),
        "load one with Load CLIP Vision (clip_vision.load)");
  const c10::InferenceMode inference;
  const at::Device device = sd::torch_device(where.device());
  const auto encoder =
      shared_->encoders.get(where, checkpoint.network("vision encoder", sd::Part::VisionEncoder, sd::kTextEncoderDtype),
          [&] { return checkpoint.vision_encoder(device, sd::kTextEncoderDtype); });
  const at::Tensor pixels = sd::clip_pixels(pictures, encoder->config().picture, crop).to(device);
  const sd::VisionEncoding encoding = encoder->forward(pixels);
  return {encoding.embedding.cpu(), encoding.hidden.cpu(), encoding.penultimate.cpu()};
}

std::size_t ClipVisionOutput::bytes() const {
  return encoding.embedding.nbytes() + encoding.hidden.nbytes() + encoding.penultimate.nbytes();
}

}  // namespace weft
