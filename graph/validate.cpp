#include "graph/validate.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <set>
#include <unordered_set>

#include "base/spelling.h"
#include "graph/bypass.h"
#include "graph/expand.h"
#include "graph/graph_impl.h"

namespace weft {
namespace {

std::vector<std::string> names_of(const std::vector<PortInfo>& ports) {
  std::vector<std::string> names;
  for (const PortInfo& port : ports) names.push_back(port.name);
  return names;
}

std::string such_as(const std::vector<std::string>& examples) {
  return examples.empty() ? "" : ", such as " + examples.front();
}

/// Judges links and literals of one graph; every function returns or notes problems and throws nothing for
/// them.
class Checker {
 public:
  Checker(const Graph& graph, const NodeTypes& types)
      : graph_(GraphAccess::impl(graph)), types_(types), bypasses_(graph_, types) {}

  /// The graph is that of a definition: ports that its interface leads to are given from outside.
  void set_given(const SubgraphInterface& interface) {
    for (const SubgraphInput& input : interface.inputs) given_.insert(input.targets.begin(), input.targets.end());
  }

  /// The nodes that run when `roots` are wanted, by vertex. Notes bypassed nodes that have nothing to pass to
  /// them.
  std::vector<bool> needed(const std::vector<Vertex>& roots) {
    std::vector<bool> needed(graph_.vertex_count());
    std::vector<Vertex> open;
    const auto need = [&](Vertex vertex) {
      if (vertex == kNoVertex || needed[vertex]) return;
      needed[vertex] = true;
      open.push_back(vertex);
    };
    for (const Vertex root : roots) {
      if (state(root) == NodeState::Active) need(root);
      if (state(root) == NodeState::Bypassed)
        for (const std::string& output : bypasses_.outputs(root)) need(passed_by(root, output).source);
    }
    while (!open.empty()) {
      const Vertex vertex = open.back();
      open.pop_back();
      for (const LinkIn& link : graph_[vertex].links_in)
        need(state(link.source) == NodeState::Active ? link.source : source_of(*graph_[vertex].node, link));
    }
    return needed;
  }

  void check_node(Vertex vertex, bool must_be_complete) {
    const GraphNode& node = *graph_[vertex].node;
    const NodeInfo* info = info_of(vertex);
    if (!info) {  // where it does not run it is in nobody's way
      if (node.state == NodeState::Active) complain_unknown(node);
      return;
    }
    for (const auto& [name, value] : node.inputs) {
      if (const PortInfo* port = info->find_input(name))
        check_value(node, *port, value);
      else
        complain(node, name, fmt::format("'{}' has no input of this name", info->id),
            suggestion(name, names_of(info->inputs)));
    }
    if (!must_be_complete) return;
    for (const PortInfo& port : info->inputs)
      if (is_missing(node, port)) complain_missing(node, port);
  }

  /// Why an output cannot feed a port, cycles apart. Where a type is unknown, nothing speaks against it.
  std::optional<Problem> type_problem(const PortRef& source, const PortRef& target, const PortInfo& port) const {
    const NodeInfo* info = info_of(graph_.at(source.node));
    if (!info) return std::nullopt;
    const PortInfo* output = info->find_output(source.port);
    if (!output)
      return Problem{target.node, target.port, fmt::format("'{}' has no output '{}'", source.node, source.port),
          suggestion(source.port, names_of(info->outputs))};
    if (output->type.empty() || port.type.empty() || types_match(output->type, port.type)) return std::nullopt;
    return Problem{target.node, target.port,
        fmt::format("'{}.{}' is of type '{}', the input takes '{}'", source.node, source.port, output->type, port.type),
        fmt::format("link an output of type '{}'{}", port.type, such_as(outputs_of_type(port.type, target.node)))};
  }

  /// The input or param that `target` means. Null where the node's type is unknown.
  const PortInfo* find_target(const PortRef& target, std::optional<Problem>& problem) const {
    const NodeInfo* info = info_of(graph_.at(target.node));
    const PortInfo* port = info ? info->find_input(target.port) : nullptr;
    if (info && !port)
      problem = Problem{target.node, target.port, fmt::format("'{}' has no input of this name", info->id),
          suggestion(target.port, names_of(info->inputs))};
    return port;
  }

  void check_interface(const Interface& interface) {
    for (const auto& [name, ref] : interface.inputs)
      check_name("input", name, ref,
          [](const NodeInfo& info, const std::string& port) { return info.find_input(port) != nullptr; });
    for (const auto& [name, ref] : interface.outputs)
      check_name("output", name, ref,
          [](const NodeInfo& info, const std::string& port) { return port.empty() || info.find_output(port); });
  }

  /// The ports of a definition: each leads to a port that there is, and what stands for several fits all.
  void check_ports(const SubgraphInterface& interface) {
    for (const SubgraphInput& input : interface.inputs) {
      const PortInfo* first = nullptr;
      for (const PortRef& target : input.targets) {
        check_name("input", input.name, target,
            [](const NodeInfo& info, const std::string& port) { return info.find_input(port) != nullptr; });
        const PortInfo* port = port_at(target);
        if (first && port && first->type != port->type)
          complain(target.node, target.port,
              fmt::format("the interface's input '{}' leads to ports of the types '{}' and '{}'", input.name,
                  first->type, port->type),
              "give them an input each");
        if (!first) first = port;
      }
    }
    for (const SubgraphOutput& output : interface.outputs)
      check_name("output", output.name, output.source,
          [](const NodeInfo& info, const std::string& port) { return info.find_output(port) != nullptr; });
  }

  void complain(std::string node, std::string port, std::string what, std::string remedy) {
    problems_.push_back({std::move(node), std::move(port), std::move(what), std::move(remedy)});
  }

  std::vector<Problem> problems() && { return std::move(problems_); }

 private:
  /// Null where the type is unknown.
  const NodeInfo* info_of(Vertex vertex) const { return types_.find(graph_[vertex].node->type); }
  NodeState state(Vertex vertex) const { return graph_[vertex].node->state; }

  /// The inputs that links come to, or that are given from outside.
  std::vector<std::string> fed_inputs(const GraphNode& node) const {
    std::vector<std::string> fed;
    for (const auto& [port, value] : node.inputs)
      if (const Links* links = std::get_if<Links>(&value); links && !links->empty()) fed.push_back(port);
    for (auto it = given_.lower_bound({node.id, ""}); it != given_.end() && it->node == node.id; ++it)
      if (std::ranges::count(fed, it->port) == 0) fed.push_back(it->port);
    return fed;
  }

  /// What comes out of an output, through whatever bypassed nodes.
  struct Passed {
    Vertex source = kNoVertex;         ///< an active node; kNoVertex if it is muted, or comes from outside
    const GraphNode* stuck = nullptr;  ///< the bypassed node that has nothing to pass on at `port`
    std::string port = {};
    std::string type = {};
  };

  /// Each output is followed once, however many readers and however long a chain of bypassed nodes there is.
  const Passed& passed_by(Vertex vertex, std::string_view output) {
    std::vector<std::pair<Vertex, std::string>> way{{vertex, std::string(output)}};
    auto known = passed_.find(way.back());
    Passed passed;
    while (known == passed_.end()) {
      const auto& [at, port] = way.back();
      if (state(at) != NodeState::Bypassed) {
        if (state(at) == NodeState::Active) passed.source = at;
        break;
      }
      const GraphNode& node = *graph_[at].node;
      const std::optional<std::string> in = bypasses_.input_for(at, port, fed_inputs(node));
      if (!in) {
        passed = {.stuck = &node, .port = port, .type = bypasses_.output_type(at, port)};
        break;
      }
      const auto links = std::ranges::equal_range(graph_[at].links_in, *in, {}, &LinkIn::input);
      if (links.empty()) break;
      way.emplace_back(links.front().source, links.front().output);
      known = passed_.find(way.back());
    }
    if (known != passed_.end()) passed = known->second;
    for (const auto& step : way) passed_.insert_or_assign(step, passed);
    return passed_.find(way.front())->second;
  }

  /// The active node behind a reader's link. Notes where a bypassed one has nothing to pass to it.
  Vertex source_of(const GraphNode& reader, const LinkIn& link) {
    const Passed& passed = passed_by(link.source, link.output);
    if (passed.stuck)
      complain_nothing_passes(*passed.stuck, passed.port, passed.type, {reader.id, std::string(link.input)});
    return passed.source;
  }

  /// What may have been meant is looked up once a type.
  void complain_unknown(const GraphNode& node) {
    auto known = unknown_.find(node.type);
    if (known == unknown_.end()) known = unknown_.emplace(node.type, types_.unknown(node.id, node.type)).first;
    problems_.push_back(known->second);
    problems_.back().node = node.id;
  }

  void complain_nothing_passes(
      const GraphNode& node, const std::string& port, const std::string& type, const PortRef& reader) {
    complain(node, "",
        fmt::format("the node is bypassed, but {} comes in that '{}' could pass on to '{}.{}'",
            type.empty() ? "nothing" : fmt::format("nothing of type '{}'", type), port, reader.node, reader.port),
        "link an input of the same type, or activate the node");
  }

  void complain(const GraphNode& node, const std::string& port, std::string what, std::string remedy) {
    complain(node.id, port, std::move(what), std::move(remedy));
  }

  void check_value(const GraphNode& node, const PortInfo& port, const InputValue& value) {
    if (const Links* links = std::get_if<Links>(&value)) {
      check_links(node, port, *links);
      return;
    }
    const Literal& literal = std::get<Literal>(value);
    if (literal.is_null() || port.type.empty()) return;  // as if it were not there; nothing is known of it
    try {
      literal_value(port, literal);
    } catch (const GraphError& error) {
      for (const Problem& problem : error.problems()) complain(node, port.name, problem.what, problem.remedy);
    }
  }

  void check_links(const GraphNode& node, const PortInfo& port, const Links& links) {
    if (links.size() > 1 && !port.many)
      complain(node, port.name, fmt::format("the input takes one link and has {}", links.size()), "keep one of them");
    for (const PortRef& source : links)
      if (auto problem = type_problem(source, {node.id, port.name}, port)) problems_.push_back(*std::move(problem));
  }

  bool is_missing(const GraphNode& node, const PortInfo& port) const {
    if (!given_.empty() && given_.contains({node.id, port.name})) return false;
    if (port.optional || (port.kind == PortKind::Param && !port.init.is_null())) return false;
    const auto found = node.inputs.find(port.name);
    if (found == node.inputs.end()) return true;
    if (const Links* links = std::get_if<Links>(&found->second)) return links->empty();
    return std::get<Literal>(found->second).is_null();
  }

  void complain_missing(const GraphNode& node, const PortInfo& port) {
    if (port.kind == PortKind::Param)
      complain(
          node, port.name, "there is no value", fmt::format("give a value of type '{}'; it has no default", port.type));
    else
      complain(node, port.name, "nothing is linked to this input",
          fmt::format("link an output of type '{}'{}", port.type, such_as(outputs_of_type(port.type, node.id))));
  }

  /// Outputs in the graph that may feed a port of that type of `target`. As each call looks at the whole graph, none are
  /// named after so many problems.
  std::vector<std::string> outputs_of_type(std::string_view type, std::string_view target) const {
    constexpr int kMostSearches = 100;
    if (++searches_ > kMostSearches) return {};
    const std::vector<bool> after = fed_by(graph_, graph_.at(target));
    std::vector<std::string> outputs;
    for (Vertex v = graph_.first; v != kNoVertex; v = graph_[v].next) {
      const NodeInfo* info = after[v] ? nullptr : info_of(v);
      if (!info) continue;
      for (const PortInfo& port : info->outputs)
        if (types_match(port.type, type)) outputs.push_back(fmt::format("'{}.{}'", graph_[v].node->id, port.name));
    }
    return outputs;
  }

  const PortInfo* port_at(const PortRef& target) const {
    const Vertex vertex = graph_.find(target.node);
    const NodeInfo* info = vertex == kNoVertex ? nullptr : info_of(vertex);
    return info ? info->find_input(target.port) : nullptr;
  }

  template <class HasPort>
  void check_name(const char* kind, const std::string& name, const PortRef& ref, HasPort has_port) {
    const Vertex vertex = graph_.find(ref.node);
    const NodeInfo* info = vertex == kNoVertex ? nullptr : info_of(vertex);
    if (vertex == kNoVertex) {
      complain(ref.node, ref.port,
          fmt::format("the interface's {} '{}' leads to this node, which does not exist", kind, name),
          "lead it to another one, or remove it");
    } else if (info && !has_port(*info, ref.port)) {
      complain(ref.node, ref.port,
          fmt::format("the interface's {} '{}' leads to this port, which '{}' does not have", kind, name, info->id),
          suggestion(ref.port, names_of(std::string_view(kind) == "input" ? info->inputs : info->outputs)));
    }
  }

  const Graph::Impl& graph_;
  const NodeTypes& types_;
  const Bypasses bypasses_;
  std::map<std::pair<Vertex, std::string>, Passed> passed_;
  std::set<PortRef> given_;
  std::map<std::string_view, Problem> unknown_;  // by type
  mutable int searches_ = 0;
  std::vector<Problem> problems_;
};

std::vector<Vertex> existing(const Graph& graph, std::span<const std::string> wanted, Checker& checker) {
  const Graph::Impl& impl = GraphAccess::impl(graph);
  std::vector<Vertex> roots;
  for (const std::string& id : wanted) {
    try {
      const std::string node = node_of_path(graph, id);
      roots.push_back(impl.at(node.empty() ? id : node));
    } catch (const GraphError& error) {
      const Problem& problem = error.problems().front();
      checker.complain(problem.node, "", "this node is wanted, but does not exist", problem.remedy);
    }
  }
  return roots;
}

/// Definitions that instances among `nodes` stand for, and those that these hold.
class UsedDefinitions {
 public:
  explicit UsedDefinitions(const Subgraphs& subgraphs) : subgraphs_(subgraphs) {}

  void add(const GraphNode& node) {
    const auto name = subgraph_of_type(node.type);
    const auto found = name ? subgraphs_.find(*name) : subgraphs_.end();
    if (found == subgraphs_.end() || !names_.insert(found->first).second) return;
    for (const GraphNode* inner : found->second.graph.nodes()) add(*inner);
  }
  bool contain(const std::string& name) const { return names_.contains(name); }

 private:
  const Subgraphs& subgraphs_;
  std::set<std::string> names_;
};

/// What of a definition runs when an instance is wanted.
std::vector<Vertex> roots_of(const Subgraph& subgraph, const NodeTypes& types) {
  const Graph::Impl& graph = GraphAccess::impl(subgraph.graph);
  std::vector<Vertex> roots;
  for (const SubgraphOutput& output : subgraph.interface.outputs)
    if (const Vertex v = graph.find(output.source.node); v != kNoVertex) roots.push_back(v);
  const bool all_ends = roots.empty();
  for (Vertex v = graph.first; v != kNoVertex; v = graph[v].next) {
    const NodeInfo* info = types.find(graph[v].node->type);
    if ((info && info->options.result) || (all_ends && boost::out_degree(v, graph.links) == 0)) roots.push_back(v);
  }
  return roots;
}

void check_definition_nodes(const std::string& name, const Subgraph& subgraph, const NodeTypes& types, bool used,
    std::vector<Problem>& problems) {
  Checker checker(subgraph.graph, types);
  checker.set_given(subgraph.interface);
  const Graph::Impl& graph = GraphAccess::impl(subgraph.graph);
  const std::vector<bool> needed =
      used ? checker.needed(roots_of(subgraph, types)) : std::vector<bool>(graph.vertex_count());
  for (Vertex v = graph.first; v != kNoVertex; v = graph[v].next) checker.check_node(v, needed[v]);
  checker.check_ports(subgraph.interface);
  for (Problem& problem : std::move(checker).problems()) {
    problem.node = address_in_subgraph(name, problem.node);
    problems.push_back(std::move(problem));
  }
}

}  // namespace

std::vector<Problem> validate(
    const Workflow& workflow, const Registry& registry, std::span<const std::string> wanted) try {
  const Graph::Impl& graph = GraphAccess::impl(workflow.graph);
  const NodeTypes types(workflow.subgraphs, registry);
  Checker checker(workflow.graph, types);
  const bool whole_file = wanted.empty();
  const std::vector<std::string> results =
      whole_file ? default_results(workflow, registry) : std::vector<std::string>{};
  const std::vector<Vertex> roots = existing(workflow.graph, whole_file ? results : wanted, checker);
  const std::vector<bool> needed = checker.needed(roots);
  UsedDefinitions used(workflow.subgraphs);
  for (Vertex v = graph.first; v != kNoVertex; v = graph[v].next) {
    if (whole_file || needed[v]) checker.check_node(v, needed[v]);
    if (needed[v]) used.add(*graph[v].node);
  }
  checker.check_interface(workflow.interface);
  if (whole_file && results.empty())
    checker.complain(
        "", "", "there is nothing to run", "add a node that makes a result, such as one that saves an image");
  std::vector<Problem> problems = std::move(checker).problems();
  for (const auto& [name, subgraph] : workflow.subgraphs)
    if (whole_file || used.contain(name)) check_definition_nodes(name, subgraph, types, used.contain(name), problems);
  return problems;
} catch (const GraphError& error) {  // definitions that hold themselves: nothing else can be judged
  return error.problems();
}

std::optional<Problem> why_not_link(
    const Graph& graph, const Registry& registry, const PortRef& source, const PortRef& target) {
  return why_not_link(graph, NodeTypes({}, registry), source, target);
}

std::optional<Problem> why_not_link(
    const Graph& graph, const NodeTypes& types, const PortRef& source, const PortRef& target) {
  for (const PortRef* end : {&source, &target})
    if (!graph.contains(end->node))
      return Problem{.node = end->node, .what = "there is no such node", .remedy = "link nodes of this graph"};
  const Checker checker(graph, types);
  std::optional<Problem> problem;
  if (const PortInfo* port = checker.find_target(target, problem))
    problem = checker.type_problem(source, target, *port);
  if (problem) return problem;
  const std::vector<std::string> cycle = graph.cycle_if_linked(source.node, target.node);
  if (cycle.empty()) return std::nullopt;
  return Problem{target.node, target.port, fmt::format("the link would make a cycle: {}", fmt::join(cycle, " -> ")),
      "link a node that does not depend on this one"};
}

std::vector<std::string> default_results(const Workflow& workflow, const Registry& registry) {
  std::vector<std::string> results;
  std::unordered_set<std::string_view> known;
  const auto add = [&](const std::string& id) {
    if (known.insert(id).second) results.push_back(id);
  };
  if (!workflow.interface.outputs.empty()) {
    for (const auto& [name, ref] : workflow.interface.outputs)
      if (const GraphNode* node = workflow.graph.find(ref.node); node && node->state != NodeState::Muted) add(ref.node);
    return results;
  }
  const Graph::Impl& graph = GraphAccess::impl(workflow.graph);
  const NodeTypes types(workflow.subgraphs, registry);
  for (Vertex v = graph.first; v != kNoVertex; v = graph[v].next) {
    const NodeInfo* info = types.find(graph[v].node->type);
    if (info && info->options.result && graph[v].node->state == NodeState::Active) results.push_back(graph[v].node->id);
  }
  if (!results.empty()) return results;
  for (Vertex v = graph.first; v != kNoVertex; v = graph[v].next)
    if (boost::out_degree(v, graph.links) == 0 && graph[v].node->state != NodeState::Muted)
      results.push_back(graph[v].node->id);
  return results;
}

}  // namespace weft
