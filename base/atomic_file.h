// Writing a file so that it is either the old one or the whole new one, whatever happens meanwhile.
#pragma once

#include <filesystem>
#include <string_view>

#include "base/export.h"

namespace weft {

/// Writes a temporary file beside `file`, brings it to the disk, and renames it. The mode of an existing file
/// is kept, and a symbolic link stays one. Throws GraphError with the reason; the old file is untouched then,
/// the temporary one removed. Also removes temporary files that killed processes left in the folder. [any thread]
WEFT_EXPORT void write_file_atomically(const std::filesystem::path& file, std::string_view content);

}  // namespace weft
