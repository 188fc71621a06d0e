// The values of the encoders beside text: what turns a class or a segmentation map into conditioning. Cheap to copy.
// [any thread]
//
// A checkpoint gives them always, so that its ports do not depend on the file; get() says it if the model has none.
#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "nodes/sd/networks/label_table.h"
#include "nodes/sd/networks/map_rescaler.h"

namespace weft {

class LabelEncoder {
 public:
  static constexpr std::string_view kType = "label_encoder";

  /// `origin`: the model, for the message of an encoder that is not there (null).
  LabelEncoder(std::shared_ptr<const sd::LabelTable> encoder, std::string origin);

  /// Throws NodeError where the model has no classes.
  const sd::LabelTable& get() const;
  std::size_t bytes() const { return encoder_ ? encoder_->bytes() : 0; }

 private:
  std::shared_ptr<const sd::LabelTable> encoder_;
  std::string origin_;
};

class SpatialRescaler {
 public:
  static constexpr std::string_view kType = "spatial_rescaler";

  /// `origin`: the model, for the message of a rescaler that is not there (null).
  SpatialRescaler(std::shared_ptr<const sd::MapRescaler> rescaler, std::string origin);

  /// Throws NodeError where the model takes no segmentation maps by a rescaler.
  const sd::MapRescaler& get() const;
  std::size_t bytes() const { return rescaler_ ? rescaler_->bytes() : 0; }

 private:
  std::shared_ptr<const sd::MapRescaler> rescaler_;
  std::string origin_;
};

}  // namespace weft
