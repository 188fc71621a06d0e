// The way to a node: which instances a document has to enter before it shows the node. [main-thread]
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "graph/workflow.h"

namespace weft::editor {

struct NodeWay {
  std::vector<std::string> instances;  ///< outermost first
  std::string node;
};

/// To the node at an address, or at "subgraph:NAME/NODE" in a definition: the first use of it that is found. Nothing: no node uses
/// the definition. Whether the node is there is not looked at.
std::optional<NodeWay> way_to(const Workflow& workflow, const std::string& address);

}  // namespace weft::editor
