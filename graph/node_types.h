// NodeTypes: the node types that a workflow's nodes may have: those of the registry, and one for each of its
// subgraphs. Ports of a subgraph are derived from the ports that they lead to, so a promoted param keeps its
// default, range, choices and tip. A value of this moment: make another one when a definition changes. [any thread]
#pragma once

#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "graph/registry.h"
#include "graph/subgraph.h"

namespace weft {

class WEFT_EXPORT NodeTypes {
 public:
  /// The registry is borrowed. Throws GraphError where innermost_first() does.
  NodeTypes(const Subgraphs& subgraphs, const Registry& registry);

  /// Null if neither knows it. A port whose own type cannot be known, as it leads to a placeholder, has the
  /// type "".
  const NodeInfo* find(std::string_view type) const;

  /// Why find() gives null, with what may have been meant. `node` is named in it.
  Problem unknown(const std::string& node, std::string_view type) const;

 private:
  NodeInfo describe(const std::string& name, const Subgraph& subgraph) const;
  PortInfo input_port(const Graph& graph, const SubgraphInput& port) const;
  PortInfo output_port(const Graph& graph, const SubgraphOutput& port) const;

  const Registry& registry_;
  std::map<std::string, NodeInfo, std::less<>> subgraphs_;  // by type
};

}  // namespace weft
