#include "graph/graph.h"

#include <fmt/format.h>

#include <algorithm>

#include "graph/graph_impl.h"

namespace weft {
namespace {

const char* const kOwnKeys[] = {"type", "title", "state", "inputs", "ui"};

bool has_control_characters(std::string_view text) {
  return std::ranges::any_of(text, [](unsigned char c) { return c < 0x20 || c == 0x7f; });
}

/// "a -> b -> a"; of a long cycle the ends.
std::string cycle_text(const std::vector<std::string>& ids) {
  constexpr std::size_t kEnds = 8;
  if (ids.size() <= 2 * kEnds) return fmt::format("{}", fmt::join(ids, " -> "));
  return fmt::format("{} -> ... ({} more) -> {}", fmt::join(ids.begin(), ids.begin() + kEnds, " -> "),
      ids.size() - 2 * kEnds, fmt::join(ids.end() - kEnds, ids.end(), " -> "));
}

Problem cycle_problem(const std::vector<std::string>& ids, std::string port = {}) {
  return {.node = ids.front(),
      .port = std::move(port),
      .what = "links make a cycle: " + cycle_text(ids),
      .remedy = "take one of these links away"};
}

std::vector<std::string> ids_of(const Graph::Impl& graph, const std::vector<Vertex>& vertices) {
  std::vector<std::string> ids;
  for (const Vertex v : vertices) ids.push_back(graph[v].node->id);
  return ids;
}

/// The vertices that are marked, but for `left_out`, in topological order.
std::vector<Vertex> in_order(const Graph::Impl& graph, const std::vector<bool>& marked, Vertex left_out) {
  std::vector<Vertex> vertices;
  for (const Vertex v : graph.order()->vertices)
    if (marked[v] && v != left_out) vertices.push_back(v);
  return vertices;
}

void check_id(std::string_view id, std::vector<Problem>& problems) {
  if (id.empty()) problems.push_back({.what = "a node has an empty id", .remedy = "give it a name, such as 'sampler'"});
  if (has_control_characters(id))
    problems.push_back({.what = "a node's id holds control characters", .remedy = "use letters, digits and '_'"});
}

/// What is wrong with an input's value, whatever else the graph holds.
void check_input(
    std::string_view node, std::string_view port, const InputValue& value, std::vector<Problem>& problems) {
  const auto complain = [&](std::string what, std::string remedy) {
    problems.push_back({std::string(node), std::string(port), std::move(what), std::move(remedy)});
  };
  if (port.empty()) complain("an input has an empty name", "name the port");
  const Links* links = std::get_if<Links>(&value);
  if (!links) return;
  for (const PortRef& source : *links) {
    if (source.port.empty() || source.port.find('.') != std::string::npos)
      complain(fmt::format("'{}' cannot be the name of an output", source.port), "link to \"node.output\"");
    if (source.node == node) complain("the node links to itself", "link another node's output");
  }
}

/// What is wrong with a node, whatever else the graph holds.
void check_node(const GraphNode& node, std::vector<Problem>& problems) {
  check_id(node.id, problems);
  if (node.type.empty())
    problems.push_back(
        {.node = node.id, .what = "the node has no type", .remedy = "give it one, such as 'image.load'"});
  if (!node.ui.is_object())
    problems.push_back({.node = node.id, .what = "'ui' is not a JSON object", .remedy = "use {}"});
  for (const char* key : kOwnKeys) {
    if (node.extra.contains(key))
      problems.push_back({.node = node.id,
          .what = fmt::format("'{}' stands among the unknown keys", key),
          .remedy = "set it in its own place"});
  }
  for (const auto& [port, value] : node.inputs) check_input(node.id, port, value, problems);
}

void check_sources(const Graph::Impl& graph, std::string_view node, std::string_view port, const InputValue& value,
    std::vector<Problem>& problems) {
  const Links* links = std::get_if<Links>(&value);
  if (!links) return;
  for (const PortRef& source : *links) {
    if (graph.find(source.node) == kNoVertex && source.node != node)
      problems.push_back(
          {std::string(node), std::string(port), fmt::format("the link's source '{}' is not in the graph", source.node),
              "add that node, or link another one"});
  }
}

Problem taken(const std::string& id) {
  return {.node = id, .what = "the id is taken by another node", .remedy = "choose another id"};
}

void throw_if_any(std::vector<Problem> problems) {
  if (!problems.empty()) throw GraphError(std::move(problems));
}

/// The nodes that `vertex` feeds, each once, in topological order.
std::vector<Vertex> consumers(const Graph::Impl& graph, Vertex vertex) {
  std::vector<Vertex> targets;
  for (const auto& edge : boost::make_iterator_range(boost::out_edges(vertex, graph.links)))
    targets.push_back(boost::target(edge, graph.links));
  const auto order = graph.order();
  std::ranges::sort(targets, {}, [&](Vertex v) { return order->positions[v]; });
  targets.erase(std::ranges::unique(targets).begin(), targets.end());
  return targets;
}

GraphNode without_links_from(GraphNode node, std::string_view source) {
  for (auto input = node.inputs.begin(); input != node.inputs.end();) {
    Links* links = std::get_if<Links>(&input->second);
    const bool cut = links && std::erase_if(*links, [&](const PortRef& ref) { return ref.node == source; }) > 0;
    input = cut && links->empty() ? node.inputs.erase(input) : std::next(input);
  }
  return node;
}

GraphNode with_source_renamed(GraphNode node, std::string_view from, const std::string& to) {
  for (auto& [port, value] : node.inputs) {
    if (Links* links = std::get_if<Links>(&value))
      for (PortRef& source : *links)
        if (source.node == from) source.node = to;
  }
  return node;
}

}  // namespace

Graph::Graph() : impl_(std::make_shared<Impl>()) {}
Graph::Graph(const Graph& other) : impl_(other.impl_) {
  if (impl_) impl_->shared = true;
}
Graph::Graph(Graph&&) noexcept = default;
Graph& Graph::operator=(const Graph& other) {
  if (other.impl_ && other.impl_ != impl_) other.impl_->shared = true;
  impl_ = other.impl_;
  return *this;
}
Graph& Graph::operator=(Graph&&) noexcept = default;
Graph::~Graph() = default;

Graph::Impl& Graph::writable() {
  if (impl_->shared) impl_ = std::make_shared<Impl>(*impl_);
  return *impl_;
}

void Graph::add(GraphNode node, std::string_view before) {
  std::vector<Problem> problems;
  check_node(node, problems);
  for (const auto& [port, value] : node.inputs) check_sources(*impl_, node.id, port, value, problems);
  if (contains(node.id)) problems.push_back(taken(node.id));
  throw_if_any(std::move(problems));
  const Vertex next = before.empty() ? kNoVertex : impl_->at(before);
  Impl& impl = writable();
  impl.connect(impl.insert(std::move(node), next));  // what is new feeds nothing yet, so no cycle can close
}

void Graph::add_all(std::vector<GraphNode> nodes) {
  auto next = std::make_shared<Impl>(*impl_);
  std::vector<Problem> problems;
  std::vector<Vertex> added;
  added.reserve(nodes.size());
  next->by_id.reserve(next->by_id.size() + nodes.size());
  for (GraphNode& node : nodes) {
    check_node(node, problems);
    if (next->find(node.id) != kNoVertex)
      problems.push_back(taken(node.id));
    else
      added.push_back(next->insert(std::move(node)));
  }
  for (const Vertex v : added) {
    const GraphNode& node = *(*next)[v].node;
    for (const auto& [port, value] : node.inputs) check_sources(*next, node.id, port, value, problems);
    next->connect(v);
  }
  for (const auto& cycle : cycles(*next)) problems.push_back(cycle_problem(ids_of(*next, cycle)));
  throw_if_any(std::move(problems));
  impl_ = std::move(next);
}

void Graph::remove(std::string_view id) {
  const Vertex vertex = impl_->at(id);
  Impl& impl = writable();
  for (const Vertex target : consumers(impl, vertex)) impl.replace(target, without_links_from(*impl[target].node, id));
  impl.erase(vertex);
}

void Graph::rename(std::string_view from, const std::string& to) {
  const Vertex vertex = impl_->at(from);
  if (from == to) return;
  std::vector<Problem> problems;
  check_id(to, problems);
  if (contains(to)) problems.push_back(taken(to));
  throw_if_any(std::move(problems));

  Impl& impl = writable();
  const std::string old_id(from);  // `from` may point into the node that is replaced
  GraphNode renamed = *impl[vertex].node;
  renamed.id = to;
  impl.replace(vertex, std::move(renamed));
  for (const Vertex target : consumers(impl, vertex))
    impl.replace(target, with_source_renamed(*impl[target].node, old_id, to));
}

void Graph::set_input(std::string_view node, const std::string& port, InputValue value) {
  const Vertex target = impl_->at(node);
  std::vector<Problem> problems;
  check_input(node, port, value, problems);
  check_sources(*impl_, node, port, value, problems);
  throw_if_any(std::move(problems));
  if (const Links* links = std::get_if<Links>(&value)) {
    for (const PortRef& source : *links) {
      const std::vector<std::string> cycle = cycle_if_linked(source.node, node);
      if (!cycle.empty()) throw GraphError(cycle_problem(cycle, port));
    }
  }
  GraphNode changed = *(*impl_)[target].node;
  changed.inputs.insert_or_assign(port, std::move(value));
  writable().replace(target, std::move(changed));
}

void Graph::clear_input(std::string_view node, std::string_view port) {
  const Vertex vertex = impl_->at(node);
  GraphNode changed = *(*impl_)[vertex].node;
  const auto found = changed.inputs.find(port);
  if (found == changed.inputs.end()) return;
  changed.inputs.erase(found);
  writable().replace(vertex, std::move(changed));
}

void Graph::set_title(std::string_view node, std::string title) {
  const Vertex vertex = impl_->at(node);
  GraphNode changed = *(*impl_)[vertex].node;
  changed.title = std::move(title);
  writable().replace(vertex, std::move(changed));
}

void Graph::set_ui(std::string_view node, nlohmann::json ui) {
  const Vertex vertex = impl_->at(node);
  GraphNode changed = *(*impl_)[vertex].node;
  changed.ui = std::move(ui);
  std::vector<Problem> problems;
  check_node(changed, problems);
  throw_if_any(std::move(problems));
  writable().replace(vertex, std::move(changed));
}

void Graph::set_state(std::string_view node, NodeState state) {
  const Vertex vertex = impl_->at(node);
  GraphNode changed = *(*impl_)[vertex].node;
  changed.state = state;
  writable().replace(vertex, std::move(changed));
}

void Graph::set_type(std::string_view node, std::string type) {
  const Vertex vertex = impl_->at(node);
  GraphNode changed = *(*impl_)[vertex].node;
  changed.type = std::move(type);
  std::vector<Problem> problems;
  check_node(changed, problems);
  throw_if_any(std::move(problems));
  writable().replace(vertex, std::move(changed));
}

std::size_t Graph::size() const { return impl_->by_id.size(); }

bool Graph::contains(std::string_view id) const { return impl_->find(id) != kNoVertex; }

const GraphNode& Graph::node(std::string_view id) const { return *(*impl_)[impl_->at(id)].node; }

const GraphNode* Graph::find(std::string_view id) const {
  const Vertex vertex = impl_->find(id);
  return vertex == kNoVertex ? nullptr : (*impl_)[vertex].node.get();
}

std::vector<const GraphNode*> Graph::nodes() const {
  std::vector<const GraphNode*> nodes;
  nodes.reserve(size());
  for (Vertex v = impl_->first; v != kNoVertex; v = (*impl_)[v].next) nodes.push_back((*impl_)[v].node.get());
  return nodes;
}

std::vector<std::string> Graph::topological_order() const { return ids_of(*impl_, impl_->order()->vertices); }

std::vector<std::string> Graph::ancestors(std::string_view id) const {
  const Vertex vertex = impl_->at(id);
  return ids_of(*impl_, in_order(*impl_, needed_for(*impl_, {vertex}), vertex));
}

std::vector<std::string> Graph::with_ancestors(std::span<const std::string> ids) const {
  std::vector<Vertex> roots;
  for (const std::string& id : ids) roots.push_back(impl_->at(id));
  return ids_of(*impl_, in_order(*impl_, needed_for(*impl_, roots), kNoVertex));
}

std::vector<std::string> Graph::descendants(std::string_view id) const {
  const Vertex vertex = impl_->at(id);
  return ids_of(*impl_, in_order(*impl_, fed_by(*impl_, vertex), vertex));
}

std::vector<std::pair<PortRef, PortRef>> Graph::links_from(std::string_view id) const {
  const Vertex vertex = impl_->at(id);
  std::vector<std::pair<PortRef, PortRef>> links;
  for (const Vertex target : consumers(*impl_, vertex)) {
    const NodeRecord& record = (*impl_)[target];
    for (const LinkIn& link : record.links_in) {
      if (link.source == vertex)
        links.push_back({{std::string(id), std::string(link.output)}, {record.node->id, std::string(link.input)}});
    }
  }
  return links;
}

std::vector<std::string> Graph::cycle_if_linked(std::string_view source, std::string_view target) const {
  const Vertex from = impl_->at(source), to = impl_->at(target);
  std::vector<std::string> cycle = ids_of(*impl_, shortest_path(*impl_, to, from));
  if (!cycle.empty()) cycle.emplace_back(target);
  return cycle;
}

bool Graph::operator==(const Graph& other) const {
  if (impl_ == other.impl_) return true;
  if (size() != other.size()) return false;
  return std::ranges::all_of(impl_->by_id, [&](const auto& entry) {
    const GraphNode* twin = other.find(entry.first);
    return twin && *twin == *(*impl_)[entry.second].node;
  });
}

}  // namespace weft
