// The forms of LyCORIS (Yeh et al. 2023, arXiv:2309.14859) that multiply more than two factors.
#include <ATen/ATen.h>

#include <array>
#include <stdexcept>

#include "nodes/sd/adapters/weight_change.h"

namespace weft::sd {
namespace {

void require(bool condition, const char* what) {
  if (!condition) throw std::invalid_argument(what);
}

/// The two factors' product, with a core [r, r, k, k] between them where there is one: a is [r, out] then, b [r, in].
at::Tensor rebuilt(const at::Tensor& a, const at::Tensor& b, const at::Tensor& core) {
  require(a.dim() == 2 && b.dim() == 2, "its factors are no matrices");
  if (!core.defined()) {
    require(a.size(1) == b.size(0), "its two factors do not fit each other");
    return at::matmul(a, b);
  }
  require(
      core.dim() == 4 && core.size(0) == a.size(0) && core.size(1) == b.size(0), "its core does not fit its factors");
  return at::einsum("rskl,ro,si->oikl", {core, a, b});
}

// ---- LoHa (Hyeon-Woo et al. 2021, arXiv:2108.06098): two products, multiplied place by place ----

bool is_loha(const AdapterTensors& tensors) {
  for (const char* role : {"hada_w1_a", "hada_w1_b", "hada_w2_a", "hada_w2_b"})
    if (!tensors.has(role)) return false;
  return true;
}

WeightChange loha(const AdapterTensors& tensors, double usual_scale) {
  const at::Tensor b = tensors.by_role.at("hada_w1_b");
  require(b.dim() == 2 && b.size(0) > 0, "its hada_w1_b is no matrix");
  const auto alpha = tensors.number("alpha");
  const double scale = alpha ? *alpha / static_cast<double>(b.size(0)) : usual_scale;
  return [tensors, scale](const at::Tensor& weight, double strength) {
    const at::Tensor first = rebuilt(tensors.get("hada_w1_a"), tensors.get("hada_w1_b"), tensors.get("hada_t1"));
    const at::Tensor second = rebuilt(tensors.get("hada_w2_a"), tensors.get("hada_w2_b"), tensors.get("hada_t2"));
    require(first.sizes() == second.sizes(), "its two products differ in shape");
    return decomposed(tensors, weight, first * second * scale, strength);
  };
}

// ---- LoKr: a Kronecker product, either side whole or factorised ----

bool is_lokr(const AdapterTensors& tensors) {
  const bool first = tensors.has("lokr_w1") || (tensors.has("lokr_w1_a") && tensors.has("lokr_w1_b"));
  const bool second = tensors.has("lokr_w2") || (tensors.has("lokr_w2_a") && tensors.has("lokr_w2_b"));
  return first && second;
}

at::Tensor lokr_side(const AdapterTensors& tensors, const std::string& side, const char* core) {
  const at::Tensor whole = tensors.get(side);
  if (whole.defined()) return whole;
  const at::Tensor a = tensors.get(side + "_a"), b = tensors.get(side + "_b"), between = tensors.get(core);
  if (between.defined() || b.dim() == 2) return rebuilt(a, b, between);
  require(b.dim() == 4 && a.dim() >= 2 && a.flatten(1).size(1) == b.size(0), "its two factors do not fit each other");
  return at::matmul(a.flatten(1), b.flatten(1)).view({a.size(0), b.size(1), b.size(2), b.size(3)});
}

/// Alpha counts only where something is factorised: with both sides whole the change is whole, too.
double lokr_scale(const AdapterTensors& tensors, double usual_scale) {
  const auto alpha = tensors.number("alpha");
  for (const char* factor : {"lokr_w2_b", "lokr_w1_b"})
    if (tensors.has(factor)) {
      const at::Tensor b = tensors.by_role.at(factor);
      require(b.dim() >= 2 && b.size(0) > 0, "its factors are no matrices");
      return alpha ? *alpha / static_cast<double>(b.size(0)) : usual_scale;
    }
  return 1;
}

WeightChange lokr(const AdapterTensors& tensors, double usual_scale) {
  const double scale = lokr_scale(tensors, usual_scale);
  return [tensors, scale](const at::Tensor& weight, double strength) {
    at::Tensor first = lokr_side(tensors, "lokr_w1", "lokr_t1");
    at::Tensor second = lokr_side(tensors, "lokr_w2", "lokr_t2");
    if (weight.dim() == 4 && second.dim() == 2) {  // a convolution's second side, its kernel in the columns
      const std::int64_t height = weight.size(2), width = weight.size(3);
      require(second.size(1) % (height * width) == 0, "its second side does not fit the kernel");
      second = second.view({second.size(0), -1, height, width});
    }
    require(first.dim() == 2, "its first side is no matrix");
    if (second.dim() == 4) first = first.view({first.size(0), first.size(1), 1, 1});
    return decomposed(tensors, weight, at::kron(first, second) * scale, strength);
  };
}

}  // namespace

std::span<const AdapterForm> lycoris_forms() {
  static constexpr std::array kForms{AdapterForm{"LoHa", is_loha, loha}, AdapterForm{"LoKr", is_lokr, lokr}};
  return kForms;
}

}  // namespace weft::sd
