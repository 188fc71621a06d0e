// Tensors between the CPU and a node's device. To a GPU they go through pinned memory and are submitted to
// the thread's current stream, so that the thread does not wait; on the CPU nothing is copied that need not
// be. [run-thread]
//
// A node takes every tensor of its inputs through to_device(), also those that are there already: that tells
// the allocator that the current stream reads them, so that their memory is not given away before it has.
#pragma once

#include <ATen/core/Tensor.h>

#include <functional>

namespace weft::sd {

/// `tensor` on `device` as `dtype`; the same tensor where nothing changes. Strides are kept (channels_last
/// stays).
at::Tensor to_device(const at::Tensor& tensor, const at::Device& device, at::ScalarType dtype);

/// A copy to the CPU that was begun on the current stream; work can be submitted while it is under way.
class CpuCopy {
 public:
  explicit CpuCopy(const at::Tensor& tensor);

  /// Waits until the copy is complete. The tensor itself if it was on the CPU.
  const at::Tensor& get();

 private:
  at::Tensor source_, copy_;
  std::function<void()> wait_;  ///< empty: complete
};

/// The same without anything in between: complete when it returns.
inline at::Tensor to_cpu(const at::Tensor& tensor) { return CpuCopy(tensor).get(); }

/// Waits for all that this thread's current stream was given: what it made may then be used on every stream.
/// For what is made once and shared (weights); results of nodes are ordered by the engine.
void finish_current_stream(const at::Device& device);

/// Waits for all that the device was given: memory that it read may then be freed from any thread.
void finish_device(const at::Device& device) noexcept;

}  // namespace weft::sd
