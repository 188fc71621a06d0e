// The field of a painting on a node: the mask itself, over the picture that it is for where one is known, instead of the
// numbers that it is made of. It needs no run. [main-thread]
#pragma once

#include <imgui.h>

#include "graph/graph.h"
#include "graph/registry.h"

namespace weft::editor {

class App;

/// Draws it at the cursor; `port` is painting_param() of the type. True if it was clicked.
bool painting_field(
    App& app, const GraphNode& node, const NodeInfo& type, const PortInfo& port, ImVec2 size, bool wrong);

}  // namespace weft::editor
