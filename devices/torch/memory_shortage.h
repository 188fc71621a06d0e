// Out of memory, in libtorch's words. It reports it in several ways (a type of its own, a driver's error code, a
// sentence), of which the engine gets the numbers: weft::OutOfMemory.
#pragma once

#include <optional>
#include <string_view>

#include "base/error.h"

namespace weft {

/// What libtorch's message says about memory that ran out, or nothing if it is about something else. Numbers that it does
/// not tell are 0.
std::optional<OutOfMemory> memory_shortage_in(std::string_view message);

}  // namespace weft
