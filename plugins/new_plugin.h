// `weft plugin new NAME`: a plugin project outside of Weft's tree, which builds, runs and can be grown. Its
// files are those of plugins/template/, carried in this library.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "base/export.h"
#include "plugins/folders.h"

namespace weft {

/// Writes CMakeLists.txt, NAME.cpp (one node, NAME.stripes), workflow.json and README.md into `folder`, which
/// is made if need be; the project finds Weft in `weft` (an install prefix or a build folder). Returns the
/// files. Throws PluginError for a name that cannot be one (lower case letters, digits and '_', beginning
/// with a letter; not a word that CMake keeps), a folder that holds something, or one that cannot be written.
WEFT_EXPORT std::vector<std::filesystem::path> create_plugin_project(
    const std::string& name, const std::filesystem::path& folder, const std::filesystem::path& weft = program_prefix());

}  // namespace weft
