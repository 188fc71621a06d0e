#include "devices/torch/cpu_memory.h"

#include <sys/resource.h>
#include <unistd.h>

#include <algorithm>
#include <fstream>
#include <memory>
#include <optional>
#include <string>

namespace weft {
namespace {

namespace fs = std::filesystem;

/// The number in a file of one number; none for "max" and for a file that is not there.
std::optional<std::uint64_t> number_in(const fs::path& file) {
  std::ifstream in(file);
  std::uint64_t number = 0;
  return in >> number ? std::optional(number) : std::nullopt;
}

/// "inactive_file 4096" in memory.stat: file pages that the kernel gives up when somebody needs the memory.
std::uint64_t reclaimable_in(const fs::path& stat, const std::string& wanted) {
  std::ifstream in(stat);
  std::string key;
  for (std::uint64_t value = 0; in >> key >> value;) {
    if (key == wanted) return value;
  }
  return 0;
}

void cut(DeviceMemory& memory, const fs::path& group, const char* limit_file, const char* usage_file,
    const char* reclaimable_key) {
  const auto limit = number_in(group / limit_file);
  if (!limit) return;
  const std::uint64_t used = number_in(group / usage_file).value_or(0);
  const std::uint64_t held = used - std::min(used, reclaimable_in(group / "memory.stat", reclaimable_key));
  memory.total = std::min(memory.total, *limit);
  memory.free = std::min(memory.free, *limit - std::min(*limit, held));
}

/// This process's group below the mount point, from a line such as "0::/system.slice/weft.service".
fs::path own_group(const fs::path& root) {
  std::ifstream in(root / "proc/self/cgroup");
  for (std::string line; std::getline(in, line);) {
    if (line.starts_with("0::/")) return line.substr(4);
  }
  return {};
}

/// Nothing: there is no limit.
std::optional<std::uint64_t> limit_of_addresses() {
  rlimit limit{};
  if (::getrlimit(RLIMIT_AS, &limit) != 0 || limit.rlim_cur == RLIM_INFINITY) return std::nullopt;
  return limit.rlim_cur;
}

/// Bytes of address space that this process has taken.
std::uint64_t used_addresses() {
  return number_in("/proc/self/statm").value_or(0) * static_cast<std::uint64_t>(::sysconf(_SC_PAGESIZE));
}

}  // namespace

DeviceMemory cpu_memory() {
  static const std::unique_ptr<DeviceRuntime> machine = make_cpu_runtime();
  const DeviceMemory memory = within_control_groups(machine->memory(Device{}));
  const auto limit = limit_of_addresses();
  return limit ? within_address_space(memory, *limit, used_addresses()) : memory;
}

bool has_limited_addresses() { return limit_of_addresses().has_value(); }

DeviceMemory within_address_space(DeviceMemory system, std::uint64_t limit, std::uint64_t used) {
  const std::uint64_t left = limit - std::min(limit, used + kKeptAddresses);
  system.total = std::min(system.total, limit);
  system.free = std::min(system.free, left);
  system.swap = std::min(system.swap, left - system.free);
  return system;
}

DeviceMemory within_control_groups(DeviceMemory system, const fs::path& root) {
  const fs::path mount = root / "sys/fs/cgroup";
  fs::path group = own_group(root);
  for (;; group = group.parent_path()) {  // a group's limit holds for all below it
    cut(system, mount / group, "memory.max", "memory.current", "inactive_file");
    if (const auto swap = number_in(mount / group / "memory.swap.max")) system.swap = std::min(system.swap, *swap);
    if (group.empty()) break;
  }
  cut(system, mount / "memory", "memory.limit_in_bytes", "memory.usage_in_bytes", "total_inactive_file");
  return system;
}

}  // namespace weft
