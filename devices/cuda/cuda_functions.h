// The few things that need CUDA's own headers, as a table of plain functions. libweft_cuda.so holds it; it is
// built where a CUDA toolkit is, opened by the torch runtime when a GPU was taken, and nobody must have it:
// find_cuda_functions() is null then. No exception crosses this border.
#pragma once

#include <dlfcn.h>

#include <cstddef>
#include <cstdint>

namespace weft {

inline constexpr std::uint32_t kCudaFunctionsVersion = 1;
inline constexpr char kCudaFunctionsSymbol[] = "weft_cuda_functions";

/// Bytes on one GPU. `free` and `total` are the driver's numbers, for all processes; the rest is libtorch's
/// allocator.
struct CudaMemory {
  std::uint64_t total, free;
  std::uint64_t allocated, peak_allocated;  ///< in tensors
  std::uint64_t reserved, peak_reserved;    ///< taken from the driver: tensors and cache
};

struct CudaGraph;  ///< work that was recorded once and can be submitted again

struct CudaFunctions {
  std::uint32_t size;     ///< sizeof(CudaFunctions) of the builder
  std::uint32_t version;  ///< kCudaFunctionsVersion of the builder

  /// False if the device cannot be asked.
  bool (*memory)(int device, CudaMemory* memory);
  /// The peaks start again from what is held now.
  void (*reset_peaks)(int device);
  /// Runs call(context) once, recording instead of executing what it submits to the GPU. The call must not
  /// wait for the GPU, read from it, or throw. Null if the work cannot be recorded; `message` says why then.
  CudaGraph* (*capture)(int device, void (*call)(void*), void* context, char* message, std::size_t message_size);
  /// Submits the recorded work to this thread's current stream. False if it failed; `message` says why then.
  bool (*replay)(CudaGraph*, char* message, std::size_t message_size);
  void (*release)(CudaGraph*);
};

/// The table of the library that this process has opened, or null. Any thread.
inline const CudaFunctions* find_cuda_functions() {
  const auto* functions = static_cast<const CudaFunctions*>(dlsym(RTLD_DEFAULT, kCudaFunctionsSymbol));
  return functions && functions->version == kCudaFunctionsVersion ? functions : nullptr;
}

}  // namespace weft
