// LoRA (Hu et al. 2021, arXiv:2106.09685): D = up down, times alpha / rank. For convolutions as in LoCon, with a core in the
// middle where it is factorised further. Its scale is 1 where the file has no alpha.
#include <ATen/ATen.h>
#include <fmt/format.h>

#include <array>
#include <stdexcept>

#include "nodes/sd/adapters/weight_change.h"

namespace weft::sd {
namespace {

void require_fit(const at::Tensor& up, const at::Tensor& down) {
  if (up.dim() < 2 || down.dim() < 2 || up.flatten(1).size(1) != down.size(0))
    throw std::invalid_argument("its two factors do not fit each other");
}

/// [out, rank] [rank, in k k], also of 1x1 convolutions.
at::Tensor product(const at::Tensor& up, const at::Tensor& down) {
  require_fit(up, down);
  return at::matmul(up.flatten(1), down.flatten(1));
}

/// weight + up down * scale, in one pass over the weight: most of a LoRA's time goes here.
at::Tensor plus_product(const at::Tensor& weight, const at::Tensor& up, const at::Tensor& down, double scale) {
  require_fit(up, down);
  if (weight.dim() < 2 || up.size(0) != weight.size(0) || up.size(0) * down.flatten(1).size(1) != weight.numel())
    return plus_change(weight, product(up, down), scale);
  return at::addmm(weight.flatten(1), up.flatten(1), down.flatten(1), 1, scale).view(weight.sizes());
}

/// up [out, r, 1, 1], core [r, r, k, k], down [r, in, 1, 1] -> [out, in, k, k]
at::Tensor with_core(const at::Tensor& up, const at::Tensor& core, const at::Tensor& down) {
  if (core.dim() != 4 || up.flatten(1).size(1) != core.size(0) || core.size(1) != down.size(0))
    throw std::invalid_argument("its core does not fit its factors");
  return at::einsum("or,rskl,si->oikl", {up.flatten(1), core, down.flatten(1)});
}

bool is_low_rank(const AdapterTensors& tensors) { return tensors.has("lora_up") && tensors.has("lora_down"); }

WeightChange low_rank(const AdapterTensors& tensors, double usual_scale) {
  const at::Tensor down = tensors.by_role.at("lora_down");
  if (down.dim() < 2 || down.size(0) == 0) throw std::invalid_argument("its lora_down is no matrix");
  const auto alpha = tensors.number("alpha");
  const double scale = alpha ? *alpha / static_cast<double>(down.size(0)) : usual_scale;
  return [tensors, scale](const at::Tensor& weight, double strength) {
    const at::Tensor up = tensors.get("lora_up"), mid = tensors.get("lora_mid"), low = tensors.get("lora_down");
    if (!mid.defined() && !tensors.has("dora_scale")) return plus_product(weight, up, low, scale * strength);
    const at::Tensor change = (mid.defined() ? with_core(up, mid, low) : product(up, low)) * scale;
    return decomposed(tensors, weight, change, strength);
  };
}

}  // namespace

std::span<const AdapterForm> low_rank_forms() {
  static constexpr std::array kForms{AdapterForm{"LoRA", is_low_rank, low_rank}};
  return kForms;
}

}  // namespace weft::sd
