#include "graph/expand.h"

#include <fmt/format.h>

#include <algorithm>
#include <unordered_map>
#include <unordered_set>

#include "graph/bypass.h"
#include "graph/graph_impl.h"
#include "graph/node_types.h"
#include "graph/validate.h"

namespace weft {
namespace {

constexpr std::size_t kMostNodes = 250'000;

/// What a reader of an output gets.
struct Feed {
  std::optional<PortRef> source;  ///< in the plain graph
  std::string blocked_by;         ///< the muted node that it needs
  std::string nothing_from;       ///< neither: the bypassed node, or instance, that has nothing to pass
};

/// What stands at an input: a value, or why there is none.
struct Given {
  std::optional<InputValue> value;
  std::string blocked_by;
};
using Inputs = std::map<std::string, Given, std::less<>>;

/// What became of a node.
struct Outcome {
  std::string path;
  bool runs = false;  ///< it stands in the plain graph
  std::string blocked_by;
  std::map<std::string, Feed> outputs;  ///< of an instance, or of a bypassed node
  std::vector<std::string> roots;       ///< plain nodes that run when it is wanted
};
using Outcomes = std::unordered_map<std::string, Outcome>;

bool links_anything(const Given& given) {
  const Links* links = given.value ? std::get_if<Links>(&*given.value) : nullptr;
  return !given.blocked_by.empty() || (links && !links->empty());
}

class Expander {
 public:
  Expander(const Subgraphs& subgraphs, const Registry& registry) : subgraphs_(subgraphs), types_(subgraphs, registry) {}

  Expansion expand(const Graph& graph, const std::vector<std::string>& wanted) {
    Expansion expansion;
    const std::vector<bool> needed = needed_for(GraphAccess::impl(graph), top_nodes(graph, wanted));
    const Outcomes outcomes = expand_scope(graph, "", {}, &needed);
    expansion.graph.add_all(std::move(nodes_));
    expansion.skipped = std::move(skipped_);
    for (const std::string& id : wanted) want(id, graph, outcomes, expansion);
    if (expansion.wanted.empty())
      throw GraphError(Problem{.what = "there is nothing to run: all that is wanted is muted or bypassed",
          .remedy = "activate one of its nodes"});
    throw_if_bypass_fails(expansion);
    return expansion;
  }

 private:
  static std::vector<Vertex> top_nodes(const Graph& graph, const std::vector<std::string>& wanted) {
    std::vector<Vertex> nodes;
    for (const std::string& id : wanted) {
      const std::string top = node_of_path(graph, id);
      if (!top.empty()) nodes.push_back(GraphAccess::impl(graph).find(top));
    }
    return nodes;
  }

  /// Puts the nodes of `graph` into the plain one. `from_outside`: what an instance gives to ports of the
  /// graph's nodes. `needed`: by vertex; null: all.
  Outcomes expand_scope(const Graph& graph, const std::string& prefix, const std::map<PortRef, Given>& from_outside,
      const std::vector<bool>* needed = nullptr) {
    const Graph::Impl& impl = GraphAccess::impl(graph);
    const Bypasses bypasses(impl, types_);
    Outcomes outcomes;
    for (const Vertex vertex : impl.order()->vertices) {
      if (needed && !(*needed)[vertex]) continue;
      const GraphNode& node = *impl[vertex].node;
      const NodeInfo* info = types_.find(node.type);
      const std::string path = prefix + node.id;
      const Inputs inputs = inputs_of(node, info, path, outcomes, from_outside);
      outcomes.emplace(node.id,
          node.state == NodeState::Bypassed ? bypassed(vertex, bypasses, path, inputs)
                                            : outcome_of(node, info, path, inputs));
    }
    return outcomes;
  }

  Outcome outcome_of(const GraphNode& node, const NodeInfo* info, const std::string& path, const Inputs& inputs) {
    Outcome outcome{.path = path};
    if (node.state == NodeState::Muted) {
      skip(outcome, path);
    } else if (const auto name = subgraph_of_type(node.type); name && info) {
      expand_instance(subgraphs_.find(*name)->second, inputs, outcome);
    } else {
      add(node, inputs, outcome);
    }
    return outcome;
  }

  void skip(Outcome& outcome, const std::string& because_of) {
    outcome.blocked_by = because_of;
    skipped_.push_back({outcome.path, because_of});
  }

  void add(const GraphNode& node, const Inputs& inputs, Outcome& outcome) {
    GraphNode plain{.id = outcome.path, .type = node.type, .title = node.title};
    for (const auto& [port, given] : inputs) {
      if (!given.blocked_by.empty()) return skip(outcome, given.blocked_by);
      if (given.value) plain.inputs.emplace(port, *given.value);
    }
    if (nodes_.size() >= kMostNodes)
      throw GraphError(Problem{.node = outcome.path,
          .what = "with its subgraphs the workflow has more than 250,000 nodes",
          .remedy = "use fewer instances"});
    nodes_.push_back(std::move(plain));
    outcome.runs = true;
    outcome.roots = {outcome.path};
  }

  static Outcome bypassed(Vertex vertex, const Bypasses& bypasses, const std::string& path, const Inputs& inputs) {
    Outcome outcome{.path = path};
    std::vector<std::string> fed;
    for (const auto& [port, given] : inputs)
      if (links_anything(given)) fed.push_back(port);
    for (const std::string& output : bypasses.outputs(vertex)) {
      Feed& feed = outcome.outputs[output];
      const std::optional<std::string> input = bypasses.input_for(vertex, output, fed);
      if (!input) {
        feed.nothing_from = path;
        continue;
      }
      const Given& given = inputs.find(*input)->second;
      feed.blocked_by = given.blocked_by;
      if (!given.blocked_by.empty()) continue;
      feed.source = std::get<Links>(*given.value).front();
      outcome.roots.push_back(feed.source->node);
    }
    return outcome;
  }

  void expand_instance(const Subgraph& subgraph, const Inputs& inputs, Outcome& outcome) {
    std::map<PortRef, Given> given;
    for (const SubgraphInput& port : subgraph.interface.inputs) {
      const auto found = inputs.find(port.name);
      if (found == inputs.end()) continue;
      for (const PortRef& target : port.targets) given.insert_or_assign(target, found->second);
    }
    const Outcomes inner = expand_scope(subgraph.graph, outcome.path + "/", given);
    for (const SubgraphOutput& port : subgraph.interface.outputs) {
      Feed& feed = outcome.outputs[port.name] = feed_of(inner, port.source);
      if (!feed.source && feed.blocked_by.empty()) feed.nothing_from = outcome.path;
      if (feed.source) outcome.roots.push_back(feed.source->node);
    }
    add_results_of(subgraph.graph, inner, outcome);
  }

  /// What runs of an instance beside its outputs: nodes that make results; if there is neither, those that
  /// feed no other.
  void add_results_of(const Graph& graph, const Outcomes& inner, Outcome& outcome) const {
    const bool all_ends = outcome.roots.empty();
    for (const GraphNode* node : graph.nodes()) {
      const NodeInfo* info = types_.find(node->type);
      const bool result = node->state == NodeState::Active && info && info->options.result;
      if (!result && !(all_ends && graph.links_from(node->id).empty())) continue;
      const std::vector<std::string>& roots = inner.at(node->id).roots;
      outcome.roots.insert(outcome.roots.end(), roots.begin(), roots.end());
    }
  }

  static Feed feed_of(const Outcomes& outcomes, const PortRef& output) {
    const auto found = outcomes.find(output.node);
    if (found == outcomes.end()) return {};
    const Outcome& outcome = found->second;
    if (!outcome.blocked_by.empty()) return {.blocked_by = outcome.blocked_by};
    if (outcome.runs) return {.source = PortRef{outcome.path, output.port}};
    const auto feed = outcome.outputs.find(output.port);
    return feed == outcome.outputs.end() ? Feed{.nothing_from = outcome.path} : feed->second;
  }

  Inputs inputs_of(const GraphNode& node, const NodeInfo* info, const std::string& path, const Outcomes& outcomes,
      const std::map<PortRef, Given>& from_outside) {
    Inputs inputs;
    const auto is_optional = [&](const std::string& port) {
      const PortInfo* declared = info ? info->find_input(port) : nullptr;
      return declared && declared->kind == PortKind::Input && declared->optional;
    };
    for (const auto& [port, value] : node.inputs) {
      const Links* links = std::get_if<Links>(&value);
      inputs.emplace(port, links ? follow(*links, path, port, outcomes, is_optional(port)) : Given{.value = value});
    }
    for (auto it = from_outside.lower_bound({node.id, ""}); it != from_outside.end() && it->first.node == node.id;
        ++it) {
      const auto& [target, given] = *it;
      if (!given.value && is_optional(target.port)) continue;
      const PortInfo* port = info ? info->find_input(target.port) : nullptr;
      put(inputs[target.port], given, port && port->many);
    }
    return inputs;
  }

  /// In the place of what is there, or behind it.
  static void put(Given& there, const Given& given, bool many) {
    Links* links = many && there.value ? std::get_if<Links>(&*there.value) : nullptr;
    const Links* more = given.value ? std::get_if<Links>(&*given.value) : nullptr;
    if (!links || !more)
      there = given;
    else
      links->insert(links->end(), more->begin(), more->end());
  }

  Given follow(
      const Links& links, const std::string& path, const std::string& port, const Outcomes& outcomes, bool optional) {
    Given given;
    Links sources;
    for (const PortRef& link : links) {
      const Feed feed = feed_of(outcomes, link);
      if (feed.source) {
        sources.push_back(*feed.source);
      } else if (!feed.blocked_by.empty()) {
        given.blocked_by = feed.blocked_by;
      } else {
        nothing_passes_.emplace(path,
            Problem{.node = feed.nothing_from,
                .what = fmt::format("nothing comes out of the node for '{}.{}'", path, port),
                .remedy = "where it is bypassed, link an input of the same type, or activate it"});
      }
    }
    const bool goes_without = optional || !sources.empty();
    if (goes_without) given.blocked_by.clear();
    if (given.blocked_by.empty() && (!sources.empty() || links.empty())) given.value = std::move(sources);
    return given;
  }

  void want(const std::string& id, const Graph& graph, const Outcomes& outcomes, Expansion& expansion) {
    const auto add = [&](const std::string& plain) {
      if (wanted_.insert(plain).second) expansion.wanted.push_back(plain);
    };
    const auto found = outcomes.find(id);
    if (found == outcomes.end()) {  // a path into an instance; what does not exist is the planner's to refuse
      if (!is_skipped(expansion, id)) add(id);
      return;
    }
    for (const std::string& root : found->second.roots) add(root);
    const NodeInfo* info = found->second.runs ? nullptr : types_.find(graph.node(id).type);
    if (!info) return;
    std::vector<std::optional<PortRef>>& outputs = expansion.outputs[id];
    for (const PortInfo& output : info->outputs) outputs.push_back(feed_of(outcomes, {id, output.name}).source);
  }

  /// Paths into instances are few.
  static bool is_skipped(const Expansion& expansion, const std::string& path) {
    return std::ranges::find(expansion.skipped, path, &SkippedNode::node) != expansion.skipped.end();
  }

  /// Bypasses are judged where they matter: where a node that is needed gets nothing through one.
  void throw_if_bypass_fails(const Expansion& expansion) const {
    if (nothing_passes_.empty()) return;
    const Graph::Impl& graph = GraphAccess::impl(expansion.graph);
    std::vector<Vertex> roots;
    for (const std::string& id : expansion.wanted)
      if (const Vertex root = graph.find(id); root != kNoVertex) roots.push_back(root);
    const std::vector<bool> needed = needed_for(graph, roots);
    std::vector<Problem> problems;
    for (const auto& [path, problem] : nothing_passes_)
      if (const Vertex reader = graph.find(path); reader != kNoVertex && needed[reader]) problems.push_back(problem);
    if (!problems.empty()) throw GraphError(std::move(problems));
  }

  const Subgraphs& subgraphs_;
  const NodeTypes types_;
  std::vector<GraphNode> nodes_;
  std::vector<SkippedNode> skipped_;
  std::unordered_set<std::string> wanted_;  // in the plain graph
  std::map<std::string, Problem> nothing_passes_;  // by the path of the node that gets nothing
};

bool is_plain(const Graph& graph) {
  const Graph::Impl& impl = GraphAccess::impl(graph);
  for (Vertex v = impl.first; v != kNoVertex; v = impl[v].next) {
    const GraphNode& node = *impl[v].node;
    if (node.state != NodeState::Active || subgraph_of_type(node.type)) return false;
  }
  return true;
}

}  // namespace

Expansion expand(
    const Graph& graph, const Subgraphs& subgraphs, const Registry& registry, std::span<const std::string> wanted) {
  std::vector<std::string> ids(wanted.begin(), wanted.end());
  if (is_plain(graph)) return {.graph = graph, .wanted = std::move(ids)};
  if (ids.empty()) ids = default_results({.graph = graph, .subgraphs = subgraphs}, registry);
  return Expander(subgraphs, registry).expand(graph, ids);
}

std::string node_of_path(const Graph& graph, const std::string& path) {
  for (std::size_t end = path.size(); end != std::string::npos; end = end == 0 ? end : path.rfind('/', end - 1)) {
    std::string id = path.substr(0, end);
    if (graph.contains(id)) return id;
    if (end == 0) break;
  }
  return {};
}

}  // namespace weft
