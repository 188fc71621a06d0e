// ComfyUI's node classes as Weft's node types, by what these declare (graph/foreign.h). No class is named here.
#pragma once

#include <nlohmann/json.hpp>
#include <string>
#include <string_view>

#include "graph/registry.h"

namespace weft::comfyui {

inline constexpr std::string_view kProgram = "comfyui";

/// A class and the node type that stands for it; null where there is none.
using Known = Registry::Foreign;

/// The declared input of that name; null if there is none. A declared "images.image*" is every "images.image" with a number:
/// of those there are as many as are linked.
const ForeignInput* declared_input(const Known& known, std::string_view name);
/// The port that an input of the class is; null if it is left out.
const PortInfo* port_of(const Known& known, const ForeignInput& input);
/// Whether the input has a widget, and so a place among the values that ComfyUI's editor stores by their order.
bool has_widget(const Known& known, const ForeignInput& input);

/// The input "resize_type.width" belongs to the choice "resize_type", and is there with the choices that its `values` name.
/// `parent`: of "resize_type" at present; empty: none, as of an input that belongs to no choice.
bool is_there_with(const ForeignInput& input, const std::string& parent);

/// The value of a widget as the port takes it. Of a file: "a.png [input]" is "a.png", and '\' is '/'. Of a colour: the number
/// 0xrrggbb is "#rrggbb".
nlohmann::json own_value(const PortInfo& port, const ForeignInput& input, const nlohmann::json& value);

/// "conditioning" of "CONDITIONING", "any" of "*".
std::string own_type(std::string_view theirs);

}  // namespace weft::comfyui
