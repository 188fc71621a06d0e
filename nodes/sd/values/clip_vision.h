// CLIP's vision encoder, and what it gives. Cheap to copy. [any thread]
#pragma once

#include <ATen/core/Tensor.h>

#include <memory>
#include <string_view>

#include "graph/residency.h"
#include "nodes/sd/networks/vision_encoder.h"

namespace weft {

namespace sd {
class Checkpoint;
}  // namespace sd

/// The encoder. The first use on a device builds it there, in float32.
class ClipVision {
 public:
  static constexpr std::string_view kType = "clip_vision";

  /// A checkpoint gives one always, so that its ports do not depend on the file.
  explicit ClipVision(std::shared_ptr<const sd::Checkpoint> checkpoint);

  /// pictures [B, 3, H, W] float32 in [0, 1], as sd::clip_pixels() takes them. Throws NodeError where the model has no
  /// vision encoder.
  sd::VisionEncoding encode(const at::Tensor& pictures, bool crop, const Residency& where) const;

 private:
  struct Shared;
  std::shared_ptr<Shared> shared_;
};

/// What a vision encoder saw in pictures, on the CPU in float32.
struct ClipVisionOutput {
  static constexpr std::string_view kType = "clip_vision_output";

  sd::VisionEncoding encoding;

  std::size_t bytes() const;
};

}  // namespace weft
