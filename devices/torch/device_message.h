// The one line that says on what a run computes.
#pragma once

#include <cstdint>
#include <string>

#include "graph/device.h"

namespace weft {

struct DeviceFacts {
  Device device;
  std::string reason;            ///< from choose_device(); of a GPU its name
  std::uint64_t free_bytes = 0;  ///< of a GPU
  int threads = 1;
  std::string dtype = "auto";  ///< as the user said
  bool has_amx = false;        ///< the CPU multiplies bfloat16 in AMX tiles
  bool has_avx512_bf16 = false;
};

/// "device cpu: no NVIDIA driver found; 2 threads, bfloat16 with AMX"
/// "device cuda:0: NVIDIA H100, 78.1 GiB free, float16"
std::string device_message(const DeviceFacts& facts);

}  // namespace weft
