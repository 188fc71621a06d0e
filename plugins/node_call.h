// One call of a node outside of any graph, and all that came of it: how the plugin checker tries nodes.
#pragma once

#include <chrono>
#include <string>
#include <vector>

#include "graph/registry.h"

namespace weft {

/// What stands at each input and param, by port index; more than one value only at an input that takes many.
using NodeInputs = std::vector<std::vector<Value>>;

struct NodeOutcome {
  enum class End : std::uint8_t {
    Returned,
    Threw,         ///< a std::exception
    ThrewStrange,  ///< something else, which nobody can catch by name
    Cancelled,
  };
  End end = End::Returned;
  std::string error;
  std::vector<Value> outputs;  ///< by output index
  int progress_calls = 0;
  bool progress_runs_wild = false;  ///< fell, or left 0 to total
  std::chrono::duration<double> time{};
};

/// Calls run() on this thread, on the CPU, with files below the current folder. With `cancel` the first
/// progress() throws Cancelled, as a run that the user stops.
NodeOutcome call_node(const Node& node, const NodeInputs& inputs, bool cancel = false);

}  // namespace weft
