// Links, as a window asks about them while one is dragged: does it fit, why not, what else would fit. Nothing
// is changed here. [main-thread]
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "graph/node_types.h"
#include "graph/registry.h"
#include "graph/validate.h"

namespace weft::editor {

struct Link {
  PortRef source;  ///< an output
  PortRef target;  ///< an input or param
  auto operator<=>(const Link&) const = default;
};

/// The end of a dragged link that holds on to a node.
struct LinkEnd {
  PortRef port;
  bool is_output = true;
};

/// What would happen if the button were released now.
struct LinkCheck {
  std::optional<Problem> problem;   ///< why it cannot be: type, cycle, the same node; none: it fits
  std::optional<PortRef> replaces;  ///< the source whose link it takes the place of
  bool exists = false;              ///< the two are linked already
  bool ok() const { return !problem; }
};
LinkCheck check_link(const Graph& graph, const NodeTypes& types, const Link& link);

/// The links at an input or param; none where nothing stands there, or a value.
const Links& links_at(const GraphNode& node, std::string_view port);
const Links& links_at(const Graph& graph, const PortRef& target);
/// All links of a graph, by target.
std::vector<Link> links_of(const Graph& graph);
/// The type that comes out of or goes into a port; empty where it is not known.
std::string port_type(const Graph& graph, const NodeTypes& types, const LinkEnd& end);

/// A node type, and the port of it that takes the dragged link.
struct NodeChoice {
  const NodeInfo* type = nullptr;
  std::string port;
};
/// Node types that a link from `end` may lead to, those whose port is an exact match first, then by id.
/// `known`: all that there are (all_types()).
std::vector<NodeChoice> nodes_for_link(
    const Graph& graph, const NodeTypes& types, const std::vector<const NodeInfo*>& known, const LinkEnd& end);
/// Every node type: the registry's by id, then the workflow's subgraphs. Valid as long as `types`.
std::vector<const NodeInfo*> all_types(const Registry& registry, const NodeTypes& types, const Subgraphs& subgraphs);

/// The best pair of ports to link two nodes: a -> b before b -> a; same type before convertible, free inputs
/// before occupied ones, same name before others, inputs before params, then in declared order. None: nothing
/// fits.
std::optional<Link> best_link(const Graph& graph, const NodeTypes& types, const std::string& a, const std::string& b);

/// The links that take a node into `link`, if its ports allow: source -> node, node -> target.
struct Insertion {
  Link in;
  Link out;
};
std::optional<Insertion> insertion(
    const Graph& graph, const NodeTypes& types, const std::string& node, const Link& link);

// The same where there are no subgraphs.
inline LinkCheck check_link(const Graph& graph, const Registry& registry, const Link& link) {
  return check_link(graph, NodeTypes({}, registry), link);
}
inline std::string port_type(const Graph& graph, const Registry& registry, const LinkEnd& end) {
  return port_type(graph, NodeTypes({}, registry), end);
}
inline std::vector<NodeChoice> nodes_for_link(const Graph& graph, const Registry& registry, const LinkEnd& end) {
  return nodes_for_link(graph, NodeTypes({}, registry), registry.nodes(), end);
}
inline std::optional<Link> best_link(
    const Graph& graph, const Registry& registry, const std::string& a, const std::string& b) {
  return best_link(graph, NodeTypes({}, registry), a, b);
}
inline std::optional<Insertion> insertion(
    const Graph& graph, const Registry& registry, const std::string& node, const Link& link) {
  return insertion(graph, NodeTypes({}, registry), node, link);
}

}  // namespace weft::editor
