// What has changed since a run: which results are of an earlier version of the workflow. Where a node lies does not count.
// [any thread]
#pragma once

#include "graph/registry.h"
#include "graph/workflow.h"
#include "runs/address.h"

namespace weft::runs {

/// The addresses of those nodes of `now` (instances, and nodes in them, too) that would get or do something else than in
/// `then`: what has changed, what was added, and all that depends on such. Seeds that are drawn anew for each run are no
/// change.
Addresses changed_nodes(const Workflow& then, const Workflow& now, const Registry& registry);

}  // namespace weft::runs
