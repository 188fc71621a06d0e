#include "editor/session/seeds.h"

#include "editor/session/text.h"

namespace weft::editor {

void set_seed_mode(Document& document, const std::string& node, const std::string& port, runs::SeedMode mode) {
  document.apply(tr("Change seed mode"), {SetUi{node, runs::with_seed_mode(document.graph().node(node), port, mode)}});
}

void keep_seed(Document& document, const std::string& node, const std::string& port, std::uint64_t seed) {
  document.apply(tr("Keep seed"),
      {SetUi{node, runs::with_seed_mode(document.graph().node(node), port, runs::SeedMode::Fixed)},
          SetInput{node, port, Literal(seed)}});
}

}  // namespace weft::editor
