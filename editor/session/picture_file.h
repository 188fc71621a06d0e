// Pictures in files, as the editor needs them. [any thread]
#pragma once

#include <filesystem>

#include "base/error.h"
#include "pictures/picture_codec.h"

namespace weft::editor {

using pictures::Pixels;

/// By the end of its name.
bool is_picture_name(const std::filesystem::path& file);

/// Upright, as EXIF says; at most `longest` pixels wide and high (0: as it is). Throws GraphError naming the
/// file.
Pixels read_pixels(const std::filesystem::path& file, int longest = 0);

/// Throws GraphError naming the file if it is no picture that can be read: another kind of file, one that is too large ...
/// Reads what stands before the pixels.
void check_picture(const std::filesystem::path& file);

/// One sentence with a remedy, for a file in which host::find_workflow() finds none.
Problem why_not_opened(const std::filesystem::path& file);

}  // namespace weft::editor
