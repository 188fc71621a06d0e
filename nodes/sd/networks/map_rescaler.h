// A segmentation map brought to the size of the latent that it is concatenated to: halved, and its classes
// mixed into a few channels by a learned 1x1 convolution (Rombach et al. 2022, "spatial rescaler").
//
// Immutable. Checkpoints make it; nodes reach it through encoder_values.h. [any thread]
#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>

namespace weft::sd {

class MapRescaler {
 public:
  /// Halves `halvings` times, by bilinear interpolation each. `mapper` [channels out, classes, 1, 1], or
  /// undefined: the classes stay what they are.
  explicit MapRescaler(std::int64_t halvings, at::Tensor mapper = {});

  std::int64_t halvings() const { return halvings_; }
  /// Classes of the map that the mapper takes; 0 without a mapper: any.
  std::int64_t classes() const { return mapper_.defined() ? mapper_.size(1) : 0; }
  /// Channels that it gives; 0 without a mapper: as many as the map has.
  std::int64_t channels() const { return mapper_.defined() ? mapper_.size(0) : 0; }
  std::size_t bytes() const { return mapper_.defined() ? mapper_.nbytes() : 0; }

  /// map [B, classes, H, W] -> [B, channels, H / 2^n, W / 2^n] float32. Throws std::invalid_argument for
  /// another number of classes and for a map too small to be halved so often.
  at::Tensor operator()(const at::Tensor& map) const;

 private:
  std::int64_t halvings_;
  at::Tensor mapper_;  ///< float32
};

}  // namespace weft::sd
