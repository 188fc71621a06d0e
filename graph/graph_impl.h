// The inside of Graph, for graph.cpp, edit.cpp, validate.cpp and the executor's planner: a Boost.Graph of
// node records. Private to this library; all that it does not change is safe to read from several threads.
//
// Vertices are numbers below `links.vertex_count`, stable while their node lives. The vertex of a removed
// node is free (its record holds no node) until another node takes it, so walk `order()` or the list first_
// -> next, not all numbers.
//
// Rationale. Nodes are immutable and shared, an edit puts a changed copy in place: so a copy of the whole
// graph (made by the first edit after a snapshot) copies pointers, and names in a LinkIn may point into the
// node.
#pragma once

#include <atomic>
#include <boost/graph/adjacency_list.hpp>
#include <boost/unordered/unordered_flat_map.hpp>
#include <cstdint>
#include <limits>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <vector>

#include "base/string_hash.h"
#include "graph/graph.h"

namespace weft {

using Vertex = std::size_t;
inline constexpr Vertex kNoVertex = std::numeric_limits<Vertex>::max();

/// One link, seen from the node that it feeds; the names point into that node.
struct LinkIn {
  std::string_view input;
  Vertex source;
  std::string_view output;  ///< of `source`
};

struct NodeRecord {
  std::shared_ptr<const GraphNode> node;  ///< null: the vertex is free
  std::vector<LinkIn> links_in;  ///< grouped by input, inputs by name, links of an input in their order
  Vertex previous = kNoVertex;   ///< in order of addition
  Vertex next = kNoVertex;
};

/// An edge goes from the source of a link to its target; two links between the same nodes are two edges.
using LinkGraph = boost::adjacency_list<boost::vecS, boost::vecS, boost::bidirectionalS, NodeRecord>;

struct TopologicalOrder {
  std::vector<Vertex> vertices;  ///< sources before targets
  std::vector<std::uint32_t> positions;  ///< by vertex, its place in `vertices`; meaningless for free vertices
};

struct Graph::Impl {
  Impl() = default;
  Impl(const Impl& other);

  const NodeRecord& operator[](Vertex vertex) const { return links[vertex]; }
  /// kNoVertex if there is none.
  Vertex find(std::string_view id) const;
  /// Throws GraphError if there is none, with the ids that are spelled alike.
  Vertex at(std::string_view id) const;
  std::size_t vertex_count() const { return boost::num_vertices(links); }
  /// Computed on the first call after links changed. [any thread]
  std::shared_ptr<const TopologicalOrder> order() const;

  // Changes; the caller has checked that they keep the graph valid.
  /// The new node's links wait for connect(), so that nodes may come in any order.
  Vertex insert(GraphNode node, Vertex before = kNoVertex);
  /// Nothing may be linked to it any more.
  void erase(Vertex vertex);
  /// Puts a changed node in the place of the vertex's, and connects it.
  void replace(Vertex vertex, GraphNode node);
  /// Makes the edges into `vertex` what its node's inputs say. Sources that do not exist, and itself, are
  /// left out.
  void connect(Vertex vertex);

  LinkGraph links;
  boost::unordered_flat_map<std::string, Vertex, StringHash, std::equal_to<>> by_id;
  Vertex first = kNoVertex;  ///< in order of addition
  Vertex last = kNoVertex;
  std::vector<Vertex> free;
  /// Set by the first copy of the Graph, never reset: an edit then changes a copy of this. A use_count() of 1
  /// would not do, as it does not order another thread's last read before our write.
  std::atomic<bool> shared = false;

 private:
  mutable std::mutex order_mutex_;
  mutable std::shared_ptr<const TopologicalOrder> order_;
};

/// True for `roots` and all that they depend on, by vertex.
std::vector<bool> needed_for(const Graph::Impl& graph, const std::vector<Vertex>& roots);
/// True for `root` and all that depends on it, by vertex.
std::vector<bool> fed_by(const Graph::Impl& graph, Vertex root);
/// The vertices along the shortest way that links lead from one to the other, both included; empty if there
/// is none.
std::vector<Vertex> shortest_path(const Graph::Impl& graph, Vertex from, Vertex to);
/// One shortest cycle (first vertex = last) for each set of nodes that depend on each other; empty if there
/// are none.
std::vector<std::vector<Vertex>> cycles(const Graph::Impl& graph);

/// The way in for the library's own code.
struct GraphAccess {
  static const Graph::Impl& impl(const Graph& graph) { return *graph.impl_; }
};

}  // namespace weft
