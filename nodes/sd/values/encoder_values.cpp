#include "nodes/sd/values/encoder_values.h"

#include <fmt/format.h>

#include "base/error.h"

namespace weft {

LabelEncoder::LabelEncoder(std::shared_ptr<const sd::LabelTable> encoder, std::string origin)
    : encoder_(std::move(encoder)), origin_(std::move(origin)) {}

const sd::LabelTable& LabelEncoder::get() const {
  if (encoder_) return *encoder_;
  throw NodeError(fmt::format("'{}' was not trained on classes, so it knows no labels", origin_),
      "use a class-conditional model, or encode a text");
}

SpatialRescaler::SpatialRescaler(std::shared_ptr<const sd::MapRescaler> rescaler, std::string origin)
    : rescaler_(std::move(rescaler)), origin_(std::move(origin)) {}

const sd::MapRescaler& SpatialRescaler::get() const {
  if (rescaler_) return *rescaler_;
  throw NodeError(fmt::format("'{}' has no rescaler for segmentation maps", origin_),
      "use a model for semantic synthesis, or connect none if it takes the map as it is");
}

}  // namespace weft
