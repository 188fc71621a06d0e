// What the edits of subgraphs have in common: the graph that they work in, free names, positions. Private to
// this library.
#pragma once

#include <fmt/format.h>

#include <optional>
#include <string>
#include <vector>

#include "graph/workflow.h"

namespace weft {

/// Throws GraphError if there is none.
const Subgraph& definition(const Workflow& workflow, const std::string& name);

/// The graph that a scope means with the names that lead into it: that of a definition, or for "" the
/// workflow's own in the form of one.
Subgraph body_of(const Workflow& workflow, const std::string& scope);
/// Puts it back. Throws GraphError where a name of the workflow's interface would lead to several ports.
void put_body(Workflow& workflow, const std::string& scope, Subgraph body);

/// `wanted`, or with the first number behind it that makes it free.
template <class IsTaken>
std::string free_name(const std::string& wanted, const IsTaken& is_taken) {
  std::string name = wanted;
  for (int number = 2; is_taken(name); ++number) name = fmt::format("{}_{}", wanted, number);
  return name;
}

/// A new port, named after what it leads to unless a name is `wanted`; gives its name.
std::string add_input(SubgraphInterface& interface, const PortRef& target, const std::string& wanted = {});
std::string add_output(SubgraphInterface& interface, const PortRef& source, const std::string& wanted = {});

struct Point {
  double x = 0, y = 0;
  bool operator==(const Point&) const = default;
};
/// Where an editor shows the node; nothing if it does not say.
std::optional<Point> position(const GraphNode& node);
/// The mean of those that say; nothing if none does.
std::optional<Point> centre(const std::vector<GraphNode>& nodes);

}  // namespace weft
