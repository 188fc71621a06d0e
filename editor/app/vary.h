// Varying a param: the items in its menu, the dialog in which its values are given, and how its field shows that it varies.
#pragma once

#include <imgui.h>

#include <string>

#include "editor/session/document.h"
#include "graph/port.h"
#include "host/sweep.h"

namespace weft::editor {

class App;

/// What the menu of a param offers, in the menu that is open.
void draw_vary_items(App& app, Document& document, const std::string& node, const PortInfo& port);

/// The values by which the param of a node that is shown varies, for its field to show; empty if it does not.
std::string shown_values(
    const Document& document, const host::Sweep& sweep, const std::string& node, const PortInfo& port);
/// The mark on such a field.
void draw_vary_mark(const App& app, ImDrawList& list, ImVec2 min, ImVec2 max);

/// "CFG: 3, 5, 7", a line for each axis.
std::string sweep_summary(const App& app, const Document& document);
/// How many pictures the sweep of the active document makes; 0: it has none, or cannot run.
std::size_t active_sweep_size(App& app);

/// The dialog, if it is open.
void draw_vary(App& app);

}  // namespace weft::editor
