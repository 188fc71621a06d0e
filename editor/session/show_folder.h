// Shows the folder of a file, in the desktop's own file manager.
#pragma once

#include <filesystem>
#include <string>

namespace weft::editor {

/// Opens its folder; does not wait for it. Throws GraphError with the folder if the system has no program for that (xdg-open).
void show_in_folder(const std::filesystem::path& file);

/// "file:///a%20b.png"
std::string file_uri(const std::filesystem::path& file);

}  // namespace weft::editor
