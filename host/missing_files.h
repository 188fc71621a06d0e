// The files that a workflow names and this machine does not have. Part of problems_of_run(); alone for benchmarks.
#pragma once

#include <span>
#include <string>
#include <vector>

#include "graph/graph.h"
#include "graph/node.h"
#include "graph/registry.h"

namespace weft::host {

/// A problem for each model or input file that the wanted nodes of a plain graph (see expand.h) and their ancestors name
/// and that is not there. An empty name means "none" and is left to the node. [any thread]
std::vector<Problem> missing_files(const Graph& graph, const Registry& registry, const RunEnvironment& environment,
    std::span<const std::string> wanted);

}  // namespace weft::host
