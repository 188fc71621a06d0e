#include "graph/validate.h"

#include <fmt/format.h>

#include <algorithm>

#include "graph/graph_impl.h"
#include "graph/spelling.h"

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
  Checker(const Graph& graph, const Registry& registry)
      : graph_(GraphAccess::impl(graph)), registry_(registry) {}

  void check_node(Vertex vertex, bool must_be_complete) {
    const GraphNode& node = *graph_[vertex].node;
    const NodeInfo* info = info_of(vertex);
    if (!info) {
      problems_.push_back(unknown_type(node));
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
  std::optional<Problem> type_problem(const PortRef& source, const PortRef& target,
                                      const PortInfo& port) const {
    const NodeInfo* info = info_of(graph_.at(source.node));
    if (!info) return std::nullopt;
    const PortInfo* output = info->find_output(source.port);
    if (!output)
      return Problem{target.node, target.port,
                     fmt::format("'{}' has no output '{}'", source.node, source.port),
                     suggestion(source.port, names_of(info->outputs))};
    if (types_match(output->type, port.type)) return std::nullopt;
    return Problem{target.node, target.port,
                   fmt::format("'{}.{}' is of type '{}', the input takes '{}'", source.node, source.port,
                               output->type, port.type),
                   fmt::format("link an output of type '{}'{}", port.type,
                               such_as(outputs_of_type(port.type, target.node)))};
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
      check_name("input", name, ref, [](const NodeInfo& info, const std::string& port) {
        return info.find_input(port) != nullptr;
      });
    for (const auto& [name, ref] : interface.outputs)
      check_name("output", name, ref, [](const NodeInfo& info, const std::string& port) {
        return port.empty() || info.find_output(port);
      });
  }

  void complain(std::string node, std::string port, std::string what, std::string remedy) {
    problems_.push_back({std::move(node), std::move(port), std::move(what), std::move(remedy)});
  }

  std::vector<Problem> problems() && { return std::move(problems_); }

 private:
  /// Null where the type is unknown.
  const NodeInfo* info_of(Vertex vertex) const { return registry_.find(graph_[vertex].node->type); }

  void complain(const GraphNode& node, const std::string& port, std::string what, std::string remedy) {
    complain(node.id, port, std::move(what), std::move(remedy));
  }

  Problem unknown_type(const GraphNode& node) const {
    const std::vector<std::string> nearest = registry_.nearest(node.type);
    const std::string install = "install the plugin that brings it";
    return {.node = node.id,
            .what = fmt::format("no plugin brings the node type '{}'", node.type),
            .remedy = nearest.empty()
                          ? install
                          : fmt::format("did you mean '{}'? Else {}", fmt::join(nearest, "' or '"), install)};
  }

  void check_value(const GraphNode& node, const PortInfo& port, const InputValue& value) {
    if (const Links* links = std::get_if<Links>(&value)) {
      check_links(node, port, *links);
      return;
    }
    const Literal& literal = std::get<Literal>(value);
    if (literal.is_null()) return;  // as if it were not there
    try {
      literal_value(port, literal);
    } catch (const GraphError& error) {
      for (const Problem& problem : error.problems()) complain(node, port.name, problem.what, problem.remedy);
    }
  }

  void check_links(const GraphNode& node, const PortInfo& port, const Links& links) {
    if (links.size() > 1 && !port.many)
      complain(node, port.name, fmt::format("the input takes one link and has {}", links.size()),
               "keep one of them");
    for (const PortRef& source : links)
      if (auto problem = type_problem(source, {node.id, port.name}, port))
        problems_.push_back(*std::move(problem));
  }

  static bool is_missing(const GraphNode& node, const PortInfo& port) {
    if (port.optional || (port.kind == PortKind::Param && !port.init.is_null())) return false;
    const auto found = node.inputs.find(port.name);
    if (found == node.inputs.end()) return true;
    if (const Links* links = std::get_if<Links>(&found->second)) return links->empty();
    return std::get<Literal>(found->second).is_null();
  }

  void complain_missing(const GraphNode& node, const PortInfo& port) {
    if (port.kind == PortKind::Param)
      complain(node, port.name, "there is no value",
               fmt::format("give a value of type '{}'; it has no default", port.type));
    else
      complain(node, port.name, "nothing is linked to this input",
               fmt::format("link an output of type '{}'{}", port.type,
                           such_as(outputs_of_type(port.type, node.id))));
  }

  /// Outputs in the graph that may feed a port of that type of `target`.
  std::vector<std::string> outputs_of_type(std::string_view type, std::string_view target) const {
    const std::vector<bool> after = fed_by(graph_, graph_.at(target));
    std::vector<std::string> outputs;
    for (Vertex v = graph_.first; v != kNoVertex; v = graph_[v].next) {
      const NodeInfo* info = after[v] ? nullptr : info_of(v);
      if (!info) continue;
      for (const PortInfo& port : info->outputs)
        if (types_match(port.type, type))
          outputs.push_back(fmt::format("'{}.{}'", graph_[v].node->id, port.name));
    }
    return outputs;
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
      complain(
          ref.node, ref.port,
          fmt::format("the interface's {} '{}' leads to this port, which '{}' does not have", kind, name,
                      info->id),
          suggestion(ref.port, names_of(std::string_view(kind) == "input" ? info->inputs : info->outputs)));
    }
  }

  const Graph::Impl& graph_;
  const Registry& registry_;
  std::vector<Problem> problems_;
};

std::vector<Vertex> existing(const Graph::Impl& graph, std::span<const std::string> wanted,
                             Checker& checker) {
  std::vector<Vertex> roots;
  for (const std::string& id : wanted) {
    try {
      roots.push_back(graph.at(id));
    } catch (const GraphError& error) {
      const Problem& problem = error.problems().front();
      checker.complain(problem.node, "", "this node is wanted, but does not exist", problem.remedy);
    }
  }
  return roots;
}

}  // namespace

std::vector<Problem> validate(const Workflow& workflow, const Registry& registry,
                              std::span<const std::string> wanted) {
  const Graph::Impl& graph = GraphAccess::impl(workflow.graph);
  Checker checker(workflow.graph, registry);
  const bool whole_file = wanted.empty();
  const std::vector<std::string> results =
      whole_file ? default_results(workflow, registry) : std::vector<std::string>{};
  const std::vector<Vertex> roots = existing(graph, whole_file ? results : wanted, checker);
  const std::vector<bool> needed = needed_for(graph, roots);
  for (Vertex v = graph.first; v != kNoVertex; v = graph[v].next)
    if (whole_file || needed[v]) checker.check_node(v, needed[v]);
  checker.check_interface(workflow.interface);
  if (whole_file && results.empty())
    checker.complain("", "", "there is nothing to run",
                     "add a node that makes a result, such as one that saves an image");
  return std::move(checker).problems();
}

std::optional<Problem> why_not_link(const Graph& graph, const Registry& registry, const PortRef& source,
                                    const PortRef& target) {
  for (const PortRef* end : {&source, &target})
    if (!graph.contains(end->node))
      return Problem{
          .node = end->node, .what = "there is no such node", .remedy = "link nodes of this graph"};
  const Checker checker(graph, registry);
  std::optional<Problem> problem;
  if (const PortInfo* port = checker.find_target(target, problem))
    problem = checker.type_problem(source, target, *port);
  if (problem) return problem;
  const std::vector<std::string> cycle = graph.cycle_if_linked(source.node, target.node);
  if (cycle.empty()) return std::nullopt;
  return Problem{target.node, target.port,
                 fmt::format("the link would make a cycle: {}", fmt::join(cycle, " -> ")),
                 "link a node that does not depend on this one"};
}

std::vector<std::string> default_results(const Workflow& workflow, const Registry& registry) {
  std::vector<std::string> results;
  const auto add = [&](const std::string& id) {
    if (std::ranges::find(results, id) == results.end()) results.push_back(id);
  };
  if (!workflow.interface.outputs.empty()) {
    for (const auto& [name, ref] : workflow.interface.outputs)
      if (workflow.graph.contains(ref.node)) add(ref.node);
    return results;
  }
  const Graph::Impl& graph = GraphAccess::impl(workflow.graph);
  for (Vertex v = graph.first; v != kNoVertex; v = graph[v].next) {
    const NodeInfo* info = registry.find(graph[v].node->type);
    if (info && info->options.result) results.push_back(graph[v].node->id);
  }
  if (!results.empty()) return results;
  for (Vertex v = graph.first; v != kNoVertex; v = graph[v].next)
    if (boost::out_degree(v, graph.links) == 0) results.push_back(graph[v].node->id);
  return results;
}

}  // namespace weft
