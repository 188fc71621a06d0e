#include "base/byte_text.h"

#include <fmt/format.h>

namespace weft {

std::string byte_text(std::uint64_t bytes) {
  const auto number = static_cast<double>(bytes);
  if (bytes < (1 << 10)) return fmt::format("{} bytes", bytes);
  if (bytes < (1 << 20)) return fmt::format("{:.1f} KiB", number / 0x1p10);
  if (bytes < (1 << 30)) return fmt::format("{:.1f} MiB", number / 0x1p20);
  return fmt::format("{:.1f} GiB", number / 0x1p30);
}

}  // namespace weft
