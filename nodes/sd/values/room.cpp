#include "nodes/sd/values/room.h"

#include <fmt/format.h>

#include "base/byte_text.h"
#include "base/error.h"

namespace weft::sd {

std::string shortage_text(const MemoryNeed& need, const std::string& work, std::uint64_t free) {
  return fmt::format("{}, needs about {}; {} are free", work, byte_text(need.about), byte_text(free));
}

void require_memory(const Residency& where, const MemoryNeed& need, const std::string& work) {
  const DeviceMemory memory = where.make_room(0);
  if (memory.total > 0 && need.least > memory.total + memory.swap)
    throw NodeError(fmt::format("{}, needs about {}; {} has {}", work, byte_text(need.about), where.device().name(),
                        byte_text(memory.total)),
        "choose a smaller size, a smaller batch or tiles");
}

std::optional<std::uint64_t> make_room(const Residency& where, const MemoryNeed& need) {
  const DeviceMemory memory = where.make_room(need.about);
  if (memory.total == 0 || need.about <= memory.free + memory.swap) return std::nullopt;
  return memory.free;
}

}  // namespace weft::sd
