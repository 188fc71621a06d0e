// The device runtime of a run: torch's, from the library that comes with the nodes, or the CPU alone where
// that library is not installed. Nothing else of this program knows torch.
#pragma once

#include <memory>
#include <string>

#include "graph/device.h"

namespace weft::cli {

struct DeviceChoice {
  std::string device = "auto";  ///< auto, cpu, cuda, cuda:N
  std::string dtype = "auto";   ///< auto, float32, bfloat16, float16
  int threads = 0;              ///< 0: as many as there are cores
};

struct OpenedRuntime {
  std::unique_ptr<DeviceRuntime> runtime;
  std::string message;  ///< which device was taken and why, one line
};

/// Throws NodeError if the device that was asked for cannot be had.
OpenedRuntime open_device_runtime(const DeviceChoice& choice);

}  // namespace weft::cli
