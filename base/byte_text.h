// Amounts of memory for messages.
#pragma once

#include <cstdint>
#include <string>

#include "base/export.h"

namespace weft {

/// "512 bytes", "1.5 MiB", "23.0 GiB"
WEFT_EXPORT std::string byte_text(std::uint64_t bytes);

}  // namespace weft
