// In which ports two states of one node differ: values are compared, not texts, so that a param which is taken away counts as its
// default. [any thread]
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "graph/graph.h"
#include "graph/registry.h"

namespace weft::runs {

/// What stands at a port; null where nothing does.
const InputValue* value_at(const GraphNode& node, std::string_view port);
/// What counts there: links, the literal, or the default. `port` may be null: unknown.
InputValue effective(const GraphNode& node, const PortInfo* port, std::string_view name);
/// The ports at which the two differ, by name. `type` may be null: unknown.
std::vector<std::string> differing_ports(const GraphNode& then, const GraphNode& now, const NodeInfo* type);

}  // namespace weft::runs
