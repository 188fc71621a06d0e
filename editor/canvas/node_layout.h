// NodeLayout: where the parts of a node lie, in canvas units from its top left. Derived from the declaration
// alone, so it is the same on every machine, at every zoom, and before the node was ever drawn.
#pragma once

#include <imgui.h>

#include <string>
#include <vector>

#include "editor/session/node_ui.h"
#include "graph/registry.h"

namespace weft::editor {

/// A port as the canvas shows it. Those of a node of a type that is missing are guessed from the file.
struct ShownPort {
  PortInfo info;
  std::string label;
  bool is_output = false;
  bool linked = false;
  std::string exposed_as;  ///< the name by which callers, or the instances of the subgraph, have it; empty: none
  bool field = false;  ///< a param with its widget
  ImVec2 pin;          ///< centre
  ImVec2 field_min, field_size;
};

struct NodeLayout {
  ImVec2 size;
  std::string title;       ///< cut to fit
  std::string full_title;
  std::vector<ShownPort> ports;
  float thumbnail_top = 0;  ///< where it would start
  float picture_height = 0;  ///< of the room for one; 0: none
  float wanted_height = 0;   ///< of the node with all the room that a picture would like
};

struct LayoutInput {
  const GraphNode& node;
  const NodeInfo* type;  ///< null: missing
  const std::vector<std::string>& linked_outputs;
};

/// In the text font of the canvas, pushed at metric::kTextSize. `with_thumbnail` adds room for one below, also where the
/// type alone asks for none.
NodeLayout lay_out(const LayoutInput& input, bool with_thumbnail);
/// Gives the picture no more than this height, and none at all where too little is left to see anything.
void limit_picture(NodeLayout& layout, float height);
/// Of a node that is not there yet.
NodeLayout lay_out_new(const NodeInfo& type);

}  // namespace weft::editor
