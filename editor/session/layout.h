// Layout: where nodes go when a user asks for order. Layered, left to right: each node right of all that it
// depends on, few crossings, no overlaps. The same graph and sizes give the same places. Gestures are made of
// the result with move().
#pragma once

#include <functional>
#include <map>
#include <span>
#include <string>
#include <vector>

#include "editor/session/document.h"
#include "editor/session/geometry.h"

namespace weft::editor {

using Places = std::map<std::string, Point, std::less<>>;
/// Sizes as they are drawn; asked once a node.
using SizeOf = std::function<Size(const std::string& node)>;

struct LayoutSpacing {
  double between_layers = 80;
  double between_nodes = 40;
  double aspect = 1.6;  ///< width to height of the window: parts without links between them are laid in rows to fill it
};

/// Places for `nodes` (all, if empty), their top left where that of the set was, so that a selection stays
/// where it is.
Places auto_layout(const Graph& graph, const Ids& nodes, const SizeOf& size, LayoutSpacing spacing = {});

/// Gives places to the nodes of graphs in which no node has one, as in files that were written by hand or by a program.
/// Their sizes are guessed from their declarations.
void place_nodes(Workflow& workflow, const Registry& registry);

enum class Align : std::uint8_t { Left, Centre, Right, Top, Middle, Bottom };
Places align(const Graph& graph, const Ids& nodes, const SizeOf& size, Align how);

enum class Distribute : std::uint8_t { Horizontally, Vertically };
/// The same gap between neighbours, the outermost stay; where they do not fit in between, without a gap.
Places distribute(const Graph& graph, const Ids& nodes, const SizeOf& size, Distribute how);

/// The place nearest to `wanted` where something of this size lies on nothing that is `taken`.
Point free_place(std::span<const Rect> taken, Point wanted, Size of_new);

}  // namespace weft::editor
