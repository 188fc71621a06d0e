#include "nodes/sd/tensors/onednn.h"

#include <ATen/core/dispatch/Dispatcher.h>

#include <optional>
#include <string_view>

namespace weft::sd::onednn {
namespace {

using Scalars = c10::List<std::optional<at::Scalar>>;

std::optional<at::Tensor> optional(const at::Tensor& tensor) {
  return tensor.defined() ? std::optional(tensor) : std::nullopt;
}

template <class Signature>
c10::TypedOperatorHandle<Signature> find(const char* name, const char* overload) {
  return c10::Dispatcher::singleton().findSchemaOrThrow(name, overload).typed<Signature>();
}

// A broadcast or strided operand makes oneDNN pick a slow kernel.
at::Tensor like_output(const at::Tensor& residual) {
  return residual.contiguous(residual.dim() == 4 ? at::MemoryFormat::ChannelsLast : at::MemoryFormat::Contiguous);
}

}  // namespace

bool wants_packing(const at::Tensor& weight) {
  if (weight.requires_grad() || !weight.is_cpu()) return false;
  return weight.scalar_type() == at::kFloat ||
      (weight.scalar_type() == at::kBFloat16 && __builtin_cpu_supports("avx512bf16"));
}

at::Tensor pack_conv(const at::Tensor& weight, std::int64_t stride, std::int64_t padding) {
  static const auto op = find<at::Tensor(const at::Tensor&, at::IntArrayRef, at::IntArrayRef, at::IntArrayRef,
      std::int64_t, at::OptionalIntArrayRef)>("mkldnn::_reorder_convolution_weight", "");
  return op.call(weight, {padding, padding}, {stride, stride}, {1, 1}, 1, std::nullopt);
}

at::Tensor conv(
    const at::Tensor& x, const at::Tensor& packed, const at::Tensor& bias, std::int64_t stride, std::int64_t padding) {
  static const auto op =
      find<at::Tensor(const at::Tensor&, const at::Tensor&, const std::optional<at::Tensor>&, at::IntArrayRef,
          at::IntArrayRef, at::IntArrayRef, std::int64_t, std::string_view, Scalars, std::optional<std::string_view>)>(
          "mkldnn::_convolution_pointwise", "");
  return op.call(
      x, packed, optional(bias), {padding, padding}, {stride, stride}, {1, 1}, 1, "none", Scalars(), std::nullopt);
}

at::Tensor conv_plus(const at::Tensor& x, const at::Tensor& packed, const at::Tensor& bias, std::int64_t stride,
    std::int64_t padding, const at::Tensor& residual) {
  static const auto op =
      find<at::Tensor(const at::Tensor&, const at::Tensor&, const at::Tensor&, const std::optional<at::Tensor>&,
          at::IntArrayRef, at::IntArrayRef, at::IntArrayRef, std::int64_t, std::string_view, std::optional<at::Scalar>,
          std::optional<std::string_view>, Scalars, std::optional<std::string_view>)>(
          "mkldnn::_convolution_pointwise", "binary");
  if (residual.size(2) * residual.size(3) == 1) {  // oneDNN cannot fuse these: "could not create a memory"
    return conv(x, packed, bias, stride, padding) + residual;
  }
  return op.call(x, like_output(residual), packed, optional(bias), {padding, padding}, {stride, stride}, {1, 1}, 1,
      "add", std::nullopt, std::nullopt, Scalars(), std::nullopt);
}

at::Tensor pack_linear(const at::Tensor& weight) {
  static const auto op =
      find<at::Tensor(const at::Tensor&, std::optional<std::int64_t>)>("mkldnn::_reorder_linear_weight", "");
  return op.call(weight.contiguous(), std::nullopt);
}

at::Tensor linear(const at::Tensor& x, const at::Tensor& packed, const at::Tensor& bias, Activation activation) {
  static const auto op = find<at::Tensor(const at::Tensor&, const at::Tensor&, const std::optional<at::Tensor>&,
      std::string_view, Scalars, std::optional<std::string_view>)>("mkldnn::_linear_pointwise", "");
  const bool gelu = activation == Activation::Gelu;
  return op.call(x, packed, optional(bias), gelu ? "gelu" : "none", Scalars(),
      gelu ? std::optional<std::string_view>("none") : std::nullopt);
}

at::Tensor linear_combine(
    const at::Tensor& x, const at::Tensor& packed, const at::Tensor& bias, const at::Tensor& other, Combine combine) {
  static const auto op = find<at::Tensor(const at::Tensor&, const at::Tensor&, const at::Tensor&,
      const std::optional<at::Tensor>&, std::string_view)>("mkldnn::_linear_pointwise", "binary");
  return op.call(x, like_output(other), packed, optional(bias), combine == Combine::Add ? "add" : "mul");
}

}  // namespace weft::sd::onednn
