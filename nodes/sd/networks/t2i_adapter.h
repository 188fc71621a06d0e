// A T2I-Adapter (Mou et al. 2023, arXiv:2302.08453): a small network that sees a picture once and adds to a U-Net on its way
// down. The full one, the light one, and the full one for Stable Diffusion XL. Names of weights are those of diffusers'
// T2IAdapter, without "adapter.". Constant once built. [any thread]
#pragma once

#include <cstdint>
#include <memory>
#include <vector>

#include "nodes/sd/networks/layers.h"
#include "nodes/sd/networks/network_call.h"

namespace weft::sd {

struct T2IAdapterConfig {
  bool light = false;  ///< narrow inside
  bool xl = false;  ///< halves once, not three times, after a larger unshuffling
  std::int64_t unshuffle = 8;  ///< pixels high and wide that become channels; 16 for XL
  std::int64_t hint_channels = 3;  ///< 1: of a grey picture
  std::vector<std::int64_t> channels{320, 640, 1280, 1280};  ///< one a level, as the U-Net's
  std::int64_t blocks = 2;  ///< residual ones a level
  std::int64_t kernel = 1;  ///< of a block's second convolution
};

class T2IAdapter {
 public:
  T2IAdapter(const T2IAdapterConfig& config, const Weights& weights);
  ~T2IAdapter();
  T2IAdapter(T2IAdapter&&) noexcept;
  T2IAdapter& operator=(T2IAdapter&&) noexcept;

  const T2IAdapterConfig& config() const;
  at::ScalarType dtype() const;

  /// hint [B, 1 or 3, H, W] in [0, 1], H and W multiples of config().unshuffle. What a U-Net of the kind that it was made for
  /// adds on its way down: to the last layer of each level, of XL also in the middle.
  ControlResiduals forward(const at::Tensor& hint) const;

 private:
  struct Parts;
  std::unique_ptr<Parts> parts_;
};

}  // namespace weft::sd
