// Out of memory, for those who can do something about it themselves, such as going on in tiles. Whoever cannot
// lets libtorch's error pass: the executor sees what it is, frees what it can and tries again.
#pragma once

#include <c10/util/Exception.h>

#include <new>
#include <utility>

#include "base/error.h"
#include "devices/torch/memory_shortage.h"

namespace weft::sd {

/// Calls `work`; if memory runs out in it, throws weft::OutOfMemory with the device and the numbers. Other
/// exceptions pass unchanged.
template <class Work>
decltype(auto) with_memory_errors(Work&& work) {
  try {
    return std::forward<Work>(work)();
  } catch (const c10::Error& error) {
    const auto shortage = memory_shortage_in(error.what_without_backtrace());
    if (!shortage) throw;
    throw *shortage;
  } catch (const std::bad_alloc&) {
    throw OutOfMemory("cpu", 0, 0);
  }
}

}  // namespace weft::sd
