// Out of memory, as the engine knows it. libtorch reports it in several ways (a type of its own, a driver's
// error code, a sentence); the executor only knows weft::OutOfMemory, upon which it frees what it can and
// tries again.
#pragma once

#include <c10/util/Exception.h>

#include <cstdint>
#include <new>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "graph/error.h"

namespace weft::sd {

struct MemoryShortage {
  std::string device;              ///< Device::name(): "cuda:0"
  std::uint64_t wanted_bytes = 0;  ///< 0: not known
  std::uint64_t free_bytes = 0;
};

/// What libtorch's message says about memory that ran out, or nothing if it is about something else.
std::optional<MemoryShortage> memory_shortage_in(std::string_view message);

/// Calls `work`; if memory runs out in it, throws weft::OutOfMemory with the device and the numbers. Other
/// exceptions pass unchanged.
template <class Work>
decltype(auto) with_memory_errors(Work&& work) {
  try {
    return std::forward<Work>(work)();
  } catch (const c10::Error& error) {
    const auto shortage = memory_shortage_in(error.what_without_backtrace());
    if (!shortage) throw;
    throw OutOfMemory(shortage->device, shortage->wanted_bytes, shortage->free_bytes);
  } catch (const std::bad_alloc&) {
    throw OutOfMemory("cpu", 0, 0);
  }
}

}  // namespace weft::sd
