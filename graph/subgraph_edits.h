// What a user does with subgraphs, as edits: each function works out one step of undo and changes nothing
// itself. All throw GraphError with a reason and a remedy where it cannot be.
//
//   history.apply("Make subgraph", weft::make_subgraph(workflow, "", {"sampler", "decode"}, "draw", "draw"));
//
// `scope` says in which graph: the name of a definition, or "" for the workflow's own.
#pragma once

#include <string>
#include <vector>

#include "graph/edit.h"

namespace weft {

/// Moves `nodes` of the scope into a new definition `name`, and puts an instance `instance` in their place.
/// Links that cross the border become ports, named after the inner port; one source that feeds several nodes
/// becomes one port. Names of the scope's interface follow, and become the names of their ports. Refuses nodes with another one between them, as
/// instance and that one would feed each other.
WEFT_EXPORT Edit make_subgraph(const Workflow& workflow, const std::string& scope,
    const std::vector<std::string>& nodes, const std::string& name, const std::string& instance);
/// The inverse: the nodes of the definition, with what the instance gives them, in the instance's place. Ids
/// that are taken get a number. The definition stays. Refuses an instance that is muted or bypassed.
WEFT_EXPORT Edit unpack_subgraph(
    const Workflow& workflow, const Registry& registry, const std::string& scope, const std::string& instance);

/// Gives a definition another name; its instances everywhere follow.
WEFT_EXPORT Edit rename_subgraph(const Workflow& workflow, const std::string& from, const std::string& to);

/// Makes an input or param of an inner node a port of the instances. `port`: its name; empty: that of the
/// target, with a number if that is taken.
WEFT_EXPORT Edit promote_input(
    const Workflow& workflow, const std::string& subgraph, const PortRef& target, std::string port = {});
WEFT_EXPORT Edit promote_output(
    const Workflow& workflow, const std::string& subgraph, const PortRef& source, std::string port = {});
/// Take a port away, with what instances everywhere have at it.
WEFT_EXPORT Edit remove_subgraph_input(const Workflow& workflow, const std::string& subgraph, const std::string& port);
WEFT_EXPORT Edit remove_subgraph_output(const Workflow& workflow, const std::string& subgraph, const std::string& port);
/// Instances everywhere, and links to them, follow.
WEFT_EXPORT Edit rename_subgraph_input(
    const Workflow& workflow, const std::string& subgraph, const std::string& from, const std::string& to);
WEFT_EXPORT Edit rename_subgraph_output(
    const Workflow& workflow, const std::string& subgraph, const std::string& from, const std::string& to);

}  // namespace weft
