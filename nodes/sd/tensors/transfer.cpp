#include "nodes/sd/tensors/transfer.h"

#include <ATen/ops/empty_like.h>
#include <c10/core/Event.h>
#include <c10/core/impl/VirtualGuardImpl.h>

#include <exception>
#include <memory>
#include <utility>

namespace weft::sd {
namespace {

// libtorch keeps pinned memory for good once it was used, in blocks of powers of two; so the largest weights
// go the plain way, which costs the overlap for a handful of tensors.
constexpr std::size_t kLargestPinned = std::size_t{64} << 20;

c10::Stream current_stream(const at::Device& device) {
  return c10::impl::VirtualGuardImpl(device.type()).getStream(device);
}

at::Tensor empty_pinned_like(const at::Tensor& tensor) {
  return at::empty_like(tensor, tensor.options().device(at::kCPU).pinned_memory(true));
}

/// Submits the copy; the pinned buffer is reused by libtorch only after the stream has read it.
at::Tensor upload(const at::Tensor& tensor, const at::Device& device) {
  if (tensor.nbytes() > kLargestPinned) return tensor.to(device);
  return empty_pinned_like(tensor).copy_(tensor).to(device, /*non_blocking=*/true);
}

}  // namespace

at::Tensor to_device(const at::Tensor& tensor, const at::Device& device, at::ScalarType dtype) {
  if (tensor.is_cpu() && !device.is_cpu()) return upload(tensor, device).to(dtype);  // the GPU converts faster
  if (!tensor.is_cpu() && device.is_cpu()) return to_cpu(tensor).to(dtype);
  return tensor.to(device, dtype);
}

CpuCopy::CpuCopy(const at::Tensor& tensor) : source_(tensor), copy_(tensor) {
  if (tensor.is_cpu()) return;
  const c10::Stream stream = current_stream(tensor.device());
  copy_ = empty_pinned_like(tensor).copy_(tensor, /*non_blocking=*/true);
  const auto done = std::make_shared<c10::Event>(stream.device_type());
  done->record(stream);
  wait_ = [done] { done->synchronize(); };
}

const at::Tensor& CpuCopy::get() {
  if (wait_) std::exchange(wait_, nullptr)();
  source_.reset();
  return copy_;
}

void finish_current_stream(const at::Device& device) {
  if (!device.is_cpu()) current_stream(device).synchronize();
}

void finish_device(const at::Device& device) noexcept {
  if (device.is_cpu()) return;
  try {
    c10::impl::VirtualGuardImpl(device.type()).synchronizeDevice(device.index());
  } catch (const std::exception&) {  // the device has failed, and whoever uses it next is told
  }
}

}  // namespace weft::sd
