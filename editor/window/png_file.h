// PNG files of pictures, as the engine's previews are: 8-bit RGB. For screenshots and exports of the canvas.
#pragma once

#include <imgui.h>

#include <filesystem>

#include "graph/value.h"

namespace weft::editor {

/// Throws std::runtime_error with the file's name. [any thread]
void write_png(const Picture& picture, const std::filesystem::path& file);

/// The part of a picture between two corners.
Picture cut_out(const Picture& picture, ImVec2 min, ImVec2 max);

}  // namespace weft::editor
