// Weights that are rounded to a type of eight bits as they are loaded, so that a picture is the one that a program makes which
// keeps them so. They are computed with as ever, and take as much memory.
#pragma once

#include <span>
#include <string>
#include <string_view>

#include "nodes/sd/networks/patch.h"

namespace weft::sd {

/// "fp8_e4m3fn", "fp8_e5m2".
std::span<const std::string_view> rounding_types();

/// For one of these.
Patch rounding_patch(const std::string& type);

}  // namespace weft::sd
