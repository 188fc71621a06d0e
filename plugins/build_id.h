// Which build of a library a file is: its size and the build id that the linker wrote into it. Read from the file, without
// opening the library, so that no code of it runs; two small reads, however large the file.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>

#include "graph/export.h"

namespace weft {

struct LibraryIdentity {
  std::uint64_t bytes = 0;
  std::string build_id;  ///< hexadecimal
  bool operator==(const LibraryIdentity&) const = default;
};

/// Throws PluginError if the file is missing, is no 64-bit ELF file, or was linked without --build-id.
WEFT_EXPORT LibraryIdentity identify_library(const std::filesystem::path& library);

}  // namespace weft
