// Room on a device for what a network needs while it works: asked for before anything is computed.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "graph/residency.h"
#include "nodes/sd/networks/memory_need.h"

namespace weft::sd {

/// Throws NodeError if `where` is too small for `need` in any case. `work` names it: "1024 x 1024, batch 1".
void require_memory(const Residency& where, const MemoryNeed& need, const std::string& work);

/// Evicts what is idle until there is room for `need`. Gives the bytes that are free if it is less; so it may still go
/// well, or not.
std::optional<std::uint64_t> make_room(const Residency& where, const MemoryNeed& need);

/// "1024 x 1024, batch 1, needs about 9.5 GiB; 2.0 GiB are free"
std::string shortage_text(const MemoryNeed& need, const std::string& work, std::uint64_t free);

}  // namespace weft::sd
