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

struct ConditioningEntry;  // sampling/conditioning.h

/// One attention of a network. q is [B, height * width, C], unless a patch around the layer gave it other places; k and v
/// are [B, T, C].
struct AttentionCall {
  const std::string& name;  ///< of its weights: "mid_block.attentions.0.transformer_blocks.0.attn1"
  std::int64_t heads;
  bool self;  ///< the picture attends to itself; false: to the context
  std::int64_t height, width;  ///< of the picture at this level
  at::Tensor q, k, v;
  const NetworkCall* whole = nullptr;  ///< what the network was asked; a network always says it
};
using Attend = std::function<at::Tensor(const AttentionCall&)>;

/// The same with its projections. x [B, height * width, C] is normalised; keys are made of k_context, values of v_context,
/// both [B, T, D]. With `self` all three are one tensor.
struct AttentionLayerCall {
  const std::string& name;
  bool self;
  std::int64_t height, width;
  const NetworkCall& whole;
  at::Tensor x, k_context, v_context;
};
using AttendLayer = std::function<at::Tensor(const AttentionLayerCall&)>;

/// A transformer block between its two attentions.
struct TransformerPlace {
  const std::string& name;  ///< of its weights: "mid_block.attentions.0.transformer_blocks.0"
  std::int64_t height, width;
  const NetworkCall& whole;
};

using ChangeCall = std::function<void(NetworkCall&)>;
using GoDown = std::function<at::Tensor(const at::Tensor& h)>;
enum class GuidanceSide { Positive, Negative };

/// What a patch around guidance is given.
struct GuidanceCall {
  const at::Tensor& x;  ///< the noisy latent [B, C, h, w]
  float sigma;
  double timestep;  ///< of that sigma, 0..999
  double cfg;
  at::Tensor positive;  ///< x0 of the positive side
  at::Tensor negative;  ///< x0 of the negative side; undefined with cfg 1, where nobody asked
  at::Tensor further;  ///< x0 of the patch's own side; undefined if it has none
  at::Tensor guided;  ///< what cfg and the patches before made of them; undefined before guidance
  /// x0 of a side once more, of `x`. Each of its calls is changed first, where `change` is not empty.
  std::function<at::Tensor(GuidanceSide side, const at::Tensor& x, const ChangeCall& change)> ask;
};

/// Any of the functions may be empty.
struct Patch {
  /// Says what the patch does: patches of equal keys do the same.
  std::string key;

  /// Gives the tensor that takes the place of `base` (float32, on the CPU, of the network's shape), of the same kind, or
  /// `base` itself. It must not write to `base`, which may be the file. What comes of all patches is rounded once, to the
  /// network's type. Names begin with that of the network's folder in diffusers' layout: "unet.conv_in.weight",
  /// "text_encoder_2.text_model.final_layer_norm.bias". Several threads call it at once.
  std::function<at::Tensor(const std::string& name, const at::Tensor& base)> weight = {};
  /// Which weights it may change: all others are shared with the plain network. Empty: any.
  std::function<bool(const std::string& name)> changes = {};

  // Within a call, from the outside in. What is given to next() is what the network goes on with.

  /// Around the whole network: may answer without asking it.
  std::function<at::Tensor(const NetworkCall& call, const Network& next)> network = {};
  /// After a step down, counted from 0 (conv_in; then layers and downsamplers as they come): may change h, which goes on
  /// down, and skip, which goes up again. Both are the step's output at first. They must be replaced, not written to.
  std::function<void(std::int64_t step, const NetworkCall& whole, at::Tensor& h, at::Tensor& skip)> down = {};
  /// Around all that lies below a step down: gives what meets that step's skip on the way up.
  std::function<at::Tensor(std::int64_t step, const NetworkCall& whole, const at::Tensor& h, const GoDown& next)>
      below = {};
  /// Before a layer on the way up ("up_blocks.2.1"): may change h, which comes from below, and the skip beside it.
  std::function<void(const std::string& block, const NetworkCall& whole, at::Tensor& h, at::Tensor& skip)> up = {};
  /// After a layer (a residual block with its attention): gives what takes the place of its output h. Blocks are named by
  /// level and layer: "down_blocks.1.0", "mid_block.1", "up_blocks.2.1".
  std::function<at::Tensor(const std::string& block, const at::Tensor& h)> block = {};
  /// Around an attention with its projections: gives its output [B, height * width, C], which is then added to the picture.
  std::function<at::Tensor(const AttentionLayerCall& call, const AttendLayer& next)> attention_layer = {};
  /// Around an attention: gives its output [B, places of q, C].
  std::function<at::Tensor(const AttentionCall& call, const Attend& next)> attention = {};
  /// Between self-attention and attention to the context: gives what takes the place of x [B, height * width, C].
  std::function<at::Tensor(const TransformerPlace& place, const at::Tensor& x)> between = {};

  // Around guidance, in this order; a patch's place in the stack counts among those of one kind.

  /// Around a whole step, both sides and guidance: gives the guided x0 of x. It may answer without asking; samplers that
  /// need the negative side by itself (cfg++) do without it.
  std::function<at::Tensor(const at::Tensor& x, float sigma, const std::function<at::Tensor()>& next)> step = {};
  /// A further side: what else the model is asked at each step (call.further).
  std::shared_ptr<const std::vector<ConditioningEntry>> side = {};
  bool needs_negative = false;  ///< the negative side is asked also with cfg 1
  /// Before guidance: may change call.positive and call.negative.
  std::function<void(GuidanceCall& call)> sides = {};
  /// In place of negative + (positive - negative) * cfg, where there are both. Of a stack the last one counts.
  std::function<at::Tensor(const GuidanceCall& call)> combine = {};
  /// After guidance: gives the guided x0.
  std::function<at::Tensor(const GuidanceCall& call)> guidance = {};

  /// For a patch that remembers something from step to step: gives the patch for one sampling, whose functions take the
  /// place of all above but `weight`. They are called by one thread, and may change what they hold.
  std::function<Patch()> begin = {};

  bool is_within_calls() const {
    return network || down || below || up || block || attention_layer || attention || between;
  }
};

/// Those of a stack that change weights: what a network that is built depends on.
Patches weight_patches(const Patches& patches);
/// Those that act within each call.
Patches call_patches(const Patches& patches);

/// Of a whole stack: equal stacks have equal keys, other ones other keys. Empty without patches.
std::string key_of(const Patches& patches);

/// Those that may change one tensor, named as Patch::weight is given it.
Patches patches_of(const std::string& name, const Patches& patches);

/// The stack for one sampling: those that remember begin anew.
Patches begun(const Patches& patches);

/// Each with all patches around it, the last one outermost.
at::Tensor patched_network(const NetworkCall& call, const Network& network);
at::Tensor patched_below(std::int64_t step, const NetworkCall& whole, const at::Tensor& h, const GoDown& below);
at::Tensor patched_attention_layer(const AttentionLayerCall& call, const AttendLayer& layer);
at::Tensor patched_attention(const Patches& patches, const AttentionCall& call);

/// One after the other.
void patch_down(std::int64_t step, const NetworkCall& whole, at::Tensor& h, at::Tensor& skip);
void patch_up(const std::string& block, const NetworkCall& whole, at::Tensor& h, at::Tensor& skip);
at::Tensor patched_block(const Patches& patches, const std::string& block, at::Tensor h);
at::Tensor patched_between(const TransformerPlace& place, at::Tensor x);

}  // namespace weft::sd
