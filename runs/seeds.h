// Seeds: fixed, random or counting up, as a property of a seed param in the document. A run draws its seeds
// when it is queued, into its own copy of the workflow: the document is never changed behind the user's back,
// and RunState tells which seed was used, which the user may then fix.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <string>
#include <vector>

#include "editor/session/document.h"

namespace weft::editor {

enum class SeedMode : std::uint8_t { Fixed, Random, Increment };

SeedMode seed_mode(const GraphNode& node, std::string_view port);
void set_seed_mode(Document& document, const std::string& node, const std::string& port, SeedMode mode);
/// The document's seed becomes the one that was used, and is fixed; one step.
void keep_seed(Document& document, const std::string& node, const std::string& port, std::uint64_t seed);

struct SeedUse {
  PortRef port;
  std::uint64_t seed = 0;
  SeedMode mode = SeedMode::Fixed;
  bool operator==(const SeedUse&) const = default;
};

/// Seeds that were used last, for counting up.
using LastSeeds = std::map<PortRef, std::uint64_t>;

/// Every seed param that takes no link: draws a new one where the mode says so, writes it into `workflow`,
/// and tells what each is. Counting up starts with the document's seed and goes on from `last`.
std::vector<SeedUse> draw_seeds(
    Workflow& workflow, const Registry& registry, const LastSeeds& last, const std::function<std::uint64_t()>& random);

}  // namespace weft::editor
