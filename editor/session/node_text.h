// What plugins declare, as users read it: titles, menus, names of ports, choices. In the user's language where a
// catalogue has it (editor/translations/nodes/), and as it was declared otherwise. Docs and tips stay English.
//
// Only shown: files, searches by id and the command line have the declared names.
#pragma once

#include <string>
#include <string_view>

#include "graph/registry.h"

namespace weft::editor {

/// "Load Checkpoint"; of a subgraph, what its maker called it.
std::string shown_title(const NodeInfo& type);
std::string shown_title(const ValueType& type);
/// "Sampling/Parts", part by part.
std::string shown_menu(std::string_view menu);
/// A port's name for people: "add_noise" is "Add noise".
std::string port_label(std::string_view port_name);
/// One of a param's choices: "whole picture". Names of samplers and such are the same everywhere.
std::string shown_choice(const std::string& choice);

}  // namespace weft::editor
