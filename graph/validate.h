// Whether a workflow can run: every problem, each with its node, port and remedy. Never throws for what a file says.
// [any thread]
#pragma once

#include <optional>
#include <span>
#include <string>
#include <vector>

#include "graph/node_types.h"
#include "graph/registry.h"
#include "graph/workflow.h"

namespace weft {

/// Unknown types and ports, missing inputs, types that do not match, values of the wrong type or out of range or not
/// among the choices, interface names that lead nowhere, bypassed nodes that have nothing to pass, nothing to run.
/// Problems inside a definition name it, once: node "subgraph:upscale/sampler". Muted nodes and what only they need do
/// not have to be complete. With `wanted` given, only the nodes that those need are judged: the rest need not be able to
/// run. Empty `wanted` = a check of the whole file, in which missing inputs count only where default_results() need them.
WEFT_EXPORT std::vector<Problem> validate(
    const Workflow& workflow, const Registry& registry, std::span<const std::string> wanted = {});

/// Why `source` cannot be linked to `target`, or nothing.
WEFT_EXPORT std::optional<Problem> why_not_link(
    const Graph& graph, const Registry& registry, const PortRef& source, const PortRef& target);
/// The same where instances of subgraphs have ports as well.
WEFT_EXPORT std::optional<Problem> why_not_link(
    const Graph& graph, const NodeTypes& types, const PortRef& source, const PortRef& target);

/// A literal as a param's value; null stands for the default. Throws GraphError (node empty) with what is wrong and the
/// range or the choices. A seed above 2^63 - 1 is held as the std::int64_t of the same bits.
WEFT_EXPORT Value literal_value(const PortInfo& port, const nlohmann::json& literal);

/// What runs if nobody says what: the interface's outputs, else every node whose type is a `result`, else every node
/// that feeds no other. Muted nodes, and bypassed results, are none of them.
WEFT_EXPORT std::vector<std::string> default_results(const Workflow& workflow, const Registry& registry);

}  // namespace weft
