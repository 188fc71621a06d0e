// How much memory this process may still take on the CPU: in a container less than the machine has.
#pragma once

#include <filesystem>

#include "graph/device.h"

namespace weft {

/// `system`, cut to what the control groups of this process leave (cgroup v2, and v1 as containers show it).
/// `root` stands before /proc and /sys, for tests.
DeviceMemory within_control_groups(DeviceMemory system, const std::filesystem::path& root = "/");

}  // namespace weft
