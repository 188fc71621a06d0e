// Data files that are installed with the library, in share/weft.
#pragma once

#include <filesystem>
#include <string_view>

namespace weft::sd {

/// Where share/weft/NAME is; it need not be there.
std::filesystem::path share_file(std::string_view name);

}  // namespace weft::sd
