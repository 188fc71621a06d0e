// Where plugins are looked for.
#pragma once

#include <filesystem>
#include <vector>

#include "base/export.h"

namespace weft {

/// First wins: the folders of WEFT_PLUGIN_PATH (colon-separated), the per-user folder, and the folder of the
/// standard nodes beside the program (bin/weft -> lib/weft/plugins), in a build tree as in an installed one.
/// The last two only if they exist.
WEFT_EXPORT std::vector<std::filesystem::path> plugin_folders();

/// $XDG_DATA_HOME/weft/plugins, or ~/.local/share/weft/plugins. It need not exist. Empty if there is no home.
WEFT_EXPORT std::filesystem::path user_plugin_folder();

/// This program's installation or build tree: the parent of the folder that holds it.
WEFT_EXPORT std::filesystem::path program_prefix();

}  // namespace weft
