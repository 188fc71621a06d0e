// One call of a node outside of any graph, and all that came of it: how the plugin checker tries nodes, and how a program
// uses one on values that it has.
#pragma once

#include <chrono>
#include <string>
#include <vector>

#include "graph/registry.h"

namespace weft {

/// What stands at each input and param, by port index; more than one value only at an input that takes many.
using NodeInputs = std::vector<std::vector<Value>>;

/// What the node is told beside its inputs.
struct NodeSurroundings {
  RunEnvironment environment = {};
  std::vector<Note> notes = {};  ///< of the nodes that the inputs come from
};

struct NodeOutcome {
  enum class End : std::uint8_t {
    Returned,
    Threw,  ///< a std::exception
    ThrewStrange,  ///< something else, which nobody can catch by name
    Cancelled,
  };
  End end = End::Returned;
  std::string error;
  std::vector<Value> outputs;  ///< by output index
  std::vector<std::string> warnings;
  int progress_calls = 0;
  bool progress_runs_wild = false;  ///< fell, or left 0 to total
  std::chrono::duration<double> time{};
};

/// Calls run() on this thread, on the CPU, with files below the current folder. With `cancel` the first
/// progress() throws Cancelled, as a run that the user stops.
NodeOutcome call_node(const Node& node, const NodeInputs& inputs, bool cancel = false);
/// The same in other surroundings.
WEFT_EXPORT NodeOutcome call_node(const Node& node, const NodeInputs& inputs, NodeSurroundings surroundings);

}  // namespace weft
