// What a caller may set from outside, by the names that `--set` takes: those of the workflow's interface, and `node.port`.
// [any thread]
#pragma once

#include <optional>
#include <string>

#include "graph/registry.h"
#include "graph/workflow.h"

namespace weft {

struct Settable {
  PortRef target;
  std::optional<PortInfo> port;  ///< nothing where the registry does not know the node
};

/// The port that `name` means. Throws GraphError naming what there is to set.
WEFT_EXPORT Settable find_settable(const Workflow& workflow, const Registry& registry, const std::string& name);

/// The text as the param's type says: numbers as JSON writes them, true or false, on or off, 1 or 0 for a bool, everything as
/// it stands for a string. Throws GraphError (node empty) for what the param does not take.
WEFT_EXPORT nlohmann::json literal_from_text(const PortInfo& port, const std::string& text);

}  // namespace weft
