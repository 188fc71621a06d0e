// Forms of LyCORIS whose change depends on the weight itself: GLoRA (Chavan et al. 2023, arXiv:2306.07967), W A + B with both of
// low rank, and IA3 (Liu et al. 2022, arXiv:2205.05638), a factor for each output or input.
#include <ATen/ATen.h>

#include <array>
#include <stdexcept>

#include "nodes/sd/adapters/weight_change.h"

namespace weft::sd {
namespace {

void require(bool condition, const char* what) {
  if (!condition) throw std::invalid_argument(what);
}

bool is_glora(const AdapterTensors& tensors) {
  for (const char* role : {"a1", "a2", "b1", "b2"})
    if (!tensors.has(role)) return false;
  return true;
}

/// A = a1 a2 on the inputs, B = b1 b2. Before LyCORIS 2 the names of each pair were the other way round.
WeightChange glora(const AdapterTensors& tensors, double usual_scale) {
  for (const char* role : {"a1", "a2", "b1", "b2"})
    require(tensors.by_role.at(role).dim() >= 2, "its factors are no matrices");
  const auto flat = [&](const char* role) { return tensors.by_role.at(role).flatten(1).sizes().vec(); };
  const bool today = flat("a1")[1] == flat("a2")[0] && flat("b1")[1] == flat("b2")[0];
  const bool before = flat("a2")[1] == flat("a1")[0] && flat("b2")[1] == flat("b1")[0];
  require(today || before, "its factors do not fit each other");
  const std::int64_t rank = today ? flat("a2")[0] : flat("a1")[0];
  require(rank > 0, "its factors are empty");
  const auto alpha = tensors.number("alpha");
  const double scale = alpha ? *alpha / static_cast<double>(rank) : usual_scale;
  return [tensors, scale, today](const at::Tensor& weight, double strength) {
    const auto pair = [&](const char* first, const char* second) {
      return at::matmul(tensors.get(today ? first : second).flatten(1), tensors.get(today ? second : first).flatten(1));
    };
    const at::Tensor on_inputs = pair("a1", "a2"), added = pair("b1", "b2");
    require(weight.dim() > 1 && on_inputs.size(0) == weight.size(1) && on_inputs.size(1) == weight.size(1),
        "its factors a1 and a2 are not of the layer's inputs");
    const at::Tensor changed = at::matmul(weight.transpose(1, -1), on_inputs).transpose(1, -1);
    return plus_change(weight, plus_change(changed.contiguous(), added, 1), strength * scale);
  };
}

bool is_ia3(const AdapterTensors& tensors) { return tensors.has("ia3") && tensors.has("on_input"); }

WeightChange ia3(const AdapterTensors& tensors, double) {
  const bool on_input = tensors.number("on_input").value() != 0;
  return [tensors, on_input](const at::Tensor& weight, double strength) {
    const at::Tensor factors = tensors.get("ia3").flatten();
    const std::int64_t axis = on_input ? 1 : 0;
    require(axis < weight.dim() && factors.size(0) == weight.size(axis), "its factors are not as many as the channels");
    std::vector<std::int64_t> shape(static_cast<std::size_t>(weight.dim()), 1);
    shape[static_cast<std::size_t>(axis)] = -1;
    return weight * (1 + strength * factors.view(shape));
  };
}

}  // namespace

std::span<const AdapterForm> scaled_weight_forms() {
  static constexpr std::array kForms{AdapterForm{"GLoRA", is_glora, glora}, AdapterForm{"IA3", is_ia3, ia3}};
  return kForms;
}

}  // namespace weft::sd
