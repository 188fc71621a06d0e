// What a node's `ui` object holds: how the node is shown. Read with care, as a file may hold anything.
#pragma once

#include <set>
#include <string>

#include "editor/session/geometry.h"
#include "graph/graph.h"

namespace weft::editor {

struct NodeUi {
  Point at;
  double width = 0;  ///< 0: as wide as it needs
  bool collapsed = false;
  std::string colour = {};                              ///< "#rrggbb"; empty: the type's
  std::set<std::string, std::less<>> shown_ports = {};  ///< params that are shown as inputs
};

NodeUi node_ui(const GraphNode& node);
/// The node's `ui` with these facts in it; keys that we do not know stay.
nlohmann::json with_node_ui(const GraphNode& node, const NodeUi& ui);

}  // namespace weft::editor
