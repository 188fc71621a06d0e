#include "nodes/sd/networks/patch.h"

#include <algorithm>
#include <iterator>

#include "nodes/sd/networks/layers.h"

namespace weft::sd {
namespace {

template <class Which>
Patches filtered(const Patches& patches, Which which) {
  Patches found;
  std::ranges::copy_if(
      patches, std::back_inserter(found), which, [](const auto& patch) -> const Patch& { return *patch; });
  return found;
}

/// innermost(call) within the first `count` patches, each of whose members `around` goes around it.
template <class Around, class Inner, class Call>
at::Tensor nested(const Patches& patches, std::size_t count, Around around, const Inner& innermost, const Call& call) {
  while (count > 0 && !((*patches[count - 1]).*around)) --count;
  if (count == 0) return innermost(call);
  return ((*patches[count - 1]).*around)(
      call, [&, count](const Call& next) { return nested(patches, count - 1, around, innermost, next); });
}

}  // namespace

Patches weight_patches(const Patches& patches) {
  return filtered(patches, [](const Patch& patch) { return bool(patch.weight); });
}

Patches call_patches(const Patches& patches) { return filtered(patches, &Patch::is_within_calls); }

std::string key_of(const Patches& patches) {
  std::string key;
  for (const auto& patch : patches) key += std::to_string(patch->key.size()) + ":" + patch->key;
  return key;
}

Patches patches_of(const std::string& name, const Patches& patches) {
  return filtered(patches, [&](const Patch& patch) { return patch.weight && (!patch.changes || patch.changes(name)); });
}

Patches begun(const Patches& patches) {
  Patches fresh = patches;
  for (auto& patch : fresh)
    if (patch->begin) patch = std::make_shared<const Patch>(patch->begin());
  return fresh;
}

at::Tensor patched_network(const NetworkCall& call, const Network& network) {
  return nested(call.patches, call.patches.size(), &Patch::network, network, call);
}

at::Tensor patched_below(std::int64_t step, const NetworkCall& whole, const at::Tensor& h, const GoDown& below) {
  GoDown go = below;
  for (const auto& patch : whole.patches)
    if (patch->below)
      go = [&whole, step, patch, next = std::move(go)](
               const at::Tensor& x) { return patch->below(step, whole, x, next); };
  return go(h);
}

at::Tensor patched_attention_layer(const AttentionLayerCall& call, const AttendLayer& layer) {
  const Patches& patches = call.whole.patches;
  return nested(patches, patches.size(), &Patch::attention_layer, layer, call);
}

at::Tensor patched_attention(const Patches& patches, const AttentionCall& call) {
  const auto attend = [](const AttentionCall& inner) {
    return multi_head_attention(inner.q, inner.k, inner.v, inner.heads);
  };
  return nested(patches, patches.size(), &Patch::attention, attend, call);
}

void patch_down(std::int64_t step, const NetworkCall& whole, at::Tensor& h, at::Tensor& skip) {
  for (const auto& patch : whole.patches)
    if (patch->down) patch->down(step, whole, h, skip);
}

void patch_up(const std::string& block, const NetworkCall& whole, at::Tensor& h, at::Tensor& skip) {
  for (const auto& patch : whole.patches)
    if (patch->up) patch->up(block, whole, h, skip);
}

at::Tensor patched_block(const Patches& patches, const std::string& block, at::Tensor h) {
  for (const auto& patch : patches)
    if (patch->block) h = patch->block(block, h);
  return h;
}

at::Tensor patched_between(const TransformerPlace& place, at::Tensor x) {
  for (const auto& patch : place.whole.patches)
    if (patch->between) x = patch->between(place, x);
  return x;
}

}  // namespace weft::sd
