// NetworkCall: all that a U-Net is asked in one evaluation. The denoiser fills it in, whoever steers a network (ControlNet,
// a patch) adds to it, and UNet::forward answers it. Copies are cheap, as tensors are shared. Any thread.
#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <functional>
#include <memory>
#include <vector>

namespace weft::sd {

struct Patch;
using Patches =
    std::vector<std::shared_ptr<const Patch>>;  ///< a stack: what each does is done to what those before gave

#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wattributes"  // libtorch's headers make std::vector<at::Tensor> a hidden type
/// What a ControlNet adds inside the U-Net (Zhang et al. 2023, arXiv:2302.05543), where diffusers adds it.
struct ControlResiduals {
  std::vector<at::Tensor> down;  ///< one for each skip, in the order in which they are made (conv_in's first); or none
  at::Tensor mid;  ///< to the middle block's output; undefined: nothing
  /// What a T2I-Adapter (Mou et al. 2023, arXiv:2302.08453) adds to the steps down themselves, and so to their skips, too: in
  /// the order of `down`, as many as there are; undefined ones: nothing.
  std::vector<at::Tensor> within = {};
};

struct NetworkCall {
  at::Tensor x;  ///< [B, C, H, W], scaled as the network was trained
  at::Tensor timesteps;  ///< [B], any number type, 0..999, fractions allowed
  at::Tensor context;  ///< [B, T, D]: what cross-attention attends to
  at::Tensor vector = {};  ///< [B, V], whose embedding is added to the time's (SDXL); or undefined
  at::Tensor guidance = {};  ///< [B], cfg - 1, for a U-Net that takes it as an input (UNetConfig); undefined: 0
  at::Tensor concat = {};  ///< [B, C', H, W]: further channels, which the network sees behind those of x; or undefined
  ControlResiduals control = {};
  Patches patches = {};  ///< around attention and blocks (patch.h)
  float sigma = 0;  ///< the noise in x before it was scaled; patches may ask for it
  /// Whose the equal parts of the batch are, in their order: 0 the positive side of guidance, 1 the negative one, 2 and up
  /// what patches ask beside them. Empty where nobody said it.
  std::vector<std::int64_t> sides = {};
};

/// Gives [B, C, H, W] of any float type. It casts what it is given to the type that it computes in.
using Network = std::function<at::Tensor(const NetworkCall&)>;

}  // namespace weft::sd
