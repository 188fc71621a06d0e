// What a run shows beside what it was asked for, at no cost. [any thread]
#pragma once

#include <string>
#include <vector>

#include "graph/registry.h"
#include "runs/address.h"

namespace weft::runs {

/// Those of `watched` whose outputs come of a run of `wanted` without that anything more has to run: what
/// `wanted` needs, and the instances and bypassed nodes that stand for such nodes. Throws GraphError as
/// expand() does.
std::vector<std::string> seen_anyway(const Workflow& workflow, const Registry& registry,
    const std::vector<std::string>& wanted, const Addresses& watched);

}  // namespace weft::runs
