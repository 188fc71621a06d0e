// The device runtime of a run: torch's, from the library that comes with the nodes, or the CPU alone where
// that library is not installed. Programs know nothing else of torch.
#pragma once

#include <memory>
#include <string>

#include "graph/device.h"

namespace weft {

struct RuntimeChoice {
  std::string device = "auto";  ///< auto, cpu, cuda, cuda:N
  std::string dtype = "auto";   ///< auto, float32, bfloat16, float16
  int threads = 0;              ///< 0: as many as there are cores
};

struct OpenedRuntime {
  std::unique_ptr<DeviceRuntime> runtime;
  std::string message;  ///< which device was taken and why, one line
};

/// OpenMP's threads wait for each other by spinning, for milliseconds, which on a machine that has other work keeps the
/// very thread that they wait for from its core: a picture of 0.4 s took 10 s beside a compiler. This has them sleep
/// after microseconds, unless the environment says how they shall wait. Call it first in main(): OpenMP reads the
/// environment once, and no other thread may read it meanwhile.
void limit_spinning();

/// Throws NodeError if the device that was asked for cannot be had, or libtorch not be opened, such as under a limit of
/// address space (ulimit -v).
OpenedRuntime open_device_runtime(const RuntimeChoice& choice);

}  // namespace weft
