// What a run leaves on stdout: a line `name: value` for each output that was wanted; several for text of
// several lines, such as the files of a batch.
#pragma once

#include <string>
#include <vector>

#include "graph/executor.h"
#include "graph/registry.h"
#include "graph/workflow.h"

namespace weft::cli {

/// Text, numbers and yes or no.
bool is_plain(const Value& value);

/// What a node that is wanted is called among the results: the interface's name for it, else its id.
std::string result_name(const Workflow& workflow, const std::string& node);

/// Names are those of the workflow's interface, or node.port where it has none. Text and numbers stand as
/// they are, everything else as what its type says of it (shape, range ...).
std::vector<std::string> result_lines(const Workflow& workflow, const Registry& registry,
    const std::vector<std::string>& wanted, const RunResult& result);

}  // namespace weft::cli
