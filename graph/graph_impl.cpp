#include "graph/graph_impl.h"

#include <algorithm>

#include "base/spelling.h"

namespace weft {
namespace {

bool same_sources(const std::vector<LinkIn>& a, const std::vector<LinkIn>& b) {
  return std::ranges::equal(a, b, {}, &LinkIn::source, &LinkIn::source);
}

}  // namespace

Graph::Impl::Impl(const Impl& other)
    : links(other.links), by_id(other.by_id), first(other.first), last(other.last), free(other.free) {
  const std::scoped_lock lock(other.order_mutex_);
  order_ = other.order_;
}

Vertex Graph::Impl::find(std::string_view id) const {
  const auto found = by_id.find(id);
  return found == by_id.end() ? kNoVertex : found->second;
}

Vertex Graph::Impl::at(std::string_view id) const {
  const Vertex vertex = find(id);
  if (vertex != kNoVertex) return vertex;
  std::vector<std::string> ids;
  for (Vertex v = first; v != kNoVertex; v = links[v].next) ids.push_back(links[v].node->id);
  throw GraphError(Problem{.node = std::string(id), .what = "there is no such node", .remedy = suggestion(id, ids)});
}

Vertex Graph::Impl::insert(GraphNode node, Vertex before) {
  Vertex vertex = kNoVertex;
  if (free.empty()) {
    vertex = boost::add_vertex(links);
  } else {
    vertex = free.back();
    free.pop_back();
  }
  NodeRecord& record = links[vertex];
  record.node = std::make_shared<const GraphNode>(std::move(node));
  by_id.emplace(record.node->id, vertex);

  record.next = before;
  record.previous = before == kNoVertex ? last : links[before].previous;
  (record.previous == kNoVertex ? first : links[record.previous].next) = vertex;
  (record.next == kNoVertex ? last : links[record.next].previous) = vertex;
  order_.reset();
  return vertex;
}

void Graph::Impl::erase(Vertex vertex) {
  NodeRecord& record = links[vertex];
  (record.previous == kNoVertex ? first : links[record.previous].next) = record.next;
  (record.next == kNoVertex ? last : links[record.next].previous) = record.previous;
  by_id.erase(record.node->id);
  boost::clear_vertex(vertex, links);
  record = {};
  free.push_back(vertex);
  order_.reset();
}

void Graph::Impl::replace(Vertex vertex, GraphNode node) {
  NodeRecord& record = links[vertex];
  if (record.node->id != node.id) {
    by_id.erase(record.node->id);
    by_id.emplace(node.id, vertex);
  }
  const auto keep_names_of_old_links = std::exchange(record.node, std::make_shared<const GraphNode>(std::move(node)));
  connect(vertex);
}

void Graph::Impl::connect(Vertex vertex) {
  std::vector<LinkIn> links_in;
  for (const auto& [input, value] : links[vertex].node->inputs) {
    const Links* sources = std::get_if<Links>(&value);
    if (!sources) continue;
    for (const PortRef& source : *sources) {
      const Vertex from = find(source.node);
      if (from != kNoVertex && from != vertex) links_in.push_back({input, from, source.port});
    }
  }
  const bool same_edges = same_sources(links[vertex].links_in, links_in);
  if (!same_edges) {
    boost::clear_in_edges(vertex, links);
    for (const LinkIn& link : links_in) boost::add_edge(link.source, vertex, links);
    order_.reset();
  }
  links[vertex].links_in = std::move(links_in);
}

}  // namespace weft
