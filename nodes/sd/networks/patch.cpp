#include "nodes/sd/networks/patch.h"

#include <algorithm>
#include <iterator>

#include "nodes/sd/networks/layers.h"

namespace weft::sd {
namespace {

class PatchedSource final : public WeightSource {
 public:
  PatchedSource(std::shared_ptr<WeightSource> source, Patches patches, const std::string& network)
      : source_(std::move(source)), patches_(std::move(patches)), prefix_(network + ".") {}

  at::Tensor get(const std::string& name, at::IntArrayRef shape, Init init) override {
    at::Tensor tensor = source_->get(name, shape, init);
    for (const auto& patch : patches_) tensor = patch->weight(prefix_ + name, tensor);
    TORCH_CHECK(tensor.sizes() == shape, "a patch gave ", name, " the shape ", tensor.sizes(), " in place of ", shape);
    return tensor;
  }
  bool has(const std::string& name) const override { return source_->has(name); }

 private:
  std::shared_ptr<WeightSource> source_;
  Patches patches_;
  std::string prefix_;
};

template <class Which>
Patches filtered(const Patches& patches, Which which) {
  Patches found;
  std::ranges::copy_if(
      patches, std::back_inserter(found), which, [](const auto& patch) -> const Patch& { return *patch; });
  return found;
}

at::Tensor attend(const Patches& patches, std::size_t count, const AttentionCall& call) {
  while (count > 0 && !patches[count - 1]->attention) --count;
  if (count == 0) return multi_head_attention(call.q, call.k, call.v, call.heads);
  return patches[count - 1]->attention(
      call, [&patches, count](const AttentionCall& next) { return attend(patches, count - 1, next); });
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

std::shared_ptr<WeightSource> patched(
    std::shared_ptr<WeightSource> source, const Patches& patches, const std::string& network) {
  Patches changing = weight_patches(patches);
  if (changing.empty()) return source;
  return std::make_shared<PatchedSource>(std::move(source), std::move(changing), network);
}

at::Tensor patched_attention(const Patches& patches, const AttentionCall& call) {
  return attend(patches, patches.size(), call);
}

at::Tensor patched_block(const Patches& patches, const std::string& block, at::Tensor h) {
  for (const auto& patch : patches)
    if (patch->block) h = patch->block(block, h);
  return h;
}

}  // namespace weft::sd
