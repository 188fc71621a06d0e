// What differs between two workflows, told to a person who has to choose one.
#pragma once

#include <string>
#include <vector>

#include "graph/workflow.h"

namespace weft::editor {

/// One line a difference, nodes by their names, those of a definition as "name/node". What only places nodes is one
/// line. Empty if the workflows are equal.
std::vector<std::string> differences(const Workflow& here, const Workflow& in_file);

}  // namespace weft::editor
