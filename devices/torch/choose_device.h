// Which device a run takes, and why: a decision on facts that others find out, so that it can be tested
// without a GPU.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "graph/device.h"

namespace weft {

struct Gpu {
  std::string name;
  int major = 0, minor = 0;  ///< compute capability
};

/// What the NVIDIA driver says, which costs little to ask.
struct DriverReport {
  std::string problem;  ///< "no NVIDIA driver found"; empty if it answers
  std::vector<Gpu> gpus;
};

struct GpuProbe {
  std::function<DriverReport()> driver;
  /// Opens libtorch's CUDA half (456 MB). Empty if that worked, else why not.
  std::function<std::string()> open_torch_cuda;
};

struct DeviceChoice {
  std::optional<Device> device;  ///< none: what was asked for cannot be had
  std::string reason;            ///< of the choice, or of the refusal with its remedy
};

/// `wanted` is auto, cpu, cuda or cuda:N. `auto` takes the first GPU that can be used, else the CPU; what is
/// named is taken or refused, never replaced. Asks only as far as it must: for `cpu` nothing, libtorch's CUDA
/// half last.
DeviceChoice choose_device(const std::string& wanted, const GpuProbe& probe);

}  // namespace weft
