// NodeLayout: where the parts of a node lie, in canvas units from its top left. Derived from the declaration
// alone, so it is the same on every machine, at every zoom, and before the node was ever drawn.
#pragma once

#include <imgui.h>

#include <string>
#include <vector>

#include "editor/session/node_ui.h"
#include "graph/registry.h"

namespace weft::editor {

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

/// A port as the canvas shows it. Those of a node of a type that is missing are guessed from the file.
struct ShownPort {
  PortInfo info;
  std::string label;
  bool is_output = false;
  bool linked = false;
  bool field = false;  ///< a param with its widget
  ImVec2 pin;          ///< centre
  ImVec2 field_min, field_size;
};

struct NodeLayout {
  ImVec2 size;
  std::string title;  ///< cut to fit
  std::vector<ShownPort> ports;
  float thumbnail_top = 0;  ///< where it would start
};

struct LayoutInput {
  const GraphNode& node;
  const NodeInfo* type;  ///< null: missing
  const std::vector<std::string>& linked_outputs;
};

/// In the text font of the canvas, pushed at metric::kTextSize. `with_thumbnail` adds room for one below.
NodeLayout lay_out(const LayoutInput& input, bool with_thumbnail);

}  // namespace weft::editor
