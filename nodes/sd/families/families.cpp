#include <ATen/ATen.h>
#include <fmt/format.h>

#include <algorithm>

#include "nodes/sd/families/family.h"

namespace weft::sd {

extern const Family kLatentDiffusion, kStableDiffusion1, kStableDiffusion2, kStableDiffusionXL,
    kStableDiffusionXLRefiner, kUnClip;

std::span<const Family* const> families() {
  static constexpr const Family* kFamilies[] = {
      &kUnClip,
      &kStableDiffusionXLRefiner,
      &kStableDiffusionXL,
      &kLatentDiffusion,
      &kStableDiffusion2,
      &kStableDiffusion1,
  };
  return kFamilies;
}

const Family& family_of(const ModelShapes& model) {
  const auto known = families();
  const auto found = std::ranges::find_if(known, [&](const Family* family) { return family->recognises(model); });
  return found == known.end() ? *known.back() : **found;
}

std::string use_a_known_family() {
  std::string names;
  const auto known = families();
  for (std::size_t left = known.size(); left > 0; --left) {
    names += known[left - 1]->name;
    if (left > 1) names += left == 2 ? " or " : ", ";
  }
  return fmt::format("use a {} checkpoint", names);
}

const TensorMap& ModelShapes::part(Part part) const {
  static const TensorMap kNone;
  const auto found = tensors_.find(part);
  return found == tensors_.end() ? kNone : found->second;
}

std::int64_t ModelShapes::size(Part part, const std::string& tensor, std::int64_t axis) const {
  const TensorMap& tensors = this->part(part);
  const auto found = tensors.find(tensor);
  return found == tensors.end() || axis >= found->second.dim() ? 0 : found->second.size(axis);
}

std::int64_t ModelShapes::width() const { return size(Part::UNet, "down_blocks.0.resnets.0.conv1.weight", 0); }

bool ModelShapes::has_linear_projection() const {
  return std::ranges::any_of(part(Part::UNet),
      [](const auto& tensor) { return tensor.first.ends_with(".proj_in.weight") && tensor.second.dim() == 2; });
}

std::int64_t ModelShapes::context_width() const {
  const TensorMap& unet = part(Part::UNet);
  const auto found = std::ranges::find_if(
      unet, [](const auto& tensor) { return tensor.first.ends_with(".attn2.to_k.weight") && tensor.second.dim() > 1; });
  return found == unet.end() ? 0 : found->second.size(1);
}

}  // namespace weft::sd
