// Networks that make pictures larger: ESRGAN's residual-in-residual dense blocks (Wang et al. 2018, arXiv:1809.00219), with the
// pixel unshuffle of Real-ESRGAN (arXiv:2107.10833), and Real-ESRGAN's compact network. Names of weights are BasicSR's.
// Constant once built. [any thread]
#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <memory>

#include "nodes/sd/networks/weights.h"

namespace weft::sd {

struct UpscalerConfig {
  enum class Kind { DenseBlocks, Compact };
  Kind kind = Kind::DenseBlocks;
  std::int64_t image_channels = 3;
  std::int64_t features = 64;
  std::int64_t growth = 32;  ///< of the dense blocks: what each of their convolutions adds
  std::int64_t blocks = 23;  ///< dense: blocks of three; compact: convolutions between the first and the last
  std::int64_t doublings = 2;  ///< dense: how often the picture is made twice as large
  std::int64_t unshuffle = 1;  ///< dense: places of so many by so many pixels are one at first
  std::int64_t compact_scale = 4;

  /// How much larger the picture becomes.
  std::int64_t scale() const {
    return kind == Kind::Compact ? compact_scale : (std::int64_t{1} << doublings) / unshuffle;
  }
};

class Upscaler {
 public:
  Upscaler(const UpscalerConfig& config, const Weights& weights);
  ~Upscaler();
  Upscaler(Upscaler&&) noexcept;
  Upscaler& operator=(Upscaler&&) noexcept;

  const UpscalerConfig& config() const;
  /// image [B, C, H, W] in [0, 1] (C = image_channels); gives [B, C, scale * H, scale * W] of its type, not clamped.
  at::Tensor forward(const at::Tensor& image) const;

 private:
  struct Network;
  struct DenseNetwork;
  struct CompactNetwork;
  UpscalerConfig config_;
  std::unique_ptr<const Network> network_;
};

}  // namespace weft::sd
