// What a run shows beside what it was asked for, at no cost.
#pragma once

#include <string>
#include <vector>

#include "editor/session/document.h"

namespace weft::editor {

/// The addresses of all nodes, those inside instances too.
Ids addresses(const Workflow& workflow);

/// Those of `watched` whose outputs come of a run of `wanted` without that anything more has to run: what
/// `wanted` needs, and the instances and bypassed nodes that stand for such nodes. Throws GraphError as
/// expand() does.
std::vector<std::string> seen_anyway(
    const Workflow& workflow, const Registry& registry, const std::vector<std::string>& wanted, const Ids& watched);

}  // namespace weft::editor
