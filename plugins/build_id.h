// Which build of a library a file is: the build id that the linker wrote into it. Read from the file, without
// opening the library, so that no code of it runs; a few small reads, however large the file. Stripping and
// installing keep it.
#pragma once

#include <filesystem>
#include <string>

#include "base/export.h"

namespace weft {

/// Hexadecimal. Throws PluginError if the file is missing, is no 64-bit ELF file, or was linked without
/// --build-id.
WEFT_EXPORT std::string build_id_of(const std::filesystem::path& library);

}  // namespace weft
