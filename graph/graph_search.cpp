// What Boost.Graph's searches find in a graph: order, paths, cycles. None of them recurses: a chain may be
// long.
#include <algorithm>
#include <boost/graph/breadth_first_search.hpp>
#include <boost/graph/depth_first_search.hpp>
#include <boost/graph/reverse_graph.hpp>
#include <boost/graph/strong_components.hpp>
#include <boost/graph/topological_sort.hpp>

#include "graph/graph_impl.h"

namespace weft {
namespace {

using Colours = std::vector<boost::default_color_type>;

auto index_of(const LinkGraph& links) { return boost::get(boost::vertex_index, links); }

/// The nodes by the number of links from `start`, and how each was reached first.
struct Search {
  std::vector<Vertex> reached_from;
  std::vector<std::size_t> distance;  ///< meaningful where reached_from is, and at the start

  Search(const LinkGraph& links, Vertex start)
      : reached_from(boost::num_vertices(links), kNoVertex), distance(boost::num_vertices(links), 0) {
    const auto index = index_of(links);
    Colours colours(boost::num_vertices(links), boost::white_color);
    boost::queue<Vertex> queue;
    const auto visitor = boost::make_bfs_visitor(std::make_pair(
        boost::record_predecessors(
            boost::make_iterator_property_map(reached_from.begin(), index), boost::on_tree_edge()),
        boost::record_distances(boost::make_iterator_property_map(distance.begin(), index), boost::on_tree_edge())));
    boost::breadth_first_visit(links, start, queue, visitor, boost::make_iterator_property_map(colours.begin(), index));
  }

  std::vector<Vertex> path(Vertex start, Vertex end) const {
    std::vector<Vertex> path{end};
    while (path.back() != start) path.push_back(reached_from[path.back()]);
    std::ranges::reverse(path);
    return path;
  }
};

/// True for `roots` and all that the edges lead to from there.
template <class AnyGraph>
std::vector<bool> reached(const AnyGraph& graph, const std::vector<Vertex>& roots) {
  Colours colours(boost::num_vertices(graph), boost::white_color);
  const auto colour_map = boost::make_iterator_property_map(colours.begin(), boost::get(boost::vertex_index, graph));
  for (const Vertex root : roots) {
    if (colours[root] == boost::white_color)
      boost::depth_first_visit(graph, root, boost::default_dfs_visitor(), colour_map);
  }
  std::vector<bool> reached(colours.size());
  std::transform(
      colours.begin(), colours.end(), reached.begin(), [](auto colour) { return colour != boost::white_color; });
  return reached;
}

/// A shortest cycle through `start`, which must lie on one.
std::vector<Vertex> cycle_through(const Graph::Impl& graph, Vertex start) {
  const Search search(graph.links, start);
  Vertex end = kNoVertex;
  for (const LinkIn& link : graph[start].links_in) {
    if (search.reached_from[link.source] == kNoVertex) continue;
    if (end == kNoVertex || search.distance[link.source] < search.distance[end]) end = link.source;
  }
  std::vector<Vertex> cycle = search.path(start, end);
  cycle.push_back(start);
  return cycle;
}

/// Throws boost::not_a_dag. Boost's topological_sort() would begin at the lowest vertex number: we begin at
/// the earliest node, so that the order does not depend on which numbers were free.
std::shared_ptr<const TopologicalOrder> sorted(const Graph::Impl& graph) {
  auto order = std::make_shared<TopologicalOrder>();
  order->vertices.reserve(graph.by_id.size());
  const auto against_links = boost::make_reverse_graph(graph.links);
  Colours colours(graph.vertex_count(), boost::white_color);
  const auto colour_map = boost::make_iterator_property_map(colours.begin(), index_of(graph.links));
  const boost::topo_sort_visitor visitor(std::back_inserter(order->vertices));
  for (Vertex v = graph.first; v != kNoVertex; v = graph[v].next) {
    if (colours[v] == boost::white_color) boost::depth_first_visit(against_links, v, visitor, colour_map);
  }
  order->positions.resize(graph.vertex_count());
  for (std::uint32_t i = 0; i < order->vertices.size(); ++i) order->positions[order->vertices[i]] = i;
  return order;
}

}  // namespace

std::shared_ptr<const TopologicalOrder> Graph::Impl::order() const {
  const std::scoped_lock lock(order_mutex_);
  if (!order_) order_ = sorted(*this);
  return order_;
}

std::vector<bool> needed_for(const Graph::Impl& graph, const std::vector<Vertex>& roots) {
  return reached(boost::make_reverse_graph(graph.links), roots);
}

std::vector<bool> fed_by(const Graph::Impl& graph, Vertex root) { return reached(graph.links, {root}); }

std::vector<Vertex> shortest_path(const Graph::Impl& graph, Vertex from, Vertex to) {
  if (from == to) return {from};
  const Search search(graph.links, from);
  return search.reached_from[to] == kNoVertex ? std::vector<Vertex>{} : search.path(from, to);
}

std::vector<std::vector<Vertex>> cycles(const Graph::Impl& graph) {
  try {
    (void)graph.order();
    return {};
  } catch (const boost::not_a_dag&) {
  }
  std::vector<std::size_t> component(graph.vertex_count());
  const std::size_t count = boost::strong_components(
      graph.links, boost::make_iterator_property_map(component.begin(), index_of(graph.links)));
  std::vector<std::size_t> sizes(count);
  for (const std::size_t c : component) ++sizes[c];

  std::vector<std::vector<Vertex>> found;
  for (Vertex v = graph.first; v != kNoVertex; v = graph[v].next) {
    std::size_t& size = sizes[component[v]];
    if (size < 2) continue;
    found.push_back(cycle_through(graph, v));
    size = 0;  // the others of this component lie on the same cycle, or on one that hangs on it
  }
  return found;
}

}  // namespace weft
