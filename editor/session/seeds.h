// Gestures on seeds: how the runs of a document draw them (runs/seeds.h), and keeping one that was drawn. [main-thread]
#pragma once

#include <cstdint>
#include <string>

#include "editor/session/document.h"
#include "runs/seeds.h"

namespace weft::editor {

void set_seed_mode(Document& document, const std::string& node, const std::string& port, runs::SeedMode mode);
/// The document's seed becomes the one that was used, and is fixed; one step.
void keep_seed(Document& document, const std::string& node, const std::string& port, std::uint64_t seed);

}  // namespace weft::editor
