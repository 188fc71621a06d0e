// ComfyUI's If/Else Switch: a link of any type that comes from one of two others, of which only the one that counts is run. Types
// of links are fixed here, so a switch whose position is known is replaced by its link as the file is read.
#pragma once

#include <string>
#include <vector>

#include "import/comfyui/formats.h"

namespace weft::comfyui {

/// Takes the switches out whose position is a value in the file, their own or that of a PrimitiveBoolean; what was linked to
/// them is linked to what they choose. Returns what was done, a sentence each.
std::vector<std::string> resolve_switches(Sheet& sheet);

}  // namespace weft::comfyui
