// How much memory this process may still take on the CPU: in a container less than the machine has.
#pragma once

#include <cstdint>
#include <filesystem>

#include "graph/device.h"

namespace weft {

/// What the machine, this process's control groups and its limit of address space (ulimit -v) leave. [any thread]
DeviceMemory cpu_memory();

/// `system`, cut to what the control groups of this process leave (cgroup v2, and v1 as containers show it).
/// `root` stands before /proc and /sys, for tests.
DeviceMemory within_control_groups(DeviceMemory system, const std::filesystem::path& root = "/");

/// Whether there is a limit of address space (ulimit -v).
bool has_limited_addresses();

/// Of a limited address space tensors leave so much: libraries under libtorch crash where they get nothing.
inline constexpr std::uint64_t kKeptAddresses = std::uint64_t{256} << 20;

/// `system`, cut to what an address space of `limit` bytes leaves of which `used` are taken, kKeptAddresses apart.
DeviceMemory within_address_space(DeviceMemory system, std::uint64_t limit, std::uint64_t used);

}  // namespace weft
