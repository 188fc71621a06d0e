// Seeds: fixed, random or counting up, as a property of a seed param (in its node's `ui`). A job's seeds are drawn when it is
// queued, into its own copy of the workflow: what the user edits is never changed behind their back, and RunState says which
// seed was used. [any thread]
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <string>
#include <vector>

#include "graph/registry.h"
#include "graph/workflow.h"

namespace weft::runs {

enum class SeedMode : std::uint8_t { Fixed, Random, Increment };

SeedMode seed_mode(const GraphNode& node, std::string_view port);
/// The node's `ui` with this mode; other keys stay.
nlohmann::json with_seed_mode(const GraphNode& node, const std::string& port, SeedMode mode);

struct SeedUse {
  PortRef port;
  std::uint64_t seed = 0;
  SeedMode mode = SeedMode::Fixed;
  bool operator==(const SeedUse&) const = default;
};

/// Seeds that were used last, for counting up.
using LastSeeds = std::map<PortRef, std::uint64_t>;

/// Every seed param that takes no link: draws a new one where the mode says so, writes it into `workflow`,
/// and tells what each is. Counting up starts with the seed that stands there and goes on from `last`.
std::vector<SeedUse> draw_seeds(
    Workflow& workflow, const Registry& registry, const LastSeeds& last, const std::function<std::uint64_t()>& random);

}  // namespace weft::runs
