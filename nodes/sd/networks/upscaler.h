// Networks that make pictures larger: ESRGAN's residual-in-residual dense blocks (Wang et al. 2018, arXiv:1809.00219), with the
// pixel unshuffle of Real-ESRGAN (arXiv:2107.10833) and the further ways of ESRGAN+ (arXiv:2001.08073), Real-ESRGAN's compact
// network, and those with a file of their own (upscaler_network.h). Names of weights are BasicSR's. Constant once built.
// [any thread]
#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <memory>

#include "nodes/sd/networks/upscaler_config.h"
#include "nodes/sd/networks/weights.h"

namespace weft::sd {

class UpscalerNetwork;

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
  UpscalerConfig config_;
  std::unique_ptr<const UpscalerNetwork> network_;
};

}  // namespace weft::sd
