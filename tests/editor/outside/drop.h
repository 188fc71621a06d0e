// Dropping files on a window, as a file manager does (XDND). Names are taken as they are: no blanks.
#pragma once

#include <X11/Xlib.h>

#include <array>
#include <filesystem>
#include <string>
#include <vector>

namespace weft::editor::outside {

/// At a place of the screen. Throws std::runtime_error if the window does not take them.
void drop_files(::Display* display, ::Window target, const std::vector<std::filesystem::path>& files, int x, int y);

}  // namespace weft::editor::outside
