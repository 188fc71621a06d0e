// What a node's `ui` object holds: how the node is shown. Read with care, as a file may hold anything.
#pragma once

#include <set>
#include <string>

#include "editor/session/geometry.h"
#include "graph/graph.h"
#include "graph/registry.h"

namespace weft::editor {

struct NodeUi {
  Point at;
  double width = 0;  ///< 0: as wide as it needs
  bool collapsed = false;
  std::string colour = {};                              ///< "#rrggbb"; empty: the type's
  std::set<std::string, std::less<>> shown_ports = {};  ///< params that are shown as inputs
};

/// Sizes of what a node is made of, in canvas units. The window draws by them, and what has no window reckons with them.
namespace metric {
inline constexpr float kTextSize = 14;
inline constexpr float kTitle = 30;
inline constexpr float kRow = 24;
inline constexpr float kField = 22;
inline constexpr float kText = 58;  ///< a field with several lines
inline constexpr float kPad = 8;
inline constexpr float kWidth = 236;
inline constexpr float kPinRadius = 5;
inline constexpr float kThumbnail = 132;
inline constexpr float kRounding = 7;
inline constexpr float kReroute = 14;
}  // namespace metric

NodeUi node_ui(const GraphNode& node);
double node_width(const NodeUi& ui);

/// Whether a widget stands on the node for this param, rather than a pin for a link alone.
bool is_field(const GraphNode& node, const NodeUi& ui, const PortInfo& port);
/// Whether nodes of the type have room for a picture from the start, so that none grows over others when one comes:
/// what gives pictures, and samplers, which show how far they are.
bool has_picture_room(const NodeInfo& type);
/// As it is drawn. `type` may be null: missing.
Size size_of_node(const GraphNode& node, const NodeInfo* type);

/// The node's `ui` with these facts in it; keys that we do not know stay.
nlohmann::json with_node_ui(const GraphNode& node, const NodeUi& ui);

}  // namespace weft::editor
