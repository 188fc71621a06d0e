// Several nodes at once: the params that they share, which one field edits for all of them. [main-thread]
#pragma once

#include <string>
#include <vector>

#include "editor/session/document.h"
#include "graph/port.h"

namespace weft::editor {

/// A param that several nodes have under one name, as the same type with the same widget.
struct SharedParam {
  PortInfo port;                   ///< as the first of them declares it, within the limits of all
  std::vector<std::string> nodes;  ///< two or more, in which nothing is linked to it
  nlohmann::json value;            ///< the first one's
  bool mixed = false;              ///< another one's is another value
};

/// In the order of the first node's params, then of those that only later ones have.
std::vector<SharedParam> shared_params(const Graph& graph, const NodeTypes& types, const Ids& nodes);

}  // namespace weft::editor
