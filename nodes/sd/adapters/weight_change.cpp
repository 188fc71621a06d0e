#include "nodes/sd/adapters/weight_change.h"

#include <ATen/ATen.h>
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <stdexcept>

namespace weft::sd {

at::Tensor AdapterTensors::get(std::string_view role) const {
  const auto found = by_role.find(std::string(role));
  return found == by_role.end() ? at::Tensor() : found->second.to(at::kFloat);
}

std::optional<double> AdapterTensors::number(std::string_view role) const {
  const auto found = by_role.find(std::string(role));
  if (found == by_role.end()) return std::nullopt;
  if (found->second.numel() != 1) throw std::invalid_argument(fmt::format("its {} is no single number", role));
  return found->second.item().toDouble();
}

at::Tensor plus_change(const at::Tensor& weight, const at::Tensor& change, double strength) {
  if (change.numel() != weight.numel())
    throw std::invalid_argument(fmt::format("its change has the shape [{}], the weight [{}]",
        fmt::join(change.sizes(), ", "), fmt::join(weight.sizes(), ", ")));
  return weight + change.reshape(weight.sizes()) * strength;
}

at::Tensor with_magnitude(const at::Tensor& changed, const at::Tensor& magnitude, double strength) {
  const std::int64_t outputs = changed.size(0), inputs = changed.dim() > 1 ? changed.size(1) : 1;
  const bool of_inputs = magnitude.dim() > 1 && magnitude.size(0) == 1 && magnitude.size(1) == inputs && outputs != 1;
  if (magnitude.numel() != (of_inputs ? inputs : outputs))
    throw std::invalid_argument(fmt::format("its magnitude has the shape [{}], the weight [{}]",
        fmt::join(magnitude.sizes(), ", "), fmt::join(changed.sizes(), ", ")));
  const at::Tensor rows = (of_inputs ? changed.transpose(0, 1) : changed).flatten(1);
  const at::Tensor norms = rows.norm(2, {1}) + 1.1920929e-7;  // float's epsilon, as in LyCORIS
  std::vector<std::int64_t> shape(static_cast<std::size_t>(changed.dim()), 1);
  shape[of_inputs ? 1 : 0] = -1;
  const at::Tensor factor = (magnitude.flatten() / norms).view(shape);
  return changed * (1 + strength * (factor - 1));
}

namespace {

/// As with_magnitude(), by ComfyUI's formula: the magnitudes of outputs are by those of the weight as it was.
at::Tensor with_magnitude_as_comfyui(
    const at::Tensor& weight, const at::Tensor& changed, const at::Tensor& magnitude, double strength) {
  const bool of_outputs = magnitude.dim() > 0 && magnitude.size(0) == weight.size(0);
  const at::Tensor rows = (of_outputs ? weight : changed.transpose(0, 1)).flatten(1);
  if (magnitude.numel() != rows.size(0))
    throw std::invalid_argument(fmt::format("its magnitude has the shape [{}], the weight [{}]",
        fmt::join(magnitude.sizes(), ", "), fmt::join(weight.sizes(), ", ")));
  std::vector<std::int64_t> shape(static_cast<std::size_t>(weight.dim()), 1);
  shape[of_outputs ? 0 : 1] = -1;
  const at::Tensor factor = (magnitude.flatten() / (rows.norm(2, {1}) + 1.1920929e-7)).view(shape);
  return weight + strength * (changed * factor - weight);
}

}  // namespace

at::Tensor decomposed(
    const AdapterTensors& tensors, const at::Tensor& weight, const at::Tensor& change, double strength) {
  const at::Tensor magnitude = tensors.get("dora_scale");
  if (!magnitude.defined()) return plus_change(weight, change, strength);
  const at::Tensor changed = plus_change(weight, change, 1);
  return tensors.dora_as_comfyui && weight.dim() > 1 ? with_magnitude_as_comfyui(weight, changed, magnitude, strength)
                                                     : with_magnitude(changed, magnitude, strength);
}

const AdapterForm* form_of(const AdapterTensors& tensors) {
  for (const auto forms :
      {low_rank_forms(), lycoris_forms(), scaled_weight_forms(), orthogonal_forms(), difference_forms()})
    for (const AdapterForm& form : forms)
      if (form.recognises(tensors)) return &form;
  return nullptr;
}

}  // namespace weft::sd
