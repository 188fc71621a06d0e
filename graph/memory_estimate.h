// What a workflow's nodes will need in memory, as far as its literals tell: said before anything runs. The sizes of
// pictures come from params named width, height, batch and times, and go along the links between the nodes that say what
// they need a pixel (NodeOptions::bytes_per_pixel). What is not known before the run is not counted. [any thread]
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "base/error.h"
#include "graph/registry.h"

namespace weft {

class Graph;

/// Of `wanted` and what they need: the nodes that will hardly find the memory they need in `total` bytes, with the
/// estimate and a remedy. Warnings and no refusals, as the numbers are those of usual models. `graph` is expanded.
WEFT_EXPORT std::vector<Problem> memory_warnings(
    const Graph& graph, const Registry& registry, std::span<const std::string> wanted, std::uint64_t total);

}  // namespace weft
