// The lists that are searched by typing: nodes to add, commands, nodes of the graph, ports to connect. One
// window shows them all: what differs is what stands in the list and what choosing does.
#pragma once

#include "editor/app/app.h"
#include "editor/session/missing.h"

namespace weft::editor {

/// Where the palette opens, and what a node that is chosen there does.
struct PaletteRequest {
  Point at;                          ///< of the new node, on the canvas
  ImVec2 screen{-1, -1};             ///< of the palette; negative: the upper middle of the window
  std::optional<LinkEnd> from = {};  ///< only what this may be linked to, and it is linked
  std::optional<Link> on_link = {};  ///< the node is taken into this link
};
void open_node_palette(App& app, const PaletteRequest& request);
/// Another node type for each of the nodes, which are of one type; best fits first.
void open_replace_list(App& app, const std::vector<Spot>& nodes);
/// A model of the kind for all of the params.
void open_model_list(App& app, const std::vector<Spot>& params, const std::string& folder);
void open_command_palette(App& app);
void open_node_search(App& app);
/// Every link that the selected node could have, by name: connecting without a mouse.
void open_connect_list(App& app);

/// The list that is open, if any.
void draw_search_list(App& app);

/// Shows what comes out of a port (or into it) in the viewer.
void view_value(App& app, Document& document, const LinkEnd& end);

}  // namespace weft::editor
