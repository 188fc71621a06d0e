// The engine's devices in libtorch's terms: what nodes use of tensors/transfer.h.
#pragma once

#include <string>

#include "graph/device.h"
#include "nodes/sd/tensors/transfer.h"

namespace weft::sd {

inline at::Device torch_device(const Device& device) {
  return device.is_cpu() ? at::Device(at::kCPU) : at::Device(device.kind + ":" + std::to_string(device.index));
}

inline at::Tensor to_device(const at::Tensor& tensor, const Device& device, at::ScalarType dtype) {
  return to_device(tensor, torch_device(device), dtype);
}
/// In its own type.
inline at::Tensor to_device(const at::Tensor& tensor, const Device& device) {
  return to_device(tensor, torch_device(device), tensor.scalar_type());
}

inline void finish_current_stream(const Device& device) { finish_current_stream(torch_device(device)); }
inline void finish_device(const Device& device) noexcept { finish_device(torch_device(device)); }

}  // namespace weft::sd
