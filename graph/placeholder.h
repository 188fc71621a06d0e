// Placeholders: nodes whose type no plugin brings. A file may state the ports of such a node, as those of other programs do:
// [any thread]
//
//   "7": {"type": "comfyui.LoraLoader", "state": "bypassed", "inputs": {...},
//         "ports": {"inputs": [{"name": "model", "type": "model"}, ...], "outputs": [...]}}
//
// They stand among the node's unknown keys, so they stay in the file whoever reads it.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "graph/graph.h"

namespace weft {

struct StatedPort {
  std::string name;
  std::string type;  ///< a value type id; several with ',' between them; "any" or "" for every type
  bool operator==(const StatedPort&) const = default;
};

/// In the order in which the other program has them.
struct StatedPorts {
  std::vector<StatedPort> inputs, outputs;
  bool operator==(const StatedPorts&) const = default;
};

WEFT_EXPORT void state_ports(GraphNode& node, const StatedPorts& ports);

/// Nothing where the node states none. What is not of that shape is left out.
WEFT_EXPORT std::optional<StatedPorts> stated_ports(const GraphNode& node);

/// Whether a value of type `from` may stand for one of type `to`, as they are stated.
WEFT_EXPORT bool stated_types_fit(std::string_view from, std::string_view to);

}  // namespace weft
