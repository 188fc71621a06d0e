// libweft_cuda.so: see cuda_functions.h.
#include <ATen/cuda/CUDAGraph.h>
#include <c10/cuda/CUDACachingAllocator.h>
#include <c10/cuda/CUDAGuard.h>
#include <c10/cuda/CUDAStream.h>

#include <exception>
#include <memory>
#include <string_view>

#include "base/export.h"
#include "devices/cuda/cuda_functions.h"

struct weft::CudaGraph {
  at::cuda::CUDAGraph graph;
};

namespace {

using c10::CachingAllocator::StatType;

void tell(std::string_view text, char* message, std::size_t size) {
  if (size > 0) message[text.copy(message, size - 1)] = '\0';
}

std::uint64_t bytes(std::int64_t count) { return static_cast<std::uint64_t>(count); }

bool memory(int device, weft::CudaMemory* memory) {
  try {
    const auto index = static_cast<c10::DeviceIndex>(device);
    const auto [free, total] = c10::cuda::CUDACachingAllocator::get()->getMemoryInfo(index);
    const auto stats = c10::cuda::CUDACachingAllocator::getDeviceStats(index);
    const auto& allocated = stats.allocated_bytes[static_cast<std::size_t>(StatType::AGGREGATE)];
    const auto& reserved = stats.reserved_bytes[static_cast<std::size_t>(StatType::AGGREGATE)];
    *memory = {.total = total,
        .free = free,
        .allocated = bytes(allocated.current),
        .peak_allocated = bytes(allocated.peak),
        .reserved = bytes(reserved.current),
        .peak_reserved = bytes(reserved.peak)};
    return true;
  } catch (const std::exception&) {
    return false;
  }
}

void reset_peaks(int device) {
  try {
    c10::cuda::CUDACachingAllocator::resetPeakStats(static_cast<c10::DeviceIndex>(device));
  } catch (const std::exception&) {  // a device that has no statistics has no peaks
  }
}

/// Capture needs a stream other than the default one. Thread-local mode: what other threads do with the GPU
/// meanwhile, such as copying weights, is neither recorded nor forbidden.
void record(at::cuda::CUDAGraph& graph, c10::DeviceIndex device, void (*call)(void*), void* context) {
  c10::cuda::getCurrentCUDAStream().synchronize();
  const c10::cuda::CUDAStreamGuard side(c10::cuda::getStreamFromPool());
  const c10::MempoolId_t pool = at::cuda::graph_pool_handle();
  graph.capture_begin(pool, cudaStreamCaptureModeThreadLocal);
  call(context);
  try {
    graph.capture_end();
  } catch (const std::exception&) {
    // Work that cannot be recorded shows here. libtorch's allocator must not go on believing in the capture.
    try {
      c10::cuda::CUDACachingAllocator::endAllocateToPool(device, pool);
    } catch (const std::exception&) {  // it knew
    }
    throw;
  }
}

weft::CudaGraph* capture(int device, void (*call)(void*), void* context, char* message, std::size_t size) {
  try {
    const auto index = static_cast<c10::DeviceIndex>(device);
    const c10::cuda::CUDAGuard guard(index);
    auto recorded = std::make_unique<weft::CudaGraph>();
    record(recorded->graph, index, call, context);
    return recorded.release();
  } catch (const c10::Error& error) {
    tell(error.what_without_backtrace(), message, size);
  } catch (const std::exception& error) {
    tell(error.what(), message, size);
  }
  return nullptr;
}

bool replay(weft::CudaGraph* recorded, char* message, std::size_t size) {
  try {
    recorded->graph.replay();
    return true;
  } catch (const c10::Error& error) {
    tell(error.what_without_backtrace(), message, size);
  } catch (const std::exception& error) {
    tell(error.what(), message, size);
  }
  return false;
}

void release(weft::CudaGraph* recorded) { delete recorded; }

}  // namespace

extern "C" WEFT_EXPORT const weft::CudaFunctions weft_cuda_functions;
extern "C" WEFT_EXPORT const weft::CudaFunctions weft_cuda_functions = {
    .size = sizeof(weft::CudaFunctions),
    .version = weft::kCudaFunctionsVersion,
    .memory = memory,
    .reset_peaks = reset_peaks,
    .capture = capture,
    .replay = replay,
    .release = release,
};
