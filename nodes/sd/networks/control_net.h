// A ControlNet (Zhang et al. 2023, arXiv:2302.05543): the half of a U-Net that goes down, which also sees a picture, and whose
// outputs are added to the U-Net's skips and middle. Names of weights are those of diffusers' ControlNetModel. Constant once
// built. [any thread]
#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <memory>
#include <vector>

#include "nodes/sd/networks/network_call.h"
#include "nodes/sd/networks/unet.h"

namespace weft::sd {

struct ControlNetConfig {
  UNetConfig unet;  ///< of the half; what only goes up does not count
  std::int64_t hint_channels = 3;  ///< of the picture
  std::vector<std::int64_t> hint_widths{16, 32, 96, 256};  ///< of its embedding: each but the last halves H and W
  bool global_pool = false;  ///< what it adds is the same everywhere: its mean over the picture ("shuffle")
};

class ControlNet {
 public:
  ControlNet(const ControlNetConfig& config, const Weights& weights);
  ~ControlNet();
  ControlNet(ControlNet&&) noexcept;
  ControlNet& operator=(ControlNet&&) noexcept;

  const ControlNetConfig& config() const;
  at::ScalarType dtype() const;
  /// How many pixels of the hint one latent spans: 8.
  std::int64_t downscale() const;

  /// hint [B, hint_channels, downscale() * H, downscale() * W] in [0, 1], for a call whose x is [B, C, H, W]. The call's
  /// concat and patches are the U-Net's alone.
  ControlResiduals forward(const NetworkCall& call, const at::Tensor& hint) const;

 private:
  struct Parts;
  std::unique_ptr<Parts> parts_;
};

}  // namespace weft::sd
