// What keeps a workflow from running, as every program says it before a run and while one is edited.
#pragma once

#include <span>
#include <string>
#include <vector>

#include "graph/node.h"
#include "graph/registry.h"
#include "graph/workflow.h"

namespace weft::host {

/// All that validate() finds, and the files that are not there. Files are looked for where a run looks for them: in nodes
/// that run, also inside subgraphs (named by their paths), and not in muted ones. With `wanted`, what those need is judged;
/// empty: the whole file, and the files of default_results(). [any thread]
std::vector<Problem> problems_of_run(const Workflow& workflow, const Registry& registry,
    const RunEnvironment& environment, std::span<const std::string> wanted = {});

}  // namespace weft::host
