// Patch: a change to a network that keeps the network's code as it is. It may change weights as they are loaded (a LoRA),
// what happens within a call (attention, a block's output), or how the two sides of guidance become one. A value carries a
// stack of patches (Model::with, Clip::with) and shares everything else with the value that it was made from.
//
// Nodes make patches. The networks and the denoiser call them, on several threads at once, so a patch's functions
// change nothing that they hold. [any thread] Where there is no patch, a layer checks one pointer.
#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "nodes/sd/networks/network_call.h"
#include "nodes/sd/networks/weights.h"

namespace weft::sd {

/// One attention of a network. q is [B, height * width, C]; k and v are [B, T, C].
struct AttentionCall {
  const std::string& name;  ///< of its weights: "mid_block.attentions.0.transformer_blocks.0.attn1"
  std::int64_t heads;
  bool self;  ///< the picture attends to itself; false: to the context
  std::int64_t height, width;  ///< of the picture at this level
  at::Tensor q, k, v;
};
using Attend = std::function<at::Tensor(const AttentionCall&)>;

using ChangeCall = std::function<void(NetworkCall&)>;

/// What a patch around guidance is given.
struct GuidanceCall {
  const at::Tensor& x;  ///< the noisy latent [B, C, h, w]
  float sigma;
  double cfg;
  at::Tensor positive;  ///< x0 of the positive side
  at::Tensor negative;  ///< x0 of the negative side; undefined with cfg 1, where nobody asked
  at::Tensor guided;  ///< what cfg and the patches before made of them
  /// x0 of the positive side once more. Each of its calls is changed first.
  std::function<at::Tensor(const ChangeCall& change)> ask_again;
};

/// Any of the functions may be empty.
struct Patch {
  /// Says what the patch does: patches of equal keys do the same.
  std::string key;

  /// Gives the tensor that takes the place of `base` (of the same shape, type and device), or `base` itself. It must not
  /// write to `base`, which may be the file. Names begin with that of the network's folder in diffusers' layout:
  /// "unet.conv_in.weight", "text_encoder_2.text_model.final_layer_norm.bias".
  std::function<at::Tensor(const std::string& name, const at::Tensor& base)> weight = {};
  /// Around an attention: gives its output [B, height * width, C]; next() goes on with what is given to it.
  std::function<at::Tensor(const AttentionCall& call, const Attend& next)> attention = {};
  /// After a layer (a residual block with its attention): gives what takes the place of its output h. Blocks are named by
  /// level and layer: "down_blocks.1.0", "mid_block.1", "up_blocks.2.1".
  std::function<at::Tensor(const std::string& block, const at::Tensor& h)> block = {};
  /// After guidance: gives the guided x0.
  std::function<at::Tensor(const GuidanceCall& call)> guidance = {};

  bool is_within_calls() const { return attention || block; }
};

/// Those of a stack that change weights: what a network that is built depends on.
Patches weight_patches(const Patches& patches);
/// Those that act within each call.
Patches call_patches(const Patches& patches);

/// Of a whole stack: equal stacks have equal keys, other ones other keys. Empty without patches.
std::string key_of(const Patches& patches);

/// `source`, the weights of `network` ("unet"), changed by all patches in turn; `source` itself where none changes weights.
std::shared_ptr<WeightSource> patched(
    std::shared_ptr<WeightSource> source, const Patches& patches, const std::string& network);

/// The attention with all patches around it, the last one outermost.
at::Tensor patched_attention(const Patches& patches, const AttentionCall& call);
at::Tensor patched_block(const Patches& patches, const std::string& block, at::Tensor h);

}  // namespace weft::sd
