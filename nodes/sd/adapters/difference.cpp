// Changes that a file holds whole: differences ("diff", "w_norm"), and weights that take the place of others ("set_weight").
#include <ATen/ATen.h>

#include <array>
#include <stdexcept>

#include "nodes/sd/adapters/weight_change.h"

namespace weft::sd {
namespace {

bool is_difference(const AdapterTensors& tensors) { return tensors.has("diff"); }

WeightChange difference(const AdapterTensors& tensors, double) {
  return [tensors](
             const at::Tensor& weight, double strength) { return plus_change(weight, tensors.get("diff"), strength); };
}

bool is_whole(const AdapterTensors& tensors) { return tensors.has("set_weight"); }

WeightChange whole(const AdapterTensors& tensors, double) {
  return [tensors](const at::Tensor& weight, double) {
    const at::Tensor set = tensors.get("set_weight");
    if (set.numel() != weight.numel()) throw std::invalid_argument("its weight is of another shape");
    return set.reshape(weight.sizes());
  };
}

}  // namespace

std::span<const AdapterForm> difference_forms() {
  static constexpr std::array kForms{
      AdapterForm{"difference", is_difference, difference}, AdapterForm{"weight", is_whole, whole}};
  return kForms;
}

}  // namespace weft::sd
