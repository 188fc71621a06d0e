// Graph: nodes and links of a workflow, on Boost.Graph, behind stable ids. A value: copy it, keep it, compare it. It knows
// no node types: what fits together is judged by validate.h with a registry at hand. It does refuse what can never be:
// two nodes of one id, links to nowhere, cycles. Copies may be used on different threads. [any thread]
//
// Copies share their nodes (copy on write), so a snapshot for a run is cheap.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <nlohmann/json.hpp>
#include <span>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "base/error.h"

namespace weft {

/// An end of a link: an output as its source, an input or param as its target.
struct PortRef {
  std::string node;
  std::string port;
  auto operator<=>(const PortRef&) const = default;
};

using Literal = nlohmann::json;
using Links = std::vector<PortRef>;  ///< the sources, in order; more than one only on a `many` input

/// What stands at an input or param: a literal, or links.
using InputValue = std::variant<Literal, Links>;

/// Whether a run takes the node as it stands; see expand.h.
enum class NodeState : std::uint8_t {
  Active,
  Muted,  ///< it does not run, nor does what needs it
  Bypassed,  ///< it does not run; each output passes on what comes in at an input of its type
};

/// One node of a workflow. Everything that the file says of it, known or not.
struct GraphNode {
  std::string id;  ///< unique in the graph, stable, chosen by the user: "sampler"
  std::string type;  ///< "sample.ksampler"
  std::string title = {};
  std::map<std::string, InputValue, std::less<>> inputs = {};
  nlohmann::json ui = nlohmann::json::object();  ///< position and such; no meaning to the engine
  nlohmann::json extra = nlohmann::json::object();  ///< unknown keys of the file, kept as they are
  NodeState state = NodeState::Active;
  bool operator==(const GraphNode&) const = default;
};

class WEFT_EXPORT Graph {
 public:
  struct Impl;  // graph_impl.h

  Graph();
  Graph(const Graph&);
  Graph(Graph&&) noexcept;
  Graph& operator=(const Graph&);
  Graph& operator=(Graph&&) noexcept;
  ~Graph();

  /// Adds a node without its links' sources having to exist only if `inputs` holds none; throws GraphError if the id is
  /// taken or empty, a link's source is missing, or a link would close a cycle. The graph is unchanged then. The node
  /// becomes the last in order of addition, or comes before the node `before`.
  void add(GraphNode node, std::string_view before = {});
  /// Adds many at once, in any order among themselves. All problems are collected; all or nothing. Linear time.
  void add_all(std::vector<GraphNode> nodes);
  /// Removes a node and the links that it feeds. Throws GraphError if there is none.
  void remove(std::string_view id);
  /// Gives a node a new id; links follow. Throws GraphError if `to` is taken.
  void rename(std::string_view from, const std::string& to);
  /// Replaces what stands at an input or param; nullopt-like removal is clear_input(). Throws GraphError on a missing
  /// node, a missing source node, or a cycle, which is named: "a -> b -> a".
  void set_input(std::string_view node, const std::string& port, InputValue value);
  void clear_input(std::string_view node, std::string_view port);
  void set_title(std::string_view node, std::string title);
  void set_ui(std::string_view node, nlohmann::json ui);
  void set_state(std::string_view node, NodeState state);
  /// What stands at its ports stays, whether the new type has such ports or not. Throws GraphError if `type` is empty.
  void set_type(std::string_view node, std::string type);

  std::size_t size() const;
  bool contains(std::string_view id) const;
  /// Throws GraphError if there is none.
  const GraphNode& node(std::string_view id) const;
  /// Null if there is none.
  const GraphNode* find(std::string_view id) const;
  /// In the order in which they were added.
  std::vector<const GraphNode*> nodes() const;

  /// The ids, every node after those that it depends on; in order of addition where that is such an order already, else
  /// depth first from the earliest node.
  std::vector<std::string> topological_order() const;
  std::vector<std::string> ancestors(std::string_view id) const;  ///< not itself, in topological order
  std::vector<std::string> descendants(std::string_view id) const;  ///< not itself, in topological order
  /// These and all that they depend on, in topological order. Linear, however many they are. Throws GraphError if one is
  /// missing.
  std::vector<std::string> with_ancestors(std::span<const std::string> ids) const;
  /// The inputs that the node's outputs feed.
  std::vector<std::pair<PortRef, PortRef>> links_from(std::string_view id) const;  ///< (source, target)
  /// The cycle that a link source -> target would close, as ids from target back to target; empty if none.
  std::vector<std::string> cycle_if_linked(std::string_view source, std::string_view target) const;

  /// Same nodes, links, params and ui; the order of addition does not count.
  bool operator==(const Graph&) const;

 private:
  friend struct GraphAccess;
  friend class Planner;
  Impl& writable();
  std::shared_ptr<Impl> impl_;  // copied on write; null only in a graph that was moved from
};

}  // namespace weft
