#include "graph/device.h"

#include <sys/sysinfo.h>
#include <unistd.h>

#include <algorithm>
#include <fstream>

namespace weft {
namespace {

std::uint64_t page_bytes(int name) {
  return static_cast<std::uint64_t>(sysconf(name)) * static_cast<std::uint64_t>(sysconf(_SC_PAGESIZE));
}

/// Free and reclaimable memory; _SC_AVPHYS_PAGES would leave out what the page cache holds, such as mapped
/// weights.
std::uint64_t available_bytes() {
  std::ifstream file("/proc/meminfo");
  std::string key, unit;
  for (std::uint64_t kibibytes = 0; file >> key >> kibibytes; std::getline(file, unit)) {
    if (key == "MemAvailable:") return kibibytes << 10;
  }
  return page_bytes(_SC_AVPHYS_PAGES);
}

std::uint64_t free_swap() {
  struct sysinfo info{};
  return ::sysinfo(&info) == 0 ? std::uint64_t{info.freeswap} * info.mem_unit : 0;
}

class CpuRuntime final : public DeviceRuntime {
 public:
  std::vector<Device> devices() const override { return {Device{}}; }
  DeviceMemory memory(const Device&) const override {
    const std::uint64_t total = page_bytes(_SC_PHYS_PAGES);
    return {.total = total, .free = std::min(available_bytes(), total), .swap = free_swap()};
  }
  StreamId create_stream(const Device&) override { return 0; }
  void destroy_stream(const Device&, StreamId) override {}
  void use_stream(const Device&, StreamId) override {}
  EventId record(const Device&, StreamId) override { return 0; }
  void wait(const Device&, StreamId, EventId) override {}
  void synchronize(const Device&, EventId) override {}
  void forget(const Device&, EventId) override {}
  void trim(const Device&) override {}
};

}  // namespace

std::string Device::name() const { return is_cpu() ? kind : kind + ":" + std::to_string(index); }

std::unique_ptr<DeviceRuntime> make_cpu_runtime() { return std::make_unique<CpuRuntime>(); }

}  // namespace weft
